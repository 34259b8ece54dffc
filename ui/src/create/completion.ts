/** Completing the #tag or @name that is being written. */

export interface Unfinished {
  sign: '@' | '#'
  begun: string
  /** Where the sign stands. */
  start: number
}

/** What stands before the caret, if it is the beginning of a tag or a name. */
export function unfinished(text: string, caret: number): Unfinished | undefined {
  const match = /(?:^|[^\p{L}\p{N}_@#.])([@#])([\p{L}\p{N}_.]*)$/u.exec(text.slice(0, caret))
  if (!match) return undefined
  const [, sign, begun] = match
  return { sign: sign as '@' | '#', begun: begun!, start: caret - begun!.length - 1 }
}

/** The text with the word in the place of what was begun, and where the caret goes. */
export function complete(text: string, caret: number, { sign, start }: Unfinished, word: string): [string, number] {
  const before = `${text.slice(0, start)}${sign}${word} `
  return [before + text.slice(caret).replace(/^ /, ''), before.length]
}
