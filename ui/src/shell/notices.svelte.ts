/** Short messages at the edge of the screen, with a way out where there is one; screen readers say them. */

import { type Problem } from '../api/problem'
import type { Key } from '../i18n/en'
import { en } from '../i18n/en'
import { t } from '../i18n/language.svelte'

export interface Notice {
  id: number
  text: string
  action?: { label: string; run: () => void } | undefined
}

const SHOWN_MS = 6_000
let last = 0

class Notices {
  list = $state.raw<Notice[]>([])

  say(text: string, action?: Notice['action']): void {
    const id = ++last
    // One at a time: a second message replaces the first, as people read only one.
    this.list = [{ id, text, action }]
    setTimeout(() => this.drop(id), SHOWN_MS)
  }

  drop(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id)
  }
}

export const notices = new Notices()

/** A problem in plain words. The server's own words, where there are none of ours. */
export function explain(problem: Problem): string {
  const key = `problem.${problem.code}`
  if (key in en) return t(key as Key, { n: Math.max(1, Math.ceil(problem.retryAfterS)) })
  return problem.detail || t('problem.unavailable')
}
