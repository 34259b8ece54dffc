/** Sending a post as one form. XMLHttpRequest, since fetch does not say how much was sent. */

import { Problem, unreachable } from '../api/problem'
import { current } from '../api/token'
import type { Parcel } from './parcels'

export interface Created {
  postId: string
}

function formOf(parcel: Parcel): FormData {
  const form = new FormData()
  if (parcel.caption) form.append('caption', parcel.caption)
  if (parcel.place) form.append('location', JSON.stringify({ name: parcel.place }))
  form.append('audience', parcel.audience)
  form.append('media', JSON.stringify(parcel.parts.map((part) => part.look)))
  parcel.parts.forEach((part) => form.append('mediaFile', part.file, part.file.name))
  return form
}

/** Send it; `sent` hears the share (0 to 1) that is on its way.
 * @throws {Problem} refused; or `unreachable`, and it may be sent again under the same id. */
export async function send(parcel: Parcel, sent: (share: number) => void, signal: AbortSignal): Promise<Created> {
  const token = await current()
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/v1/posts')
    request.responseType = 'json'
    request.setRequestHeader('Authorization', `Bearer ${token}`)
    request.setRequestHeader('Idempotency-Key', parcel.id)
    request.upload.onprogress = ({ loaded, total }) => sent(total ? loaded / total : 0)
    request.onload = () => (request.status === 201 || request.status === 200 ? resolve(request.response as Created) : reject(refusal(request)))
    request.onerror = () => reject(unreachable())
    request.ontimeout = () => reject(unreachable())
    request.onabort = () => reject(new Problem('cancelled', ''))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(formOf(parcel))
  })
}

function refusal(request: XMLHttpRequest): Problem {
  const headers = { 'Retry-After': request.getResponseHeader('Retry-After') ?? '' }
  return Problem.from(new Response(null, { status: request.status || 503, headers }), request.response)
}
