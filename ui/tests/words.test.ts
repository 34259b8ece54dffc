import { expect, it } from 'vitest'
import { de } from '../src/i18n/de'
import { en, type Forms, type Key } from '../src/i18n/en'
import { complete, unfinished } from '../src/create/completion'
import { pieces } from '../src/post/caption'
import { countTags } from '../src/post/tags'

const forms = (message: string | Forms): string[] => (typeof message === 'string' ? [message] : [message.one, message.other])
const names = (message: string | Forms): string[] =>
  [...new Set(forms(message).flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort()

it.each(Object.keys(en) as Key[])('%s says the same in both languages', (key) => {
  expect(names(de[key])).toEqual(names(en[key]))
  expect(forms(de[key]).every((form) => form.length > 0)).toBe(true)
})

it('makes links of mentions, and of nothing else', () => {
  expect(pieces('With @ada.b, not a@b.c <b>@ben</b>')).toEqual([
    { text: 'With ' },
    { text: '@ada.b', username: 'ada.b' },
    { text: ', not a@b.c <b>' },
    { text: '@ben', username: 'ben' },
    { text: '</b>' },
  ])
})

it.each([
  ['hello @ad', 9, { sign: '@', begun: 'ad', start: 6 }],
  ['#li', 3, { sign: '#', begun: 'li', start: 0 }],
  ['mail a@b', 8, undefined],
  ['@ada done', 9, undefined],
] as const)('knows what is begun in %j', (text, caret, expected) => {
  expect(unfinished(text, caret)).toEqual(expected)
})

it('finishes a name where it was begun', () => {
  expect(complete('by @ad, today', 6, { sign: '@', begun: 'ad', start: 3 }, 'ada')).toEqual(['by @ada , today', 8])
})

it('offers the tags that are used most first', () => {
  expect(countTags([['sea'], ['light', 'sea'], ['light'], ['sea']])).toEqual(['sea', 'light'])
})
