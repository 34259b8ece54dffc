/** Small copies of what was picked, upright, to edit on: a photo of 12 megapixels is too heavy to filter live. */

// As wide as the widest rendition.
const SIDE_PX = 1080
const THUMB_PX = 120

export interface Preview {
  url: string
  thumb: string
  aspect: number
}

/** Undefined if the browser can not read it, as is the case with HEIC in most. */
export async function previewOf(file: File, turn: number): Promise<Preview | undefined> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' })
    const large = draw(bitmap, turn, SIDE_PX)
    const small = draw(bitmap, turn, THUMB_PX)
    bitmap.close()
    return { url: await urlOf(large), thumb: await urlOf(small), aspect: large.width / large.height }
  } catch {
    return undefined
  }
}

export function release(preview: Preview | undefined): void {
  if (!preview) return
  URL.revokeObjectURL(preview.url)
  URL.revokeObjectURL(preview.thumb)
}

function draw(bitmap: ImageBitmap, turn: number, side: number): HTMLCanvasElement {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
  const [width, height] = [bitmap.width * scale, bitmap.height * scale].map(Math.round) as [number, number]
  const lying = turn % 180 !== 0
  const canvas = document.createElement('canvas')
  canvas.width = lying ? height : width
  canvas.height = lying ? width : height
  const context = canvas.getContext('2d')!
  context.translate(canvas.width / 2, canvas.height / 2)
  context.rotate((turn * Math.PI) / 180)
  context.drawImage(bitmap, -width / 2, -height / 2, width, height)
  return canvas
}

const urlOf = (canvas: HTMLCanvasElement): Promise<string> =>
  new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(URL.createObjectURL(blob)) : reject(new Error('no blob'))), 'image/webp', 0.9)
  })
