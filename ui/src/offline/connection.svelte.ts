/** Whether there is a connection, and what it is like. */

import { recall, remember } from '../storage'

interface NetworkInformation {
  saveData?: boolean
  effectiveType?: string
  addEventListener?: (type: 'change', then: () => void) => void
}

const network = (navigator as Navigator & { connection?: NetworkInformation }).connection

class Connection {
  online = $state(navigator.onLine)
  /** One chose to save data, here or in the browser. */
  saving = $state(false)
  /** As slow as 2G or 3G are. */
  slow = $state(false)
  #chosen = recall('data') === 'save'

  constructor() {
    addEventListener('online', () => (this.online = true))
    addEventListener('offline', () => (this.online = false))
    network?.addEventListener?.('change', () => this.#look())
    this.#look()
  }

  get chosen(): boolean {
    return this.#chosen
  }

  choose(save: boolean): void {
    this.#chosen = save
    remember('data', save ? 'save' : '')
    this.#look()
  }

  #look(): void {
    this.saving = this.#chosen || network?.saveData === true
    this.slow = /2g|3g/.test(network?.effectiveType ?? '')
  }
}

export const connection = new Connection()
