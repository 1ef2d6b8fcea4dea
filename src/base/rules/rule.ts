/**
 * A rule is one MUST that this program enforces, as data. One line of code enforces it: `check(rule, condition)`.
 * The error on the wire, the page at `/explain/<id>`, the decision trace and `docs/specification.md` all come from the rule.
 */
import type { ErrorCode } from '../protocol/errors.ts'
import type { JsonRpcErrorCode } from '../protocol/json-rpc.ts'

export interface Rule {
  /** Stable, because error_uri, logs and tests contain it. */
  readonly id: string
  /** The section of the specification that demands it. */
  readonly clause: string
  /** The OAuth or JSON-RPC error code that the server answers with. On `client_error`, the client exits. */
  readonly error: ErrorCode | JsonRpcErrorCode | 'client_error'
  /** The HTTP status, if it is not the default: that of the OAuth error code, or 400 for a JSON-RPC error. */
  readonly status?: number
  /** The `error_description`. `{received}` and `{expected}` are replaced by the values passed to `check`. */
  readonly says: string
  /** What holds when the rule is kept, in one or two sentences. */
  readonly requires: string
  /** What an attacker gains, or what breaks, without the rule. */
  readonly otherwise: string
  /** How the other side can fix the error. */
  readonly remedy: string
  /** The labels of the two compared values, if they are not `received` and `expected`. */
  readonly labels?: { readonly received: string; readonly expected: string }
  /** The `data` of the JSON-RPC error, if the MCP schema defines one. The default is a link to the explanation of the rule. */
  readonly data?: (received: unknown, expected: unknown) => unknown
  /** The rule that the response names instead, because telling the two apart would help an attacker. */
  readonly shownAs?: Rule
}

/** The labels of a rule about something that expires. */
export const expiryLabels = { received: 'expired', expected: 'received' } as const

/** The outcome of one `check`. */
export interface Verdict {
  readonly rule: Rule
  readonly passed: boolean
  readonly received?: unknown
  readonly expected?: unknown
}

/** Checks rules, while the server handles one request or while the client takes one step of the flow. */
export abstract class Checker {
  /**
   * Records whether `rule` holds, and throws its error if it does not. `received` and `expected` are shown to developers,
   * so they must not be secrets (the `fingerprint` of a secret is fine).
   */
  check(rule: Rule, condition: unknown, received?: unknown, expected?: unknown): asserts condition {
    if (!condition) this.fail(rule, received, expected)
    this.record(rule, true, received, expected)
  }

  /** Records that `rule` is broken, and throws its error. */
  fail(rule: Rule, received?: unknown, expected?: unknown): never {
    this.record(rule, false, received, expected)
    throw this.refusal(rule, received, expected)
  }

  /** Four arguments rather than a `Verdict`: a check that passes allocates nothing unless verdicts are recorded. */
  protected abstract record(rule: Rule, passed: boolean, received: unknown, expected: unknown): void
  protected abstract refusal(rule: Rule, received: unknown, expected: unknown): Error
}

/** The text of a broken rule, with the received and expected values filled in. */
export function ruleText(rule: Rule, received: unknown, expected: unknown): string {
  return rule.says.replace(/\{(received|expected)\}/g, (_, name) => shown(name === 'received' ? received : expected))
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return [...value.slice(0, 10).map(shown), ...value.length > 10 ? ['...'] : []].join(' or ')
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}
