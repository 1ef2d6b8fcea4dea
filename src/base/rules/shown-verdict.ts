/** A verdict as people read it, in the words that the live flow of the server and `--trace` of the client share. */
import { nearestMiss, type NearestMiss } from './nearest-miss.ts'
import { redactText } from '../protocol/redact.ts'
import type { Verdict } from './rule.ts'

/** A verdict as text: it can be kept, saved and compared. */
export interface ShownVerdict {
  /** The id of the rule. */
  readonly rule: string
  readonly passed: boolean
  readonly received?: string
  readonly expected?: readonly string[]
}

export const verdictWords = { passed: 'held', failed: 'broken', received: 'came', expected: 'expected' } as const

/** Characters of one value, and values of one list. */
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

/** The nearest miss of a rule that was broken, where there is something to compare. */
export function missOf({ rule, passed, received, expected }: ShownVerdict): NearestMiss | undefined {
  if (passed || received === undefined || expected === undefined) return undefined
  return nearestMiss(received, expected, {
    loopbackPortIsFree: rule === 'redirect-uri-is-registered', isScope: rule.startsWith('scope-'),
  })
}

function shown(value: unknown): string {
  const text = value instanceof Error ? value.message
    : typeof value === 'string' ? value
    : isNumericDate(value) ? new Date(value * 1000).toISOString()
    : Array.isArray(value) ? value.map(asText).join(', ')
    : asText(value)
  return redactText(text.slice(0, maxLength))
}

/** What somebody else sent may be an object whose `toString` is no function, so that `String` would throw. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value) ?? typeof value
}

/** Of the numbers that rules compare only times are this large. */
function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value > 1e9 && value < 1e11
}
