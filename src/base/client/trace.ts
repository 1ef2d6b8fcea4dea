/**
 * What the client does and decides, as it happens: the steps of the flow, every HTTP exchange, every rule it checks.
 * Exchanges are redacted here, before any listener sees them.
 */
import { redactBody, redactHeaders, redactUrl } from '../protocol/redact.ts'
import { Checker, ruleText, type Rule, type Verdict } from '../rules/rule.ts'
import { Budget } from './budget.ts'
import { ClientError, exitCodes } from './errors.ts'

export interface Step {
  readonly title: string
  readonly clause: string
}

export interface RecordedExchange {
  readonly method: string
  readonly url: string
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly requestBody: string
  readonly status: number
  readonly responseHeaders: Readonly<Record<string, string>>
  readonly responseBody: string
}

export interface TraceListener {
  step?(step: Step): void
  /** Something worth knowing about the step, such as what was found. */
  note?(text: string): void
  exchange?(exchange: RecordedExchange): void
  verdict?(verdict: Verdict): void
  /** A secret that the client sends. It must not be shown, even if a response quotes it. */
  secret?(secret: string): void
}

export class Trace extends Checker {
  readonly budget: Budget
  private readonly listener: TraceListener

  constructor(listener: TraceListener = {}, budget = new Budget()) {
    super()
    this.listener = listener
    this.budget = budget
  }

  step(title: string, clause: string): void {
    this.listener.step?.({ title, clause })
  }

  note(text: string): void {
    this.listener.note?.(text)
  }

  secret(secret: string): void {
    this.listener.secret?.(secret)
  }

  /** Records an exchange without its secrets. */
  exchange(raw: RecordedExchange): void {
    if (!this.listener.exchange) return
    this.listener.exchange({
      ...raw,
      url: redactUrl(raw.url),
      requestHeaders: redactHeaders(raw.requestHeaders),
      requestBody: redactBody(raw.requestBody, mediaTypeOf(raw.requestHeaders)),
      responseHeaders: redactHeaders(raw.responseHeaders),
      responseBody: redactBody(raw.responseBody, mediaTypeOf(raw.responseHeaders)),
    })
  }

  protected record(rule: Rule, passed: boolean, received: unknown, expected: unknown): void {
    const shown = received instanceof Error ? received.message : received
    this.listener.verdict?.({ rule, passed, received: shown, expected })
  }

  protected refusal(rule: Rule, received: unknown, expected: unknown): Error {
    // An OAuth error from the server says more than the rule.
    if (received instanceof ClientError) return received
    return new ClientError(ruleText(rule, received, expected), exitCodes.untrusted, { rule, remedy: rule.remedy })
  }
}

function mediaTypeOf(headers: Readonly<Record<string, string>>): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
}
