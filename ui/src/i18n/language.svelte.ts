/** The words, numbers and dates of the chosen language. */

import { en, type Key, type Messages } from './en'
import { recall, remember } from '../storage'

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const isLanguage = (code: string | undefined): code is Language => code !== undefined && code in LANGUAGES

/** What was chosen, or else the first of the browser's languages that there is. */
export function preferred(chosen: string, wanted: readonly string[]): Language {
  const codes = [chosen, ...wanted.map((tag) => tag.split('-')[0])]
  return codes.find(isLanguage) ?? 'en'
}

let messages = $state.raw<Messages>(en)
let language = $state.raw<Language>('en')
// The language as one's region writes numbers and dates.
let region = $state.raw('en')

export async function speak(wanted: Language): Promise<void> {
  messages = wanted === 'de' ? (await import('./de')).de : en
  language = wanted
  region = navigator.languages.find((tag) => tag.split('-')[0] === wanted) ?? wanted
  document.documentElement.lang = wanted
}

export async function choose(wanted: Language): Promise<void> {
  remember('language', wanted)
  await speak(wanted)
}

export const startLanguage = (): Promise<void> => speak(preferred(recall('language'), navigator.languages))

export const spoken = (): Language => language
export const spokenHere = (): string => region

export type Values = Record<string, string | number>

/** The message, with its form chosen by `n` and its `{names}` filled in. */
export function t(key: Key, values: Values = {}): string {
  return fill(messages[key], region, values)
}

export function fill(message: Messages[Key], tag: string, values: Values): string {
  const form = typeof message === 'string' ? message : message[formFor(tag, Number(values.n))]
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    return value === undefined ? whole : typeof value === 'number' ? shortNumber(value, tag) : value
  })
}

const formFor = (tag: string, n: number): 'one' | 'other' =>
  new Intl.PluralRules(tag).select(n) === 'one' ? 'one' : 'other'

const shortNumber = (n: number, tag: string): string =>
  new Intl.NumberFormat(tag, n >= 10_000 ? { notation: 'compact' } : {}).format(n)

export const number = (n: number): string => shortNumber(n, region)

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
]

/** How long ago, for a week; the day, for what is older. */
export function ago(time: string, now = Date.now(), tag: string = region): string {
  let distance = (Date.parse(time) - now) / 1000
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) < size) {
      return new Intl.RelativeTimeFormat(tag, { numeric: 'auto', style: 'short' }).format(Math.round(distance), unit)
    }
    distance /= size
  }
  return day(time, tag)
}

export const day = (time: string, tag: string = region): string =>
  new Intl.DateTimeFormat(tag, { dateStyle: 'medium' }).format(new Date(time))

export const moment = (time: string): string =>
  new Intl.DateTimeFormat(region, { dateStyle: 'full', timeStyle: 'short' }).format(new Date(time))

export function bytes(n: number, tag: string = region): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const step = n > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(n) / 3)) : 0
  const format = { style: 'unit', unit: units[step]!, unitDisplay: 'short', maximumFractionDigits: step ? 1 : 0 } as const
  return new Intl.NumberFormat(tag, format).format(n / 1000 ** step)
}
