/** The interface to the recorder behind `/flow`. The core starts a recording and hands it over, but never reads one. */
import type { Reply, Request } from '../../base/http/message.ts'
import type { Verdict } from '../../base/rules/rule.ts'

/** The `caller` of a route (see `routes.ts`). Undefined if the path is unknown. */
export type Caller = 'program' | 'resource' | 'browser' | undefined

export interface Recorder {
  /** Returns an id for the new exchange, or undefined if exchanges of this path are not recorded. */
  begin(path: string): string | undefined
  record(exchange: AnsweredExchange): void
}

/** An exchange that has started. */
export interface Recording {
  readonly id: string
  /** The start as a NumericDate, and on the clock of `performance.now()`. */
  readonly time: number
  readonly startedAt: number
}

/** A complete exchange, with every rule that was checked. */
export interface AnsweredExchange {
  readonly id: string
  /** The start as a NumericDate, and the duration in milliseconds. */
  readonly time: number
  readonly duration: number
  readonly request: Request
  readonly body: string
  readonly caller: Caller
  readonly reply: Reply
  readonly verdicts: readonly Verdict[]
}
