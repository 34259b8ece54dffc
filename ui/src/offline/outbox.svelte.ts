/** Likes and saves that wait for a connection. The last word on a post is the one that is sent. */

import { asProblem } from '../api/problem'
import { recall, remember } from '../storage'

export interface Mark {
  kind: 'like' | 'save'
  postId: string
  on: boolean
}

export type Send = (mark: Mark) => Promise<unknown>

const keyOf = (mark: Mark): string => `${mark.kind}:${mark.postId}`

class Outbox {
  #marks = new Map<string, Mark>(read().map((mark) => [keyOf(mark), mark]))
  #sending = false

  /** Remember it, over a restart of the browser too. */
  keep(mark: Mark): void {
    this.#marks.set(keyOf(mark), mark)
    this.#write()
  }

  /** Send all that waits. What the server refuses is dropped: its post may be gone. */
  async flush(send: Send): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      for (const [key, mark] of [...this.#marks]) {
        await send(mark)
        if (this.#marks.get(key) === mark) this.#marks.delete(key)
        this.#write()
      }
    } catch {
      // Still no connection: they wait on.
    } finally {
      this.#sending = false
    }
  }

  get size(): number {
    return this.#marks.size
  }

  #write(): void {
    remember('outbox', this.#marks.size ? JSON.stringify([...this.#marks.values()]) : '')
  }
}

function read(): Mark[] {
  try {
    return JSON.parse(recall('outbox') || '[]') as Mark[]
  } catch {
    return []
  }
}

/** `send`, which fails only where trying again later may help. */
export const unlessRefused =
  (send: Send): Send =>
  (mark) =>
    send(mark).catch((error: unknown) => {
      if (asProblem(error).code === 'unreachable') throw error
    })

export const outbox = new Outbox()
