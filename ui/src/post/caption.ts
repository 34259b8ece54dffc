/** A caption as text and mentions. It is never HTML: each piece becomes a text or a link of ours. */

export type Piece = { text: string; username?: string }

// As the server reads it: letters, digits, dots and underscores after an @ that begins a word.
const MENTION = /(?<![\w@.])@([a-z0-9._]{2,29}[a-z0-9_])/gi

export function pieces(caption: string): Piece[] {
  const found: Piece[] = []
  let end = 0
  for (const match of caption.matchAll(MENTION)) {
    if (match.index > end) found.push({ text: caption.slice(end, match.index) })
    found.push({ text: match[0], username: match[1]!.toLowerCase() })
    end = match.index + match[0].length
  }
  if (end < caption.length) found.push({ text: caption.slice(end) })
  return found
}
