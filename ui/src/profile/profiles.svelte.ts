/** Profiles as they were seen last, so that the way back finds them as they were left. */

import { api, ask } from '../api/client'
import { Pages } from '../api/pages.svelte'
import type { Post, Profile } from '../api/types'
import { adoptAll } from '../post/posts.svelte'

const PAGE = 24
const KEPT = 30

export class ProfileView {
  profile = $state<Profile>()
  readonly pages: Pages<Post>

  constructor(readonly username: string) {
    this.pages = new Pages<Post>((cursor) => this.#read(cursor), (post) => post.postId)
  }

  async #read(cursor: string | undefined): Promise<{ items: Post[]; nextCursor?: string | undefined }> {
    const query = { limit: PAGE, ...(cursor && { cursor }) }
    const params = { path: { user: `@${this.username}` }, query }
    const page = await ask(api.GET('/api/v1/users/{user}/profile', { params }))
    // Later pages repeat the head; what was changed here meanwhile stands.
    if (!cursor) this.profile = page
    return { items: adoptAll(page.posts), nextCursor: page.nextCursor }
  }
}

const views = new Map<string, ProfileView>()

export function profileOf(username: string): ProfileView {
  const view = views.get(username) ?? new ProfileView(username)
  views.delete(username)
  views.set(username, view)
  if (views.size > KEPT) views.delete(views.keys().next().value!)
  return view
}
