/**
 * A rule is one MUST that this program enforces, as data. Code enforces it by one line, `check(rule, condition)`;
 * the error on the wire, the page at `/explain/<id>`, the decision trace and `docs/specification.md` follow from the rule.
 */
import type { ErrorCode } from '../protocol/errors.ts'
import type { JsonRpcErrorCode } from '../protocol/json-rpc.ts'

export interface Rule {
  /** Stable: it stands in `error_uri`, in logs and in tests. */
  readonly id: string
  /** Where the specification says so. */
  readonly clause: string
  /** What a broken rule is answered with: an OAuth error code, a JSON-RPC error code, or nothing but the client's exit. */
  readonly error: ErrorCode | JsonRpcErrorCode | 'client_error'
  /** The HTTP status, where it is not that of the OAuth error code, or not 400 for a JSON-RPC error. */
  readonly status?: number
  /** The `error_description`; `{received}` and `{expected}` stand for what was passed to `check`. */
  readonly says: string
  /** What holds when the rule is kept, in one sentence. */
  readonly requires: string
  /** What an attacker gains, or what breaks, without it. */
  readonly otherwise: string
  /** What the other side should do. */
  readonly remedy: string
  /** What stands before the two values that were compared, where it is not `came` and `expected`. */
  readonly words?: { readonly received: string; readonly expected: string }
  /** The `data` of a JSON-RPC error, if the MCP schema defines one for its code; else it says where the rule is explained. */
  readonly data?: (received: unknown, expected: unknown) => unknown
  /** The rule that the wire shows in place of this one, where telling them apart would help an attacker. */
  readonly shownAs?: Rule
}

/** The words of a rule about something that has an end. */
export const endAndPresent = { received: 'it ended', expected: 'it came' } as const

/** The outcome of one `check`. */
export interface Verdict {
  readonly rule: Rule
  readonly passed: boolean
  readonly received?: unknown
  readonly expected?: unknown
}

/**
 * Something that rules are checked in: the handling of one request on the server, one step of the flow on the
 * client. A check that passes while nothing records allocates nothing.
 */
export abstract class Checker {
  protected verdicts: Verdict[] | undefined

  /**
   * Records whether `rule` held, and throws what the rule is answered with if it did not. `received` and `expected`
   * are shown to whoever debugs: they are never secrets (a `fingerprint` of one may be).
   */
  check(rule: Rule, condition: unknown, received?: unknown, expected?: unknown): asserts condition {
    this.verdicts?.push({ rule, passed: Boolean(condition), received, expected })
    if (!condition) throw this.refusal(rule, received, expected)
  }

  protected abstract refusal(rule: Rule, received: unknown, expected: unknown): Error
}

/** The text of a broken rule, with what came and what was expected filled in. */
export function ruleText(rule: Rule, received: unknown, expected: unknown): string {
  return rule.says.replace(/\{(received|expected)\}/g, (_, name) => shown(name === 'received' ? received : expected))
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return [...value.slice(0, 10).map(shown), ...value.length > 10 ? ['...'] : []].join(' or ')
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}
