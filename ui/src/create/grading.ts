/** A filter at a strength, from the server's numbers: the preview is the result (decision 017). */

import type { Filter } from '../api/types'

const between = (none: number, full: number, strength: number): number => none + strength * (full - none)
const text = (values: number[]): string => values.map((value) => +value.toFixed(5)).join(' ')

/** The 4 x 5 values of feColorMatrix; alpha stays. */
export function matrixAt(filter: Filter, strength: number): string {
  const rows = filter.matrix.map((row, at) => {
    const [red, green, blue, offset] = row.map((full, column) => between(column === at ? 1 : 0, full, strength))
    return text([red!, green!, blue!, 0, offset!])
  })
  return [...rows, '0 0 0 1 0'].join(' ')
}

/** The tableValues of a channel. */
export function curveAt(curve: number[], strength: number): string {
  return text(curve.map((full, at) => between(at / (curve.length - 1), full, strength)))
}

/** The vignette as a CSS background, over an opaque picture. */
export function vignetteOf({ vignette }: Filter): string {
  const stops = vignette.map(({ distance, darkness }) => `rgb(0 0 0 / ${darkness}) ${distance * 100}%`)
  return stops.length ? `radial-gradient(farthest-corner, ${stops.join(', ')})` : 'none'
}
