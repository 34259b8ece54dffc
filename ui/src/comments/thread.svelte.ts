/** The comments on a post, or the answers to one of them, newest first as the server pages them. */

import { api, ask } from '../api/client'
import { Pages } from '../api/pages.svelte'
import { asProblem } from '../api/problem'
import type { Comment } from '../api/types'
import { explain, notices } from '../shell/notices.svelte'

const PAGE = 20

export function thread(postId: string, replyTo?: string): Pages<Comment> {
  return new Pages<Comment>(
    async (cursor) => {
      const query = { limit: PAGE, ...(cursor && { cursor }), ...(replyTo && { replyTo }) }
      const params = { path: { post_id: postId }, query }
      const page = await ask(api.GET('/api/v1/posts/{post_id}/comments', { params }))
      return { items: page.comments, nextCursor: page.nextCursor }
    },
    (comment) => comment.commentId,
  )
}

/** @throws {Problem} it was not taken; what was written is still in the field. */
export function write(postId: string, text: string, replyTo?: string): Promise<Comment> {
  const body = { text, ...(replyTo && { replyTo }) }
  return ask(api.POST('/api/v1/posts/{post_id}/comments', { params: { path: { post_id: postId } }, body }))
}

const at = (comment: Comment) => ({ params: { path: { comment_id: comment.commentId } } })

export async function setCommentLiked(comment: Comment, liked: boolean): Promise<void> {
  show(comment, liked)
  try {
    const path = '/api/v1/comments/{comment_id}/like'
    const answer = await ask(liked ? api.POST(path, at(comment)) : api.DELETE(path, at(comment)))
    comment.likes = answer.likes
  } catch (error) {
    show(comment, !liked)
    notices.say(explain(asProblem(error)))
  }
}

function show(comment: Comment, liked: boolean): void {
  comment.viewer.liked = liked
  comment.likes = Math.max(0, comment.likes + (liked ? 1 : -1))
}

/** Whether it is gone. */
export async function deleteComment(comment: Comment): Promise<boolean> {
  try {
    await ask(api.DELETE('/api/v1/comments/{comment_id}', at(comment)))
    return true
  } catch (error) {
    notices.say(explain(asProblem(error)))
    return false
  }
}
