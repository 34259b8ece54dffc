/// <reference lib="webworker" />
/** The service worker: the shell opens without a network, and photos that were seen are kept.
 *
 * Nothing of the API is kept here: who logs out must leave nothing behind. The last feed lies with the session,
 * and goes with it.
 */

export {}

declare const self: ServiceWorkerGlobalScope
declare const __SHELL__: string[]
declare const __VERSION__: string

const SHELL = `shell-${__VERSION__}`
const PHOTOS = 'photos'
/** About 15 MB of photos as phones load them. */
const PHOTOS_KEPT = 200

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(__SHELL__)))
  void self.skipWaiting()
})

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()))
})

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (event.request.method !== 'GET' || url.origin !== self.location.origin) return
  if (event.request.mode === 'navigate') event.respondWith(page(event.request, url))
  else if (url.pathname.startsWith('/assets/')) event.respondWith(cachedFirst(event.request))
  else if (isPhoto(url, event.request)) event.respondWith(photo(event, url))
})

async function dropOthers(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name !== SHELL && name !== PHOTOS).map((name) => caches.delete(name)))
}

/** The shell at once for every screen of ours; the server's own pages from the server. */
async function page(request: Request, url: URL): Promise<Response> {
  if (/^\/(api|schema|media|setup|metrics|livez|readyz)\b/.test(url.pathname)) return fetch(request)
  return (await caches.match('/', { cacheName: SHELL })) ?? fetch(request)
}

async function cachedFirst(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: SHELL })) ?? fetch(request)
}

// Signed ones are for followers, and end; videos are too large, and asked for in parts.
const isPhoto = (url: URL, request: Request): boolean =>
  url.pathname.startsWith('/media/') && !url.search && !url.pathname.endsWith('.mp4') && !request.headers.has('range')

async function photo(event: FetchEvent, url: URL): Promise<Response> {
  const cache = await caches.open(PHOTOS)
  const kept = await cache.match(url.pathname)
  if (kept) return kept
  const response = await fetch(event.request)
  if (response.ok) event.waitUntil(cache.put(url.pathname, response.clone()).then(() => trim(cache)))
  return response
}

async function trim(cache: Cache): Promise<void> {
  const keys = await cache.keys()
  await Promise.all(keys.slice(0, Math.max(0, keys.length - PHOTOS_KEPT)).map((key) => cache.delete(key)))
}
