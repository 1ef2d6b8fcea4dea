/** The seam to whoever records exchanges for `/flow`. The core begins a recording and hands it over; it never reads one. */
import type { Reply, Request } from '../../base/http/message.ts'
import type { Verdict } from '../../base/rules/rule.ts'

/** Who calls a path, by whatever method; undefined if the path is unknown. See `routes.ts`. */
export type Caller = 'program' | 'resource' | 'browser' | undefined

export interface Recorder {
  /** An id for an exchange that begins, or undefined if it is not recorded. */
  begin(path: string): string | undefined
  record(exchange: AnsweredExchange): void
}

/** What is known of an exchange when it begins; `begun` is in milliseconds of the process. */
export interface Recording {
  readonly id: string
  readonly time: number
  readonly begun: number
}

/** An exchange with its answer, and every rule that ran. */
export interface AnsweredExchange {
  readonly id: string
  /** When it began, as a NumericDate, and how many milliseconds it took. */
  readonly time: number
  readonly duration: number
  readonly request: Request
  readonly body: string
  readonly caller: Caller
  readonly reply: Reply
  readonly verdicts: readonly Verdict[]
}
