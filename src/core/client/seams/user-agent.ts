/**
 * How the user gets to the authorization server, and how its answer gets back. `client/user-agent` implements this with
 * a browser and without one.
 */
import type { Trace } from '../../../base/client/trace.ts'
import type { PendingAuthorization } from '../authorization-request.ts'

export interface UserAgent {
  /** Gets ready to receive an answer, if possible at `preferred`, the redirect URI of an earlier registration. */
  begin(preferred: string | undefined): Promise<Visit>
}

export interface Visit {
  readonly redirect_uri: string
  /** Sends the user to the authorization server and returns the parameters of the answer. */
  go(pending: PendingAuthorization, trace: Trace): Promise<URLSearchParams>
  end(): Promise<void>
}
