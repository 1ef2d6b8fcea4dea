/** Values of environment variables. An empty one counts as absent, and what cannot be used is an error that names it. */

export type Environment = Readonly<Record<string, string | undefined>>

/** A variable that cannot be used; its name is in the message. */
export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`)
    this.name = 'ConfigError'
  }
}

export function text(env: Environment, name: string, fallback: string): string {
  return env[name] || fallback
}

export function list(env: Environment, name: string): readonly string[] {
  return (env[name] ?? '').split(',').map(item => item.trim().toLowerCase()).filter(Boolean)
}

/** Only `true` and `1` switch something on: `false`, `0`, the empty text and every typing error leave it off. */
export function flag(env: Environment, name: string, fallback = false): boolean {
  return env[name] ? env[name] === 'true' || env[name] === '1' : fallback
}

interface NumberRange {
  readonly fallback: number
  readonly atLeast?: number
  readonly moreThan?: number
  readonly atMost: number
  readonly whole?: boolean
}

/** `Number('')` is 0 and `Number('abc')` is NaN, and a NaN lifetime never ends: so the text is checked first. */
export function number(env: Environment, name: string, range: NumberRange): number {
  const raw = env[name]
  if (!raw) return range.fallback
  const value = /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : NaN
  const fits = value >= (range.atLeast ?? 0)
    && value > (range.moreThan ?? -1)
    && value <= range.atMost
    && (!range.whole || Number.isInteger(value))
  if (!fits) {
    const least = range.moreThan === undefined ? `from ${range.atLeast ?? 0}` : `above ${range.moreThan} and`
    const kind = range.whole ? 'whole number' : 'number'
    throw new ConfigError(name, `is ${JSON.stringify(raw)}; it takes a ${kind} ${least} up to ${range.atMost}`)
  }
  return value
}
