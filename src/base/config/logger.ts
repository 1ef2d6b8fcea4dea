/**
 * One JSON object a line, on standard error. A line names an event and carries fields; no field is ever a token,
 * code, secret or verifier (a `fingerprint` of one may be).
 */

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof levels)[number]
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export function isLogLevel(text: string): text is LogLevel {
  return (levels as readonly string[]).includes(text)
}

export function createLogger(
  level: LogLevel,
  write: (line: string) => void = boundedWriter(process.stderr),
): Logger {
  const log = (at: LogLevel) => {
    if (levels.indexOf(at) < levels.indexOf(level)) return () => {}
    return (event: string, fields?: LogFields) => write(`${formatLine(at, event, fields)}\n`)
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

/** In bytes: how much may wait for a reader of the log that stands still. */
const longestBacklog = 4_194_304

/** Drops lines where too many wait already, and says how many once there is room: a log must not fill the memory. */
export function boundedWriter(stream: Pick<NodeJS.WriteStream, 'writableLength' | 'write'>): (line: string) => void {
  let dropped = 0
  return line => {
    if (stream.writableLength > longestBacklog) {
      dropped++
      return
    }
    if (dropped > 0) stream.write(`${formatLine('warn', 'lines dropped', { count: dropped })}\n`)
    dropped = 0
    stream.write(line)
  }
}

/** In characters: what a stranger sent must not fill the disk. */
const longLine = 4096
const longText = 400

/** JSON escapes the C0 controls; C1, line separators and bidirectional controls can steer a terminal as well. */
function formatLine(level: LogLevel, event: string, fields: LogFields | undefined): string {
  const entry = { time: new Date().toISOString(), level, event, ...fields }
  const whole = JSON.stringify(entry)
  const line = whole.length <= longLine ? whole : JSON.stringify(entry, cut)
  return line.replace(
    /[\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udc7f]/g,
    character => character.replace(/[^]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

function cut(_name: string, value: unknown): unknown {
  const isLong = typeof value === 'string' && value.length > longText
  return isLong ? `${value.slice(0, longText)}... (${value.length} characters)` : value
}
