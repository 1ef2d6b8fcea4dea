/** Parses an event stream (WHATWG HTML section 9.2.6). */

interface ServerSentEvent {
  readonly data: string
  /** The last event id, which the client sends when it reconnects. */
  readonly id: string | undefined
}

export interface EventStreamState {
  /** How long to wait before reconnecting, in milliseconds. Undefined until the server says so. */
  retry: number | undefined
  lastEventId: string | undefined
}

/** Yields the events of a stream and keeps `state` up to date. An event without data only updates the state. */
export async function* parseEventStream(
  parts: AsyncIterable<string>, state: EventStreamState,
): AsyncGenerator<ServerSentEvent> {
  const linesOf = lineReader()
  let data: string[] = []
  for await (const part of parts) {
    for (const line of linesOf(part)) {
      if (line !== '') {
        readField(line, data, state)
      } else {
        if (data.length > 0) yield { data: data.join('\n'), id: state.lastEventId }
        data = []
      }
    }
  }
}

function readField(line: string, data: string[], state: EventStreamState): void {
  const colon = line.indexOf(':')
  const field = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
  if (field === 'data' && value !== '') data.push(value)
  if (field === 'id' && !value.includes('\0')) state.lastEventId = value
  if (field === 'retry' && /^\d{1,6}$/.test(value)) state.retry = Number(value)
}

/**
 * Returns a function that takes the next part of the text and returns the lines that it completes. Lines end in CR LF, LF
 * or CR. An unfinished last line is never returned, as the standard requires.
 */
function lineReader(): (part: string) => readonly string[] {
  let rest = ''
  let endedInReturn = false
  return part => {
    // If CR LF is split between two parts, the LF does not end another line.
    const lines = (endedInReturn && part.startsWith('\n') ? part.slice(1) : part).split(/\r\n|\n|\r/)
    if (part !== '') endedInReturn = part.endsWith('\r')
    // `rest` is not searched again. Otherwise a long line that arrives byte by byte would cost quadratic time.
    lines[0] = rest + lines[0]!
    rest = lines.pop()!
    return lines
  }
}
