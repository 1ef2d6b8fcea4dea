/**
 * Logs one JSON object per line to standard error: an event and its fields. No field may be a token, code, secret or verifier
 * (the `fingerprint` of one is fine).
 */

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof logLevels)[number]
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export function isLogLevel(text: string): text is LogLevel {
  return (logLevels as readonly string[]).includes(text)
}

export function createLogger(
  level: LogLevel,
  write: (line: string) => void = boundedWriter(process.stderr),
): Logger {
  const log = (at: LogLevel) => {
    if (logLevels.indexOf(at) < logLevels.indexOf(level)) return () => {}
    return (event: string, fields?: LogFields) => write(`${formatLine(at, event, fields)}\n`)
  }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

/** In bytes. How much may wait for a reader of the log that has stalled. */
const maxBacklog = 4_194_304

/** Drops lines while the backlog is full, so that the log cannot exhaust memory. Afterwards, logs how many were dropped. */
export function boundedWriter(stream: Pick<NodeJS.WriteStream, 'writableLength' | 'write'>): (line: string) => void {
  let dropped = 0
  return line => {
    if (stream.writableLength > maxBacklog) {
      dropped++
      return
    }
    if (dropped > 0) stream.write(`${formatLine('warn', 'lines dropped', { count: dropped })}\n`)
    dropped = 0
    stream.write(line)
  }
}

/** In characters. What a stranger sends must not fill the disk. */
const maxLineLength = 4096
const maxTextLength = 400

/** JSON escapes only C0 controls. C1 controls, line separators and bidirectional controls can manipulate a terminal, too. */
function formatLine(level: LogLevel, event: string, fields: LogFields | undefined): string {
  const entry = { time: new Date().toISOString(), level, event, ...fields }
  const whole = JSON.stringify(entry)
  const line = whole.length <= maxLineLength ? whole : JSON.stringify(entry, shorten)
  return line.replace(
    /[\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udc7f]/g,
    character => character.replace(/[^]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

function shorten(_name: string, value: unknown): unknown {
  const isLong = typeof value === 'string' && value.length > maxTextLength
  return isLong ? `${value.slice(0, maxTextLength)}... (${value.length} characters)` : value
}
