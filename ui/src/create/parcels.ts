/** Posts that wait to be sent, kept by the browser with their photos: they outlive the tab. */

import type { Audience } from '../api/types'

export interface Part {
  file: File
  look: Record<string, unknown>
}

export interface Parcel {
  /** Also the Idempotency-Key: however often it is sent, one post is made of it. */
  id: string
  /** Whose it is; somebody else who logs in here does not send it. */
  userId: string
  parts: Part[]
  caption: string
  place: string
  audience: Audience
}

const STORE = 'parcels'

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('calotype', 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' })
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('indexedDB'))
  })
}

async function act<Result>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest<Result>): Promise<Result> {
  const database = await open()
  try {
    return await new Promise<Result>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode)
      const request = run(transaction.objectStore(STORE))
      transaction.oncomplete = () => resolve(request.result)
      transaction.onabort = () => reject(transaction.error ?? new Error('indexedDB'))
    })
  } finally {
    database.close()
  }
}

/** Keep it. Where the browser does not allow that, it lives as long as the tab. */
export const keep = (parcel: Parcel): Promise<unknown> => act('readwrite', (store) => store.put(parcel)).catch(() => undefined)

export const drop = (id: string): Promise<unknown> => act('readwrite', (store) => store.delete(id)).catch(() => undefined)

export const kept = (): Promise<Parcel[]> =>
  act<Parcel[]>('readonly', (store) => store.getAll() as IDBRequest<Parcel[]>).catch(() => [])
