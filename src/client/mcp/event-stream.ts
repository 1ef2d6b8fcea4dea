/** Parses an event stream (WHATWG HTML section 9.2.6). */

interface ServerSentEvent {
  readonly data: string
  /** The last event id, which a reconnection names. */
  readonly id: string | undefined
}

export interface EventStreamState {
  /** In milliseconds: how long to wait before a reconnection, once the server has said so. */
  retry: number | undefined
  lastEventId: string | undefined
}

/** Yields the events of a stream and keeps `state` up to date. An event without data only moves the state. */
export async function* parseEventStream(
  parts: AsyncIterable<string>, state: EventStreamState,
): AsyncGenerator<ServerSentEvent> {
  let data: string[] = []
  for await (const line of lines(parts)) {
    if (line === '') {
      if (data.length > 0) yield { data: data.join('\n'), id: state.lastEventId }
      data = []
      continue
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data' && value !== '') data.push(value)
    if (field === 'id' && !value.includes('\0')) state.lastEventId = value
    if (field === 'retry' && /^\d{1,6}$/.test(value)) state.retry = Number(value)
  }
}

/** Lines end with CR LF, LF or CR. A line that the stream leaves unfinished is dropped, as the standard says. */
async function* lines(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  let afterReturn = false
  for await (const part of parts) {
    // A CR at the end of a part ends the line; a LF at the beginning of the next belongs to it.
    const found = (afterReturn && part.startsWith('\n') ? part.slice(1) : part).split(/\r\n|\n|\r/)
    if (part !== '') afterReturn = part.endsWith('\r')
    // What has been searched for a line end is not searched again, however slowly the line comes.
    found[0] = rest + found[0]!
    rest = found.pop()!
    yield* found
  }
}
