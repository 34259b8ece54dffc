/** What went wrong, in a form that a screen can say in the reader's language. */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    /** Stable, from the server; or `unreachable`. */
    readonly code: string,
    readonly detail: string,
    readonly status = 0,
    /** The part of the input that is to blame. */
    readonly field = '',
    readonly retryAfterS = 0,
  ) {
    super(detail)
  }

  static from(response: Response, body: unknown): Problem {
    const told = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
    const text = (name: string): string => (typeof told[name] === 'string' ? told[name] : '')
    const wait = Number(response.headers.get('Retry-After')) || 0
    return new Problem(text('code') || 'unavailable', text('detail'), response.status, text('field'), wait)
  }
}

export const unreachable = (): Problem => new Problem('unreachable', 'The server does not answer.')

export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem('unavailable', String(error))
