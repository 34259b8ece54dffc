/** Who is logged in. */

import { api, ask } from '../api/client'
import { asProblem, Problem } from '../api/problem'
import { expectSession, forget, keep, onLost, OWN_PAGE, renew, type Grant } from '../api/token'
import type { Me } from '../api/types'
import { recall, remember } from '../storage'

type Known = Pick<Me, 'userId' | 'username' | 'name' | 'role'> & { avatar?: string | undefined }

export interface Registration {
  username: string
  password: string
  name: string
  invitation: string
}

class Session {
  me = $state.raw<Known>()

  /** Take up the session of the cookie. Whoever was here last sees the shell meanwhile, and without a
   * connection may read on. */
  async start(): Promise<void> {
    onLost(() => this.#end())
    this.me = this.#remembered()
    if (!this.me) return // Nobody was here, so there is no cookie to ask about.
    expectSession()
    try {
      const grant = await renew()
      this.#become(this.#remembered(grant) ?? provisional(grant))
      void this.refresh()
    } catch (error) {
      if (asProblem(error).status === 401) this.#end()
    }
  }

  async logIn(username: string, password: string): Promise<void> {
    const body = { username, password, session: 'cookie' as const }
    await this.#enter(await ask(api.POST('/api/v1/tokens', { body, headers: OWN_PAGE })))
  }

  async signUp(who: Registration): Promise<void> {
    const { invitation, ...rest } = who
    const body = { ...rest, ...(invitation && { invitation }), session: 'cookie' as const }
    await this.#enter(await ask(api.POST('/api/v1/accounts', { body, headers: OWN_PAGE })))
  }

  /** End the session here; the cookie goes even if the server is away, with its next answer. */
  async logOut(): Promise<void> {
    await fetch('/api/v1/tokens/revoke', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...OWN_PAGE },
      body: '{}',
    }).catch(() => {
      throw new Problem('unreachable', '')
    })
    this.#end()
  }

  async refresh(): Promise<Me | undefined> {
    try {
      const me = await ask(api.GET('/api/v1/users/me'))
      this.#become(me)
      return me
    } catch {
      return undefined // What is remembered is shown on.
    }
  }

  /** Show what was changed in the settings. */
  update(me: Me): void {
    this.#become(me)
  }

  /** The account is gone. */
  leave(): void {
    this.#end()
  }

  async #enter(grant: Grant): Promise<void> {
    keep(grant)
    this.#become(provisional(grant))
    await this.refresh()
  }

  #become(me: Known): void {
    const { userId, username, name, role, avatar } = me
    this.me = { userId, username, name, role, avatar }
    remember('me', JSON.stringify(this.me))
  }

  #end(): void {
    forget()
    this.me = undefined
    remember('me', '')
    remember('feed', '')
    remember('outbox', '')
    void globalThis.caches?.delete('photos')
  }

  #remembered(grant?: Grant): Known | undefined {
    const kept = recall('me')
    if (!kept) return undefined
    const known = JSON.parse(kept) as Known
    return !grant || known.userId === grant.userId ? known : undefined
  }
}

const provisional = ({ userId, username }: Grant): Known => ({ userId, username, name: '', role: 'member' })

export const session = new Session()
