/** Which of a medium's renditions a browser is offered. */

import type { Medium } from '../api/types'

const WIDTHS = [150, 320, 640, 1080]

/** On a slow line, or to save data, nothing wider than this is asked for. */
const FRUGAL_WIDTH = 640

type Urls = Medium['urls']

/** A `srcset` of what there is; the widest name may stand for a narrower picture, which is never enlarged. */
export function sourceSet(urls: Urls, frugal: boolean): string {
  const widths = WIDTHS.filter((width) => urls[`w${width}`] && !(frugal && width > FRUGAL_WIDTH))
  return widths.map((width) => `${urls[`w${width}`]} ${width}w`).join(', ')
}

export const smallest = (urls: Urls): string => urls.w150 ?? ''
export const fallback = (urls: Urls): string => urls.w640 ?? urls.w320 ?? ''
export const film = (urls: Urls, frugal: boolean): string =>
  (frugal ? urls['480p.mp4'] : urls['720p.mp4']) ?? urls['720p.mp4'] ?? urls['480p.mp4'] ?? ''

/** Width to height of a frame in the feed: the picture's own, within what a screen holds. */
export function shapeOf(medium: Medium | undefined, tallest = 0.75, widest = 1.91): number {
  if (!medium?.width || !medium.height) return 1
  return Math.min(widest, Math.max(tallest, medium.width / medium.height))
}
