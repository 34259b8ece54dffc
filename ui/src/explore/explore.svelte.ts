/** What was looked for and shown last, kept for the way back. */

import { api, ask } from '../api/client'
import { Pages } from '../api/pages.svelte'
import type { Post } from '../api/types'
import { adoptAll } from '../post/posts.svelte'

const PAGE = 24

class Explore {
  query = $state('')
  readonly pages = new Pages<Post>(
    async (cursor) => {
      const query = { limit: PAGE, ...(cursor && { cursor }) }
      const page = await ask(api.GET('/api/v1/explore', { params: { query } }))
      return { items: adoptAll(page.posts), nextCursor: page.nextCursor }
    },
    (post) => post.postId,
  )
}

export const explore = new Explore()
