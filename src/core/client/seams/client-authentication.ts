/**
 * Client authentication at the token endpoint (RFC 6749 section 2.3), as a table. The core has the methods that need no
 * key; `client/extensions` adds private_key_jwt.
 */
import type { Registration } from './storage.ts'

/** The methods by their token_endpoint_auth_method. */
export type AuthenticationMethods = ReadonlyMap<string, AuthenticationMethod>

/** Makes the credentials with which a registered client authenticates to the authorization server `issuer`. */
export type AuthenticationMethod = (registration: Registration, issuer: string) => Credentials

/** What a method adds to a request. */
export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>
  readonly parameters?: Readonly<Record<string, string | undefined>>
}
