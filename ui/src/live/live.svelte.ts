/** The live stream of what becomes of one's posts, for whoever wants to hear it. */

import { current } from '../api/token'
import { EventParser, type ServerEvent } from './events'

export interface LiveEvent {
  type: string
  postId?: string
  mediaId?: string
  status?: string
  reason?: string
  progress?: number
}

type Listener = (event: LiveEvent) => void

// Between two tries, doubled each time; a stream that ended in order is taken up at once.
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000

class Live {
  #listeners = new Set<Listener>()
  #lastId = ''
  #ended: AbortController | undefined

  /** Call `listener` with each event; what is returned ends that. */
  on(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Listen until stopped; a lost connection is taken up again where it was. */
  start(): void {
    this.#ended?.abort()
    const ended = new AbortController()
    this.#ended = ended
    void this.#run(ended.signal)
  }

  stop(): void {
    this.#ended?.abort()
    this.#lastId = ''
  }

  async #run(signal: AbortSignal): Promise<void> {
    let wait = FIRST_WAIT_MS
    while (!signal.aborted) {
      try {
        await this.#listen(signal)
        wait = FIRST_WAIT_MS
      } catch {
        wait = Math.min(LONGEST_WAIT_MS, wait * 2)
      }
      await pause(wait, signal)
    }
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { Authorization: `Bearer ${await current()}` }
    if (this.#lastId) headers['Last-Event-ID'] = this.#lastId
    const response = await fetch('/api/v1/stream', { headers, signal })
    if (!response.ok || !response.body) throw new Error(`stream: ${response.status}`)
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    const parser = new EventParser()
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      parser.push(piece.value).forEach((event) => this.#tell(event))
    }
  }

  #tell(event: ServerEvent): void {
    if (event.id) this.#lastId = event.id
    const told = { ...(JSON.parse(event.data) as object), type: event.type }
    this.#listeners.forEach((listener) => listener(told))
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

export const live = new Live()
