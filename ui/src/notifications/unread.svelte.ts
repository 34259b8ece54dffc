/** How many notifications are unread, for the bell. */

import { api, ask } from '../api/client'

class Unread {
  count = $state(0)

  async look(): Promise<void> {
    const found = await ask(api.GET('/api/v1/notifications/count')).catch(() => undefined)
    this.count = found?.unread ?? this.count
  }

  /** All up to this one were seen. */
  async read(notificationId: string): Promise<void> {
    const body = { upTo: notificationId }
    const left = await ask(api.POST('/api/v1/notifications/read', { body })).catch(() => undefined)
    this.count = left?.unread ?? this.count
  }
}

export const unread = new Unread()
