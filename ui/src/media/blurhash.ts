/** Decoding BlurHash (https://github.com/woltapp/blurhash/blob/master/Algorithm.md): a few cosines that stand
 * for a photograph until it is there. */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~'

type Colour = [number, number, number]

const read = (text: string): number => [...text].reduce((value, digit) => value * 83 + DIGITS.indexOf(digit), 0)

const toLinear = (value: number): number => {
  const share = value / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}

const toSrgb = (share: number): number => {
  const value = Math.min(1, Math.max(0, share))
  return Math.round(255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055))
}

const signedSquare = (value: number): number => Math.sign(value) * value * value

function colours(hash: string, count: number): Colour[] {
  const mean = read(hash.slice(2, 6))
  const found: Colour[] = [[toLinear(mean >> 16), toLinear((mean >> 8) & 255), toLinear(mean & 255)]]
  const largest = (read(hash[1]!) + 1) / 166
  for (let index = 1; index < count; index++) {
    const value = read(hash.slice(4 + index * 2, 6 + index * 2))
    const parts = [Math.floor(value / 361), Math.floor(value / 19) % 19, value % 19]
    found.push(parts.map((part) => signedSquare((part - 9) / 9) * largest) as Colour)
  }
  return found
}

const cosines = (size: number, count: number): number[][] =>
  Array.from({ length: size }, (_, at) =>
    Array.from({ length: count }, (_, wave) => Math.cos((Math.PI * at * wave) / size)),
  )

/** RGBA pixels of a square of `size`; undefined if the hash is none. */
export function decode(hash: string, size: number): Uint8ClampedArray<ArrayBuffer> | undefined {
  const waves = read(hash[0] ?? '')
  const across = (waves % 9) + 1
  const down = Math.floor(waves / 9) + 1
  if (hash.length !== 4 + 2 * across * down) return undefined
  const parts = colours(hash, across * down)
  const [columns, rows] = [cosines(size, across), cosines(size, down)]
  const pixels = new Uint8ClampedArray(4 * size * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const sum: Colour = [0, 0, 0]
      parts.forEach((part, index) => {
        const weight = columns[x]![index % across]! * rows[y]![Math.floor(index / across)]!
        for (let channel = 0; channel < 3; channel++) sum[channel]! += part[channel]! * weight
      })
      pixels.set([...sum.map(toSrgb), 255], 4 * (y * size + x))
    }
  }
  return pixels
}
