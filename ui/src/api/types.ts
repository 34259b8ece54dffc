/** Short names for what the server shows. */

import type { components } from './schema'

type Views = components['schemas']

export type Post = Views['PostView']
export type Medium = Views['MediumView']
export type Author = Views['AuthorView']
export type Profile = Views['ProfileView']
export type Person = Views['PersonView']
export type FoundPerson = Views['FoundView']
export type SuggestedPerson = Views['SuggestionView']
export type Me = Views['MeView']
export type SessionInfo = Views['SessionView']
export type Order = Views['Order']
export type Audience = Views['Audience']
export type Filter = Views['FilterView']
export type Status = Views['Status']
export type Place = Views['Place']
export type Overview = Views['OverviewView']
export type DeadLetter = Views['DeadLetterView']
export type Comment = Views['CommentView']
export type Notification = Views['NotificationView']
