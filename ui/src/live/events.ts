/** Reading server-sent events from a stream of text (https://html.spec.whatwg.org/#server-sent-events). */

export interface ServerEvent {
  id: string
  type: string
  data: string
}

/** Cuts text, as it comes, into events. Comments and unfinished events are left out. */
export class EventParser {
  #rest = ''

  push(text: string): ServerEvent[] {
    const blocks = (this.#rest + text.replaceAll('\r', '')).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    return blocks.map(parse).filter((event) => event.data !== '')
  }
}

function parse(block: string): ServerEvent {
  const event: ServerEvent = { id: '', type: 'message', data: '' }
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? []
    if (name === 'id') event.id = value!
    else if (name === 'event') event.type = value!
    else if (name === 'data') event.data += event.data ? `\n${value}` : value
  }
  return event
}
