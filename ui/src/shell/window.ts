/** Which rows of a long list are drawn: those in view, and some around them. */

export interface Slice {
  first: number
  /** One beyond the last that is drawn. */
  end: number
  /** Heights of what is not drawn above and below, in pixels. */
  above: number
  below: number
}

/** `top` is where the view begins, in pixels from the top of the list; `around` is drawn beyond it. */
export function slice(heights: readonly number[], top: number, view: number, around: number): Slice {
  let [first, above, at] = [0, 0, 0]
  while (first < heights.length - 1 && at + heights[first]! < top - around) {
    at += heights[first]!
    first += 1
  }
  above = at
  let end = first
  while (end < heights.length && (at < top + view + around || end === first)) {
    at += heights[end]!
    end += 1
  }
  let below = 0
  for (let index = end; index < heights.length; index++) below += heights[index]!
  return { first, end, above, below }
}
