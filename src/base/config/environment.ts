/** How environment variables are read. An empty variable counts as absent, and an invalid one is an error that names it. */
import { isLogLevel, logLevels, type LogLevel } from './logger.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A problem with a variable. Its message begins with the name. */
export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`)
    this.name = 'ConfigError'
  }
}

export interface Variable<T> {
  /** The value of an absent variable. */
  readonly fallback: T
  readonly meaning: string
  /** The default as the documentation shows it, in Markdown. */
  readonly documentedDefault: string
  /** Reads a value that is not empty. */
  read(raw: string, name: string): T
}

export function text<D>(fallback: D, meaning: string, documentedDefault = markdown(fallback)): Variable<string | D> {
  return { fallback, meaning, documentedDefault, read: raw => raw }
}

/** Values that are separated by commas. */
export function list(meaning: string): Variable<readonly string[]> {
  const read = (raw: string): readonly string[] => raw.split(',').map(item => item.trim()).filter(Boolean)
  return { fallback: [], meaning, documentedDefault: '', read }
}

/** Anything but true and false is an error, because a typo must not silently turn a protection off. */
export function flag<D>(fallback: D, meaning: string, documentedDefault = markdown(fallback)): Variable<boolean | D> {
  const read = (raw: string, name: string): boolean => {
    if (raw === 'true' || raw === '1') return true
    if (raw === 'false' || raw === '0') return false
    throw new ConfigError(name, `is ${JSON.stringify(raw)}; it must be true or false`)
  }
  return { fallback, meaning, documentedDefault, read }
}

interface NumberRange {
  readonly atLeast?: number
  readonly moreThan?: number
  readonly atMost: number
  readonly whole?: boolean
}

/** Checks the text before the number, because `Number('')` is 0 and a lifetime of NaN never ends. */
export function number(fallback: number, range: NumberRange, meaning: string): Variable<number> {
  const { atLeast = 0, moreThan = -1, atMost, whole = false } = range
  const read = (raw: string, name: string): number => {
    const value = /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : NaN
    const isInRange = value >= atLeast && value > moreThan && value <= atMost
    if (isInRange && (!whole || Number.isInteger(value))) return value
    const kind = whole ? 'a whole number' : 'a number'
    const lower = range.moreThan === undefined ? `from ${atLeast} to` : `greater than ${moreThan} and at most`
    throw new ConfigError(name, `is ${JSON.stringify(raw)}; it must be ${kind} ${lower} ${atMost}`)
  }
  return { fallback, meaning, documentedDefault: markdown(fallback), read }
}

export function logLevel(meaning: string, documentedDefault: string): Variable<LogLevel | undefined> {
  const read = (raw: string, name: string): LogLevel => {
    const level = raw.toLowerCase()
    if (isLogLevel(level)) return level
    throw new ConfigError(name, `is ${JSON.stringify(raw)}; it must be one of ${logLevels.join(', ')}`)
  }
  return { fallback: undefined, meaning, documentedDefault, read }
}

function markdown(fallback: unknown): string {
  return fallback === undefined ? '' : `\`${String(fallback)}\``
}
