/** The feed, kept while one is elsewhere in the app, and its first page beyond that, for who is offline. */

import { api, ask } from '../api/client'
import { Pages } from '../api/pages.svelte'
import type { Order, Post } from '../api/types'
import { adopt, adoptAll } from '../post/posts.svelte'
import { recall, remember } from '../storage'

const PAGE = 12
/** How many posts are kept for reading offline: about 30 kB. */
const KEPT = 15

class Feed {
  order = $state<Order>(recall('order') === 'chronological' ? 'chronological' : 'ranked')
  pages = new Pages<Post>((cursor) => this.#read(cursor), (post) => post.postId)
  /** Newer posts than those shown. */
  fresh = $state(0)
  /** What is shown is from the last visit. */
  kept = $state(false)
  readonly heights = new Map<string, number>()
  #newest = ''

  /** Read it if it was not; what was kept is shown meanwhile. */
  async open(): Promise<void> {
    if (this.pages.ready && !this.kept) return
    const posts = readKept()
    if (posts.length && !this.pages.ready) {
      this.pages.show(adoptAll(posts))
      this.kept = true
    }
    await this.refresh()
  }

  async refresh(): Promise<void> {
    await this.pages.refresh()
    if (this.pages.problem) return
    this.fresh = 0
    this.kept = false
    this.#newest = newestOf(this.pages.items)
    remember('feed', JSON.stringify(this.pages.items.slice(0, KEPT)))
  }

  async choose(order: Order): Promise<void> {
    if (order === this.order) return
    this.order = order
    remember('order', order)
    await this.refresh()
  }

  /** Count what came since; nothing is moved under the reader's eyes. */
  async look(): Promise<void> {
    if (!this.pages.ready || this.kept || !this.#newest) return
    const query = { since: this.#newest }
    const newer = await ask(api.GET('/api/v1/feed/newer', { params: { query } })).catch(() => undefined)
    this.fresh = newer?.count ?? this.fresh
  }

  /** A post of one's own, at the top at once. */
  add(post: Post): void {
    if (!this.pages.ready) return
    this.pages.remove(post.postId)
    this.pages.items.unshift(adopt(post))
  }

  remove(postId: string): void {
    this.pages.remove(postId)
  }

  /** Somebody else is logged in now. */
  reset(): void {
    this.pages = new Pages<Post>((cursor) => this.#read(cursor), (post) => post.postId)
    this.heights.clear()
    this.fresh = 0
  }

  async #read(cursor: string | undefined): Promise<{ items: Post[]; nextCursor?: string | undefined }> {
    const query = { order: this.order, limit: PAGE, ...(cursor && { cursor }) }
    const page = await ask(api.GET('/api/v1/feed', { params: { query } }))
    return { items: adoptAll(page.posts), nextCursor: page.nextCursor }
  }
}

const newestOf = (posts: Post[]): string =>
  posts.reduce((newest, post) => (post.timestamp > newest ? post.timestamp : newest), '')

function readKept(): Post[] {
  try {
    return JSON.parse(recall('feed') || '[]') as Post[]
  } catch {
    return []
  }
}

export const feed = new Feed()
