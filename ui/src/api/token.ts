/** The access token. It lives in memory alone; what renews it is a cookie that no script can read. */

import { Problem, unreachable } from './problem'
import type { components } from './schema'

export type Grant = components['schemas']['GrantView']

/** Its presence proves that our own page asks: another origin can not send it without CORS. */
export const OWN_PAGE = { 'X-Calotype-CSRF': '1' }

// Renewed this long before its end, so that no request is on its way when it ends.
const MARGIN_MS = 30_000

let token = ''
let endsAt = 0
// Somebody is logged in, though the token may not be here yet.
let expected = false
let renewing: Promise<Grant> | undefined
let lost: () => void = () => {}

/** Call `then` when the session turns out to have ended. */
export function onLost(then: () => void): void {
  lost = then
}

/** Somebody was logged in when the app was last here. */
export function expectSession(): void {
  expected = true
}

export function keep(grant: Grant): void {
  expected = true
  token = grant.accessToken
  endsAt = Date.now() + grant.expiresIn * 1000
}

export function forget(): void {
  token = ''
  endsAt = 0
  expected = false
}

/** A new access token by the cookie; one request, however many ask at once.
 * @throws {Problem} 401: there is no session; unreachable: nobody knows. */
export function renew(): Promise<Grant> {
  renewing ??= requestRenewal().finally(() => (renewing = undefined))
  return renewing
}

async function requestRenewal(): Promise<Grant> {
  const response = await fetch('/api/v1/tokens/refresh', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...OWN_PAGE },
    body: '{}',
  }).catch(() => {
    throw unreachable()
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw Problem.from(response, body)
  keep(body as Grant)
  return body as Grant
}

/** A token that is good for a while yet; empty for a stranger.
 * @throws {Problem} unreachable: one is logged in, but there was no connection to prove it by. */
export async function current(): Promise<string> {
  if (expected && Date.now() > endsAt - MARGIN_MS) await renew().catch(endIfRefused)
  if (expected && !token) throw unreachable()
  return token
}

function endIfRefused(error: unknown): void {
  if (!(error instanceof Problem) || error.status !== 401) return
  forget()
  lost()
}

/** `fetch` with the token; once more with a new one if the server no longer takes it. */
export async function authorised(request: Request): Promise<Response> {
  const bearer = await current()
  if (!bearer) return fetch(request)
  const again = request.clone()
  const response = await send(request, bearer)
  if (response.status !== 401) return response
  await renew().catch(endIfRefused)
  return token ? send(again, token) : response
}

function send(request: Request, bearer: string): Promise<Response> {
  request.headers.set('Authorization', `Bearer ${bearer}`)
  return fetch(request)
}
