/** A verdict as people read it, with the labels that the live flow of the server and `--trace` of the client share. */
import { nearestMiss, type NearestMiss } from './nearest-miss.ts'
import { redactText } from '../protocol/redact.ts'
import type { Verdict } from './rule.ts'

/** A verdict as text that can be stored, downloaded and compared. */
export interface ShownVerdict {
  /** The id of the rule. */
  readonly rule: string
  readonly passed: boolean
  readonly received?: string
  readonly expected?: readonly string[]
}

export const verdictLabels = { passed: 'passed', failed: 'failed', received: 'received', expected: 'expected' } as const

/** Limits of what is shown: characters per value, and values per list. */
const maxLength = 600
const maxValues = 20

export function showVerdict({ rule, passed, received, expected }: Verdict): ShownVerdict {
  const values = Array.isArray(expected) ? expected.slice(0, maxValues) as unknown[] : [expected]
  return {
    rule: rule.id,
    passed,
    ...(received === undefined ? {} : { received: shown(received) }),
    ...(expected === undefined ? {} : { expected: values.map(shown) }),
  }
}

/** The nearest miss of a broken rule, if there are two values to compare. */
export function missOf({ rule, passed, received, expected }: ShownVerdict): NearestMiss | undefined {
  if (passed || received === undefined || expected === undefined) return undefined
  return nearestMiss(received, expected, {
    loopbackPortIsFree: rule === 'redirect-uri-is-registered', isScope: rule.startsWith('scope-'),
  })
}

function shown(value: unknown): string {
  return redactText(toText(value).slice(0, maxLength))
}

function toText(value: unknown): string {
  if (value instanceof Error) return value.message
  if (isNumericDate(value)) return new Date(value * 1000).toISOString()
  return Array.isArray(value) ? value.map(asJson).join(', ') : asJson(value)
}

/** `String` would throw for an object from the other side whose `toString` is not a function. */
function asJson(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value) ?? typeof value
}

/** Times are the only numbers of this size that rules compare. */
function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value > 1e9 && value < 1e11
}
