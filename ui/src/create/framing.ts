/** Which part of a picture is shown: a shape, how near, and where its middle is. */

export const RATIOS = { original: undefined, square: 1, '4:5': 0.8, '1.91:1': 1.91 } as const
export type Shape = keyof typeof RATIOS

export interface Framing {
  shape: Shape
  /** 1 shows as much as the shape holds. */
  zoom: number
  /** The middle of what is shown, in shares of the turned picture. */
  x: number
  y: number
}

export interface Crop {
  x: number
  y: number
  width: number
  height: number
}

export const LARGEST_ZOOM = 4
export const WHOLE: Framing = { shape: 'original', zoom: 1, x: 0.5, y: 0.5 }

/** Width to height of what is shown of a picture that has `aspect`. */
export const ratioOf = (framing: Framing, aspect: number): number => RATIOS[framing.shape] ?? aspect

/** The part in shares of the turned picture, always within it. */
export function cropOf(framing: Framing, aspect: number): Crop {
  const ratio = ratioOf(framing, aspect)
  const width = Math.min(1, ratio / aspect) / framing.zoom
  const height = Math.min(1, aspect / ratio) / framing.zoom
  return { x: within(framing.x, width), y: within(framing.y, height), width, height }
}

const within = (middle: number, length: number): number => Math.min(1 - length, Math.max(0, middle - length / 2))

/** The framing with its middle where it can be; moved by shares of what is shown. */
export function moved(framing: Framing, aspect: number, right: number, down: number): Framing {
  const { width, height } = cropOf(framing, aspect)
  const x = within(framing.x + right * width, width) + width / 2
  const y = within(framing.y + down * height, height) + height / 2
  return { ...framing, x, y }
}

/** As the API takes it: by name where the name says it all. */
export function cropForServer(framing: Framing, aspect: number): Crop | Shape {
  const centred = framing.zoom === 1 && framing.x === 0.5 && framing.y === 0.5
  return centred ? framing.shape : cropOf(framing, aspect)
}
