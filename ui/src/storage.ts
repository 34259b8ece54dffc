/** Small choices that a device remembers. A browser that forbids storage forgets them, and that is all. */

export type Name = 'theme' | 'language' | 'order' | 'data' | 'me' | 'feed' | 'outbox'

export function recall(name: Name): string {
  try {
    return localStorage.getItem(`calotype.${name}`) ?? ''
  } catch {
    return ''
  }
}

export function remember(name: Name, value: string): void {
  try {
    if (value) localStorage.setItem(`calotype.${name}`, value)
    else localStorage.removeItem(`calotype.${name}`)
  } catch {
    // As the docstring says.
  }
}
