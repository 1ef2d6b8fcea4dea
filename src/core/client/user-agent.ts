/** How the user gets to the authorization server, and how its answer gets back. */
import type { PendingAuthorization } from './authorization-request.ts'
import type { Trace } from './wire/trace.ts'

export interface UserAgent {
  /**
   * Gets ready to receive an answer. `preferred` is the redirect URI of an earlier registration, which is taken up
   * again where possible.
   */
  begin(preferred: string | undefined): Promise<Visit>
}

export interface Visit {
  readonly redirect_uri: string
  /** Sends the user to the authorization server and returns the parameters of the answer. */
  go(pending: PendingAuthorization, trace: Trace): Promise<URLSearchParams>
  end(): Promise<void>
}
