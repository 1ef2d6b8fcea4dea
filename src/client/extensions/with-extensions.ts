/** Fills the seams of the core with the extensions: private_key_jwt, DPoP, registration management, legacy discovery. */
import type { KeyObject } from 'node:crypto'
import type { AuthorizerOptions } from '../../core/client/authorizer.ts'
import { coreAuthenticationMethods } from '../../core/client/client-authentication.ts'
import type { ClientIdentity } from '../../core/client/registrar.ts'
import { Dpop } from './dpop.ts'
import { discoverLegacyServer } from './legacy-discovery.ts'
import { privateKeyJwt } from './private-key-jwt.ts'
import { confirmRegistration } from './registration-management.ts'

/** The options of the core that this file sets. */
type ExtensionOptions =
  | 'identity' | 'now' | 'authenticationMethods' | 'proofOfPossession' | 'confirmRegistration' | 'discoverLegacyServer'

export interface ClientOptions extends Omit<AuthorizerOptions, ExtensionOptions> {
  /** Who the client is, if it does not register itself. `privateKey` makes it authenticate by private_key_jwt. */
  readonly identity?: Omit<ClientIdentity, 'token_endpoint_auth_method'> & { readonly privateKey?: KeyObject }
  /** Whether to bind new tokens to a key (DPoP). */
  readonly dpop?: boolean
  /** Returns the current time as a NumericDate. */
  readonly now?: () => number
}

export function withExtensions({ identity = {}, dpop = false, now = systemTime, ...options }: ClientOptions): AuthorizerOptions {
  const { privateKey, ...named } = identity
  return {
    ...options,
    now,
    identity: privateKey ? { ...named, token_endpoint_auth_method: 'private_key_jwt' } : named,
    authenticationMethods: new Map([...coreAuthenticationMethods, ['private_key_jwt', privateKeyJwt(privateKey, now)]]),
    proofOfPossession: new Dpop(dpop, now),
    confirmRegistration,
    discoverLegacyServer,
  }
}

function systemTime(): number {
  return Date.now() / 1000
}
