/** The post that is being made; it is kept while one looks at another screen. */

import type { Audience, Filter } from '../api/types'
import { api, ask } from '../api/client'
import { t } from '../i18n/language.svelte'
import { notices } from '../shell/notices.svelte'
import { cropForServer, WHOLE, type Framing } from './framing'
import { previewOf, release, type Preview } from './pictures'

export const MOST = 10
const TURNS = [0, 90, 180, 270]

/** One photo or video of the post, and what is to be done to it. */
export class Exposure {
  readonly id = crypto.randomUUID()
  readonly film: boolean
  readonly filmUrl: string
  preview = $state.raw<Preview>()
  /** The browser was asked, and could not show it. */
  hidden = $state(false)
  framing = $state.raw<Framing>(WHOLE)
  turn = $state(0)
  filter = $state.raw<Filter>()
  strength = $state(1)
  altText = $state('')

  constructor(readonly file: File) {
    this.film = file.type.startsWith('video/')
    this.filmUrl = this.film ? URL.createObjectURL(file) : ''
    if (!this.film) void this.#look()
  }

  get aspect(): number {
    return this.preview?.aspect ?? 1
  }

  async turnOnce(): Promise<void> {
    this.turn = TURNS[(TURNS.indexOf(this.turn) + 1) % TURNS.length]!
    this.framing = { ...this.framing, zoom: 1, x: 0.5, y: 0.5 }
    await this.#look()
  }

  async #look(): Promise<void> {
    const turn = this.turn
    const next = await previewOf(this.file, turn)
    if (turn !== this.turn) return release(next)
    release(this.preview)
    this.preview = next
    this.hidden = next === undefined
  }

  forget(): void {
    release(this.preview)
    if (this.filmUrl) URL.revokeObjectURL(this.filmUrl)
  }

  /** What the API is told of it. */
  get look(): Record<string, unknown> {
    if (this.film) return { altText: this.altText.trim() }
    return {
      altText: this.altText.trim(),
      turn: this.turn,
      crop: this.hidden ? this.framing.shape : cropForServer(this.framing, this.aspect),
      ...(this.filter && { filter: this.filter.name, strength: this.strength }),
    }
  }
}

class Draft {
  exposures = $state.raw<Exposure[]>([])
  selected = $state(0)
  caption = $state('')
  place = $state('')
  audience = $state<Audience>('everyone')

  get current(): Exposure | undefined {
    return this.exposures[this.selected]
  }

  add(files: Iterable<File>): void {
    const readable = [...files].filter((file) => {
      // A HEIC file often comes without a type; the server looks at its bytes.
      const media = /^(image|video)\//.test(file.type) || /\.(heic|heif|avif|mov)$/i.test(file.name)
      if (!media) notices.say(t('create.wrongtype', { name: file.name }))
      return media
    })
    const room = MOST - this.exposures.length
    if (readable.length > room) notices.say(t('create.toomany', { n: MOST }))
    const added = readable.slice(0, room).map((file) => new Exposure(file))
    if (!added.length) return
    this.selected = this.exposures.length
    this.exposures = [...this.exposures, ...added]
  }

  remove(exposure: Exposure): void {
    exposure.forget()
    this.exposures = this.exposures.filter((other) => other !== exposure)
    this.selected = Math.max(0, Math.min(this.selected, this.exposures.length - 1))
  }

  /** Move the selected one among the others. */
  move(by: number): void {
    const to = this.selected + by
    const order = [...this.exposures]
    const [one] = order.splice(this.selected, 1)
    if (!one || to < 0 || to > order.length) return
    order.splice(to, 0, one)
    this.exposures = order
    this.selected = to
  }

  clear(): void {
    this.exposures.forEach((exposure) => exposure.forget())
    this.exposures = []
    this.selected = 0
    this.caption = ''
    this.place = ''
  }
}

export const draft = new Draft()

let loading: Promise<Filter[]> | undefined

/** The server's filters, asked for once. */
export function filters(): Promise<Filter[]> {
  loading ??= ask(api.GET('/api/v1/filters')).then(
    (found) => found.filters,
    (error: unknown) => {
      loading = undefined
      throw error
    },
  )
  return loading
}
