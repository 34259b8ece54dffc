import { describe, expect, it } from 'vitest'
import { cropForServer, cropOf, moved, WHOLE, type Framing, type Shape } from '../src/create/framing'

const shapes: Shape[] = ['original', 'square', '4:5', '1.91:1']

describe('a crop', () => {
  it.each(shapes)('of %s has its shape and lies within the picture', (shape) => {
    for (const aspect of [0.5, 0.8, 1, 1.5, 3]) {
      for (const [x, y, zoom] of [[0, 0, 1], [1, 1, 2.5], [0.5, 0.2, 4]] as const) {
        const crop = cropOf({ shape, zoom, x, y }, aspect)
        const ratio = { original: aspect, square: 1, '4:5': 0.8, '1.91:1': 1.91 }[shape]
        expect((crop.width / crop.height) * aspect).toBeCloseTo(ratio, 6)
        expect(crop.x).toBeGreaterThanOrEqual(0)
        expect(crop.y).toBeGreaterThanOrEqual(0)
        expect(crop.x + crop.width).toBeLessThanOrEqual(1 + 1e-9)
        expect(crop.y + crop.height).toBeLessThanOrEqual(1 + 1e-9)
      }
    }
  })

  it('is told by name where the name says it all, and in numbers where it was moved', () => {
    const square: Framing = { ...WHOLE, shape: 'square' }
    expect(cropForServer(square, 1.5)).toBe('square')
    expect(cropForServer(moved(square, 1.5, -10, 0), 1.5)).toEqual({ x: 0, y: 0, width: 1 / 1.5, height: 1 })
  })

  it('stops at the edge, and turns back from it at once', () => {
    const far = moved({ ...WHOLE, shape: 'square' }, 2, 50, 0)
    expect(cropOf(far, 2).x).toBeCloseTo(0.5)
    expect(cropOf(moved(far, 2, -0.5, 0), 2).x).toBeCloseTo(0.25)
  })
})
