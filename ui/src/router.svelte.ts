/** Which screen an address shows, and what the back button finds: the same place, scrolled as it was. */

import { tick, type Component } from 'svelte'
import Feed from './feed/Feed.svelte'

export type Parameters = Record<string, string>
type Screen = Component<Parameters>

interface Route {
  pattern: RegExp
  load: () => Promise<{ default: Component<never> }>
  /** Shown to strangers too. */
  open?: boolean
}

const routes: Route[] = [
  { pattern: /^\/$/, load: () => Promise.resolve({ default: Feed }) },
  { pattern: /^\/login$/, load: () => import('./account/LogIn.svelte'), open: true },
  { pattern: /^\/signup$/, load: () => import('./account/SignUp.svelte'), open: true },
  { pattern: /^\/explore$/, load: () => import('./explore/Explore.svelte') },
  { pattern: /^\/create$/, load: () => import('./create/Create.svelte') },
  { pattern: /^\/notifications$/, load: () => import('./notifications/Notifications.svelte') },
  { pattern: /^\/saved$/, load: () => import('./profile/Saved.svelte') },
  { pattern: /^\/settings$/, load: () => import('./settings/Settings.svelte') },
  { pattern: /^\/owner$/, load: () => import('./owner/Owner.svelte') },
  { pattern: /^\/p\/(?<postId>\d+)$/, load: () => import('./post/PostPage.svelte'), open: true },
  { pattern: /^\/p\/(?<postId>\d+)\/edit$/, load: () => import('./post/EditPost.svelte') },
  { pattern: /^\/p\/(?<postId>\d+)\/likes$/, load: () => import('./people/Likes.svelte'), open: true },
  { pattern: /^\/@(?<username>[^/]+)$/, load: () => import('./profile/ProfilePage.svelte'), open: true },
  {
    pattern: /^\/@(?<username>[^/]+)\/(?<list>followers|following)$/,
    load: () => import('./people/Follows.svelte'),
    open: true,
  },
]
const missing: Route = { pattern: /./, load: () => import('./shell/Missing.svelte'), open: true }

export interface Place {
  path: string
  /** One for each entry of the browser's history. */
  key: string
  parameters: Parameters
  open: boolean
  screen: Screen | undefined
  failed: boolean
}

const scrolls = new Map<string, number>()

function find(path: string): { route: Route; parameters: Parameters } {
  for (const route of routes) {
    const match = route.pattern.exec(path)
    if (match) return { route, parameters: decoded(match.groups ?? {}) }
  }
  return { route: missing, parameters: {} }
}

const decoded = (groups: Parameters): Parameters =>
  Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]))

class Router {
  place = $state.raw<Place>({ path: '', key: '', parameters: {}, open: true, screen: undefined, failed: false })
  /** How often one went forward within the app: whether there is a way back inside it. */
  depth = 0

  start(): void {
    history.scrollRestoration = 'manual'
    addEventListener('popstate', () => {
      this.#leave()
      this.depth = Math.max(0, this.depth - 1)
      void this.#show(keyOf(history.state))
    })
    addEventListener('click', (event) => this.#follow(event))
    void this.#show(keyOf(history.state))
  }

  go(path: string): void {
    if (path === location.pathname + location.search) return scrollTo({ top: 0, behavior: 'smooth' })
    this.#leave()
    this.depth += 1
    const key = crypto.randomUUID()
    history.pushState({ key }, '', path)
    void this.#show(key)
  }

  /** Go there instead: the place one is at is no place to come back to. */
  replace(path: string): void {
    const key = crypto.randomUUID()
    history.replaceState({ key }, '', path)
    void this.#show(key)
  }

  back(otherwise = '/'): void {
    if (this.depth > 0) history.back()
    else this.replace(otherwise)
  }

  #leave(): void {
    scrolls.set(this.place.key, scrollY)
  }

  async #show(key: string): Promise<void> {
    const path = location.pathname
    const { route, parameters } = find(path)
    const base = { path, key, parameters, open: route.open ?? false }
    try {
      const screen = (await route.load()).default as unknown as Screen
      if (location.pathname !== path) return
      this.place = { ...base, screen, failed: false }
    } catch {
      this.place = { ...base, screen: undefined, failed: true }
    }
    await tick()
    scrollTo({ top: scrolls.get(key) ?? 0, behavior: 'instant' })
    if (!document.querySelector('dialog[open]')) focusHeading()
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return
    const link = (event.target as Element | null)?.closest?.('a[href]')
    if (!(link instanceof HTMLAnchorElement) || link.target || link.download) return
    if (link.origin !== location.origin || /^\/(api|schema|media|setup)\b/.test(link.pathname)) return
    event.preventDefault()
    this.go(link.pathname + link.search)
  }
}

const keyOf = (state: unknown): string => {
  const key = (state as { key?: string } | null)?.key
  if (key) return key
  const fresh = crypto.randomUUID()
  history.replaceState({ key: fresh }, '')
  return fresh
}

/** A screen reader says where one has come to; the keyboard goes on from there. */
function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true })
}

export const router = new Router()
