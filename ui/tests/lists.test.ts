import { describe, expect, it } from 'vitest'
import { EventParser } from '../src/live/events'
import { decode } from '../src/media/blurhash'
import { film, sourceSet } from '../src/media/renditions'
import { slice } from '../src/shell/window'

describe('a windowed list', () => {
  const heights = Array.from({ length: 500 }, (_, index) => 300 + (index % 7) * 50)
  const whole = heights.reduce((sum, height) => sum + height, 0)

  it.each([0, 1_000, 60_000, 1e9])('is as high as all of it, scrolled to %d', (top) => {
    const { first, end, above, below } = slice(heights, top, 800, 1_600)
    const drawn = heights.slice(first, end).reduce((sum, height) => sum + height, 0)
    expect(above + drawn + below).toBe(whole)
    expect(end).toBeGreaterThan(first)
    expect(end - first).toBeLessThan(20)
  })

  it('draws all that is in view', () => {
    const { first, end, above } = slice(heights, 60_000, 800, 0)
    expect(above).toBeLessThanOrEqual(60_000)
    expect(above + heights.slice(first, end).reduce((sum, height) => sum + height, 0)).toBeGreaterThanOrEqual(60_800)
  })

  it('draws nothing of nothing', () => {
    expect(slice([], 0, 800, 800)).toEqual({ first: 0, end: 0, above: 0, below: 0 })
  })
})

describe('the live stream', () => {
  it('is cut into events wherever it was cut into pieces', () => {
    const text = ': listening\n\nid: 7\nevent: post.published\ndata: {"postId":"1"}\n\nevent: progress\r\ndata: {}\r\n\r\n'
    for (let size = 1; size < text.length; size++) {
      const parser = new EventParser()
      const events = []
      for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)))
      expect(events).toEqual([
        { id: '7', type: 'post.published', data: '{"postId":"1"}' },
        { id: '', type: 'progress', data: '{}' },
      ])
    }
  })
})

describe('renditions', () => {
  const urls = { w150: '/a', w320: '/b', w640: '/c', w1080: '/d', '720p.mp4': '/e', '480p.mp4': '/f' }

  it('are offered up to what the line carries', () => {
    expect(sourceSet(urls, false)).toBe('/a 150w, /b 320w, /c 640w, /d 1080w')
    expect(sourceSet(urls, true)).toBe('/a 150w, /b 320w, /c 640w')
    expect(film(urls, true)).toBe('/f')
    expect(film({ '720p.mp4': '/e' }, true)).toBe('/e')
  })
})

describe('BlurHash', () => {
  it('decodes to the colours that the algorithm names', () => {
    // One wave: the mean colour and nothing else. 0xff8000 in base 83.
    const pixels = decode('00TSUA', 4)!
    expect([...pixels.slice(0, 4)]).toEqual([...pixels.slice(-4)])
    expect(pixels[3]).toBe(255)
  })

  it('refuses what is none', () => {
    expect(decode('', 4)).toBeUndefined()
    expect(decode('LEHV6nWB2yk8pyo0adR*.7kCMdn', 4)).toBeUndefined()
    expect(decode('LEHV6nWB2yk8pyo0adR*.7kCMdnj', 32)).toHaveLength(4 * 32 * 32)
  })
})
