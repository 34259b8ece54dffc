/** A list that is read page by page, by the server's opaque cursors. */

import { asProblem, type Problem } from './problem'

export interface Page<Item> {
  items: Item[]
  nextCursor?: string | undefined
}

export type Read<Item> = (cursor: string | undefined) => Promise<Page<Item>>

export class Pages<Item> {
  items = $state<Item[]>([])
  loading = $state(false)
  /** There is no more to read. */
  done = $state(false)
  problem = $state<Problem>()
  /** At least one page was read. */
  ready = $state(false)
  #cursor: string | undefined
  #round = 0

  constructor(
    private readonly read: Read<Item>,
    private readonly keyOf: (item: Item) => string,
  ) {}

  /** The next page; nothing while one is on its way or after the last. */
  async more(): Promise<void> {
    if (this.loading || this.done) return
    await this.#load(this.#cursor, (page) => {
      const known = new Set(this.items.map(this.keyOf))
      this.items.push(...page.items.filter((item) => !known.has(this.keyOf(item))))
    })
  }

  /** The first page anew; what is shown stays until it is there. */
  async refresh(): Promise<void> {
    await this.#load(undefined, (page) => {
      this.items = page.items
    })
  }

  /** Show a page that was kept from before, while the first one is on its way. */
  show(items: Item[]): void {
    this.items = items
    this.ready = true
  }

  remove(key: string): void {
    this.items = this.items.filter((item) => this.keyOf(item) !== key)
  }

  async #load(cursor: string | undefined, take: (page: Page<Item>) => void): Promise<void> {
    const round = ++this.#round
    this.loading = true
    this.problem = undefined
    try {
      const page = await this.read(cursor)
      if (round !== this.#round) return
      take(page)
      this.#cursor = page.nextCursor
      this.done = page.nextCursor === undefined
      this.ready = true
    } catch (error) {
      if (round === this.#round) this.problem = asProblem(error)
    } finally {
      if (round === this.#round) this.loading = false
    }
  }
}
