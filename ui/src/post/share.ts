import type { Post } from '../api/types'
import { t } from '../i18n/language.svelte'
import { notices } from '../shell/notices.svelte'

export const linkTo = (post: Post): string => `${location.origin}/p/${post.postId}`

/** By the system's own sheet where there is one, else by a copied link. */
export async function share(post: Post): Promise<void> {
  const url = linkTo(post)
  const touch = matchMedia('(pointer: coarse)').matches
  if (touch && 'share' in navigator) {
    await navigator.share({ url, title: t('post.of', { name: post.author.username }) }).catch(() => {})
  } else {
    await copyLink(post)
  }
}

export async function copyLink(post: Post): Promise<void> {
  try {
    await navigator.clipboard.writeText(linkTo(post))
    notices.say(t('post.copied'))
  } catch {
    notices.say(linkTo(post))
  }
}
