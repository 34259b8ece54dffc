/** Posts on their way. They go on while one looks at other screens, and after the browser was closed. */

import { session } from '../account/session.svelte'
import { api, ask } from '../api/client'
import { asProblem, type Problem } from '../api/problem'
import { feed } from '../feed/feed.svelte'
import { live, type LiveEvent } from '../live/live.svelte'
import { adopt } from '../post/posts.svelte'
import { drop, keep, kept, type Parcel } from './parcels'
import { send } from './send'

export type Stage = 'waiting' | 'sending' | 'processing' | 'published' | 'failed'

// A lost connection is tried again by itself; sooner when the browser says that it is back.
const AGAIN_MS = 15_000
// The stream tells at once; this is for when it is cut.
const LOOK_MS = 5_000
const DONE_MS = 6_000

export class Upload {
  stage = $state<Stage>('waiting')
  /** Of the sending, then of making a video; 0 to 1. */
  share = $state(0)
  making = $state(false)
  problem = $state.raw<Problem>()
  reason = $state('')
  postId = $state('')
  readonly thumb: string
  #abort = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(readonly parcel: Parcel) {
    const first = parcel.parts[0]?.file
    this.thumb = first?.type.startsWith('image/') ? URL.createObjectURL(first) : ''
  }

  async send(): Promise<void> {
    if (this.stage === 'sending' || this.stage === 'processing') return
    this.stage = 'sending'
    this.problem = undefined
    this.#abort = new AbortController()
    try {
      const created = await send(this.parcel, (share) => (this.share = share), this.#abort.signal)
      this.postId = created.postId
      this.stage = 'processing'
      void drop(this.parcel.id)
      await this.look()
    } catch (error) {
      this.#fail(asProblem(error))
    }
  }

  #fail(problem: Problem): void {
    if (problem.code === 'cancelled') return
    const lost = problem.code === 'unreachable' || problem.code === 'in_flight' || problem.status >= 500
    this.stage = lost ? 'waiting' : 'failed'
    this.problem = problem
    if (lost) this.#timer = setTimeout(() => void this.send(), AGAIN_MS)
  }

  /** Ask how far it is. */
  async look(): Promise<void> {
    clearTimeout(this.#timer)
    const at = { params: { path: { post_id: this.postId } } }
    const post = await ask(api.GET('/api/v1/posts/{post_id}', at)).catch(() => undefined)
    if (post) {
      feed.add(adopt(post))
      this.reason = post.reason ?? ''
      if (post.status === 'PUBLISHED') this.#finish()
      else if (post.status !== 'PROCESSING') this.stage = 'failed'
    }
    if (this.stage === 'processing') this.#timer = setTimeout(() => void this.look(), LOOK_MS)
  }

  hear(event: LiveEvent): void {
    if (event.progress === undefined) return void this.look()
    this.making = true
    this.share = event.progress / 100
  }

  #finish(): void {
    this.stage = 'published'
    setTimeout(() => uploads.dismiss(this), DONE_MS)
  }

  async cancel(): Promise<void> {
    clearTimeout(this.#timer)
    this.#abort.abort()
    await drop(this.parcel.id)
    if (this.postId) {
      const at = { params: { path: { post_id: this.postId } } }
      await ask(api.DELETE('/api/v1/posts/{post_id}', at)).catch(() => undefined)
      feed.remove(this.postId)
    }
  }

  release(): void {
    clearTimeout(this.#timer)
    if (this.thumb) URL.revokeObjectURL(this.thumb)
  }
}

class Uploads {
  list = $state.raw<Upload[]>([])

  /** Take up what was left over, and listen. What is returned ends that. */
  start(): () => void {
    void this.#resume()
    const resend = () => this.list.filter((upload) => upload.stage === 'waiting').forEach((upload) => void upload.send())
    addEventListener('online', resend)
    const silence = live.on((event) => {
      if (event.type === 'notification') return
      this.list.find((upload) => upload.postId && upload.postId === event.postId)?.hear(event)
    })
    return () => {
      removeEventListener('online', resend)
      silence()
    }
  }

  async add(post: Omit<Parcel, 'id' | 'userId'>): Promise<void> {
    const parcel = { ...post, id: crypto.randomUUID(), userId: session.me!.userId }
    const upload = new Upload(parcel)
    this.list = [...this.list, upload]
    await keep(parcel)
    await upload.send()
  }

  async cancel(upload: Upload): Promise<void> {
    this.dismiss(upload)
    await upload.cancel()
  }

  dismiss(upload: Upload): void {
    this.list = this.list.filter((other) => other !== upload)
    upload.release()
  }

  async #resume(): Promise<void> {
    const here = new Set(this.list.map((upload) => upload.parcel.id))
    const left = (await kept()).filter(({ id, userId }) => userId === session.me?.userId && !here.has(id))
    const found = left.map((parcel) => new Upload(parcel))
    this.list = [...this.list, ...found]
    found.forEach((upload) => void upload.send())
  }
}

export const uploads = new Uploads()
