import { expect, it } from 'vitest'
import type { Filter } from '../src/api/types'
import { curveAt, matrixAt, vignetteOf } from '../src/create/grading'

const filter: Filter = {
  name: 'test',
  label: 'Test',
  matrix: [
    [0.5, 0.25, 0, 0.1],
    [0, 2, 0, 0],
    [0, 0, 1, 0],
  ],
  curves: { red: [0, 1, 0], green: [0, 0.5, 1], blue: [1, 0.5, 0] },
  vignette: [{ distance: 0.5, darkness: 0 }, { distance: 1, darkness: 0.4 }],
  svg: '',
}

it('does nothing at strength 0', () => {
  expect(matrixAt(filter, 0)).toBe('1 0 0 0 0 0 1 0 0 0 0 0 1 0 0 0 0 0 1 0')
  expect(curveAt(filter.curves.red, 0)).toBe('0 0.5 1')
})

it('is itself at strength 1, and half way between at a half', () => {
  expect(matrixAt(filter, 1)).toBe('0.5 0.25 0 0 0.1 0 2 0 0 0 0 0 1 0 0 0 0 0 1 0')
  expect(matrixAt(filter, 0.5)).toBe('0.75 0.125 0 0 0.05 0 1.5 0 0 0 0 0 1 0 0 0 0 0 1 0')
  expect(curveAt(filter.curves.blue, 0.5)).toBe('0.5 0.5 0.5')
})

it('darkens by the stops of its vignette', () => {
  expect(vignetteOf(filter)).toBe('radial-gradient(farthest-corner, rgb(0 0 0 / 0) 50%, rgb(0 0 0 / 0.4) 100%)')
  expect(vignetteOf({ ...filter, vignette: [] })).toBe('none')
})
