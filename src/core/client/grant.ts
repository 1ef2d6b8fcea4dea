/** How tokens are obtained, once the authorization server is known. Each grant is a file beside this one. */
import type { AuthorizationServer } from './discovery.ts'
import type { Registration } from './storage.ts'
import type { ClientKeys, TokenResponse } from './token-request.ts'
import type { Trace } from './wire/trace.ts'

export interface GrantRequest {
  readonly server: AuthorizationServer
  readonly scopes: readonly string[]
  /** The resource identifier to send; undefined where none is to be sent. */
  readonly resource: string | undefined
  readonly keys: ClientKeys
  readonly trace: Trace
}

export interface Granted {
  readonly response: TokenResponse
  readonly registration: Registration
}

export interface Grant {
  /** Whether a user stands behind it, whose login can be kept by offline_access. */
  readonly hasUser: boolean
  /** Whether it may be tried now: a grant that has to ask the user needs somebody to ask. */
  readonly isReady: boolean
  obtain(request: GrantRequest): Promise<Granted>
}
