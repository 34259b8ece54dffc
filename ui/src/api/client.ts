/** The typed client: every path, parameter and answer is checked against the server's schema. */

import createClient from 'openapi-fetch'
import { Problem, unreachable } from './problem'
import type { paths } from './schema'
import { authorised } from './token'

export const api = createClient<paths>({ baseUrl: '', fetch: authorised })

interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/** The data of an answer.
 * @throws {Problem} the server refused, or could not be reached. */
export async function ask<Data>(asked: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  const answer = await heard(asked)
  if (answer.response.ok) return answer.data as NonNullable<Data>
  throw Problem.from(answer.response, answer.error)
}

async function heard<Data>(asked: Promise<Answer<Data>>): Promise<Answer<Data>> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Problem) throw error
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw unreachable()
  }
}
