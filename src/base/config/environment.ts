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
  readonly name: string
  /** The value of an absent variable. */
  readonly fallback: T
  readonly meaning: string
  /** The default as the documentation shows it, in Markdown. */
  readonly shownDefault: string
  /** Reads a value that is not empty. Throws what is wrong with it. */
  read(raw: string): T
}

export function readVariable<T>({ name, fallback, read }: Variable<T>, env: Environment): T {
  const raw = env[name]
  return raw ? read(raw) : fallback
}

export function text<D>(name: string, fallback: D, meaning: string, shownDefault = shown(fallback)): Variable<string | D> {
  return { name, fallback, meaning, shownDefault, read: raw => raw }
}

/** Values that are separated by commas. */
export function list(name: string, meaning: string, convert = (item: string) => item): Variable<readonly string[]> {
  const read = (raw: string) => raw.split(',').map(item => convert(item.trim())).filter(Boolean)
  return { name, fallback: [], meaning, shownDefault: '', read }
}

/** Anything but true and false is an error, because a typo must not silently turn a protection off. */
export function flag<D>(name: string, fallback: D, meaning: string, shownDefault = shown(fallback)): Variable<boolean | D> {
  const read = (raw: string): boolean => {
    if (raw === 'true' || raw === '1') return true
    if (raw === 'false' || raw === '0') return false
    throw new ConfigError(name, `is ${JSON.stringify(raw)}; it must be true or false`)
  }
  return { name, fallback, meaning, shownDefault, read }
}

interface NumberRange {
  readonly atLeast?: number
  readonly moreThan?: number
  readonly atMost: number
  readonly whole?: boolean
  /** The unit of the variable in seconds, to convert it. */
  readonly unit?: number
}

/** Checks the text before the number, because `Number('')` is 0 and a lifetime of NaN never ends. */
export function number(name: string, fallback: number, range: NumberRange, meaning: string): Variable<number> {
  const { atLeast = 0, moreThan = -1, atMost, whole = false, unit = 1 } = range
  const read = (raw: string): number => {
    const value = /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : NaN
    const isInRange = value >= atLeast && value > moreThan && value <= atMost
    if (isInRange && (!whole || Number.isInteger(value))) return value * unit
    const kind = whole ? 'a whole number' : 'a number'
    const lower = range.moreThan === undefined ? `from ${atLeast} to` : `greater than ${moreThan} and at most`
    throw new ConfigError(name, `is ${JSON.stringify(raw)}; it must be ${kind} ${lower} ${atMost}`)
  }
  return { name, fallback: fallback * unit, meaning, shownDefault: shown(fallback), read }
}

export function logLevel(name: string, meaning: string, shownDefault: string): Variable<LogLevel | undefined> {
  const read = (raw: string): LogLevel => {
    const level = raw.toLowerCase()
    if (isLogLevel(level)) return level
    throw new ConfigError(name, `is ${JSON.stringify(raw)}; it must be one of ${logLevels.join(', ')}`)
  }
  return { name, fallback: undefined, meaning, shownDefault, read }
}

function shown(fallback: unknown): string {
  return fallback === undefined ? '' : `\`${String(fallback)}\``
}
