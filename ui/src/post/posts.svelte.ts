/** Every post that is shown, once: a like in the feed is a like on the profile. */

import { api, ask } from '../api/client'
import { asProblem } from '../api/problem'
import type { Post } from '../api/types'
import { t } from '../i18n/language.svelte'
import { outbox, unlessRefused, type Mark } from '../offline/outbox.svelte'
import { countTags } from './tags'
import { explain, notices } from '../shell/notices.svelte'

// About 2 kB each. Beyond it the longest unseen are let go; who still shows one keeps it.
const KEPT = 1_000
const known = new Map<string, Post>()

/** The one object that stands for this post, brought up to date. */
export function adopt(post: Post): Post {
  const present = known.get(post.postId)
  known.delete(post.postId)
  if (known.size >= KEPT) known.delete(known.keys().next().value!)
  if (present) Object.assign(present, post)
  const one = present ?? proxied(post)
  known.set(post.postId, one)
  return one
}

function proxied(post: Post): Post {
  const one = $state(post)
  return one
}

export const adoptAll = (posts: Post[]): Post[] => posts.map(adopt)
/** Tags of the posts that were seen. */
export const knownTags = (): string[] => countTags([...known.values()].map((post) => post.tags))
export const seen = (postId: string): Post | undefined => known.get(postId)

/** Shown at once; taken back if the server refuses, kept for later if it can not be reached. */
export async function setLiked(post: Post, liked: boolean): Promise<void> {
  if (post.viewer.liked === liked) return
  showLiked(post, liked)
  try {
    const answer = await sendLiked(post.postId, liked)
    if (post.viewer.liked === liked) post.likes = answer.likes
  } catch (error) {
    const problem = asProblem(error)
    if (problem.code === 'unreachable') return outbox.keep({ kind: 'like', postId: post.postId, on: liked })
    if (post.viewer.liked === liked) showLiked(post, !liked)
    notices.say(explain(problem))
  }
}

function showLiked(post: Post, liked: boolean): void {
  post.viewer.liked = liked
  post.likes = Math.max(0, post.likes + (liked ? 1 : -1))
}

export async function setSaved(post: Post, saved: boolean): Promise<void> {
  post.viewer.saved = saved
  try {
    await sendSaved(post.postId, saved)
  } catch (error) {
    const problem = asProblem(error)
    if (problem.code === 'unreachable') return outbox.keep({ kind: 'save', postId: post.postId, on: saved })
    post.viewer.saved = !saved
    notices.say(explain(problem))
  }
}

const path = (postId: string) => ({ params: { path: { post_id: postId } } })

const sendLiked = (postId: string, on: boolean): Promise<{ likes: number }> =>
  on
    ? ask(api.POST('/api/v1/posts/{post_id}/like', path(postId)))
    : ask(api.DELETE('/api/v1/posts/{post_id}/like', path(postId)))

const sendSaved = (postId: string, on: boolean): Promise<unknown> =>
  on
    ? ask(api.POST('/api/v1/posts/{post_id}/save', path(postId)))
    : ask(api.DELETE('/api/v1/posts/{post_id}/save', path(postId)))

const sendMark = ({ kind, postId, on }: Mark): Promise<unknown> =>
  kind === 'like' ? sendLiked(postId, on) : sendSaved(postId, on)

/** Send the likes and saves that waited for a connection. */
export const sendMarks = (): Promise<void> => outbox.flush(unlessRefused(sendMark))

/** Archive it, with a way back. `gone` and `back` keep the lists true that show it. */
export async function deletePost(post: Post, gone: () => void, back: () => void): Promise<void> {
  try {
    post.status = (await ask(api.DELETE('/api/v1/posts/{post_id}', path(post.postId)))).status
    gone()
    const label = t('app.undo')
    notices.say(t('post.deleted'), { label, run: () => void restorePost(post, back) })
  } catch (error) {
    notices.say(explain(asProblem(error)))
  }
}

async function restorePost(post: Post, back: () => void): Promise<void> {
  try {
    post.status = (await ask(api.POST('/api/v1/posts/{post_id}/restore', path(post.postId)))).status
    back()
  } catch (error) {
    notices.say(explain(asProblem(error)))
  }
}
