/**
 * How tokens are obtained once the authorization server is known. The core has the authorization code grant;
 * `client/extensions` has the grants without a user.
 */
import type { Trace } from '../../../base/client/trace.ts'
import type { AuthorizationServer } from '../discovery.ts'
import type { Form, TokenResponse } from '../token-request.ts'
import type { Registration } from './storage.ts'

export interface Grant {
  /** Whether a user stands behind it, whose login offline_access can keep alive. */
  readonly hasUser: boolean
  /** Whether it can be tried now. A grant that asks the user needs a user agent. */
  readonly isReady: boolean
  obtain(request: GrantRequest): Promise<Granted>
}

export interface GrantRequest {
  readonly server: AuthorizationServer
  readonly scopes: readonly string[]
  /** The resource identifier to send; undefined if none is to be sent. */
  readonly resource: string | undefined
  /** Sends a form to the token endpoint, authenticated as the registered client, and checks the response. */
  readonly requestTokens: (registration: Registration, form: Form) => Promise<TokenResponse>
  readonly trace: Trace
}

export interface Granted {
  readonly response: TokenResponse
  readonly registration: Registration
}
