/**
 * Which client_id to use at an authorization server: one that was registered beforehand, the URL of a metadata document,
 * or one from dynamic registration, in this order (MCP 2026-07-28 basic/authorization/client-registration).
 */
import type { Trace } from '../../base/client/trace.ts'
import { includesScope, parseScope } from '../../base/protocol/scope.ts'
import { credentialsBelongToIssuer, registrationIsPossible } from '../rules/client.ts'
import { methodFor } from './client-authentication.ts'
import type { AuthorizationServer } from './discovery.ts'
import { registerClient } from './registration.ts'
import type { ConfirmRegistration } from './seams/registration-management.ts'
import type { ClientStorage, Registration } from './seams/storage.ts'

/** The client that the user chose. Without any of these members the client registers itself. */
export interface ClientIdentity {
  /** A client that was registered beforehand, by hand. */
  readonly client_id?: string
  readonly client_secret?: string
  /** The URL of the metadata document of the client. */
  readonly client_metadata_url?: string
  /** How such a client authenticates, if not by a secret: one of the authentication methods. */
  readonly token_endpoint_auth_method?: string
}

export interface RegistrarOptions {
  readonly storage: ClientStorage
  readonly trace: Trace
  readonly now: () => number
  readonly identity?: ClientIdentity
  readonly confirmRegistration?: ConfirmRegistration
}

export class ClientRegistrar {
  private readonly options: RegistrarOptions
  private readonly identity: ClientIdentity
  private readonly trace: Trace

  constructor(options: RegistrarOptions) {
    this.options = options
    this.identity = options.identity ?? {}
    this.trace = options.trace
  }

  async obtain(server: AuthorizationServer, redirect_uri: string, scopes: readonly string[]): Promise<Registration> {
    const { client_id, client_metadata_url, token_endpoint_auth_method = 'none' } = this.identity
    if (client_id !== undefined) return this.preRegistered(server, redirect_uri)
    if (client_metadata_url !== undefined && server.client_id_metadata_document_supported) {
      this.trace.step('Use the metadata document as client_id', 'MCP 2026-07-28 basic/authorization/client-registration')
      // The URL means the same client everywhere, so there is nothing to remember.
      return { client_id: client_metadata_url, token_endpoint_auth_method, redirect_uri }
    }
    if (client_metadata_url !== undefined) {
      this.trace.note('the authorization server does not support metadata documents: the client registers instead')
    }
    return this.registered(server, redirect_uri, scopes)
  }

  /**
   * The client that was registered beforehand. It belongs to one authorization server. If the MCP server names another
   * one later, that one does not get the credentials.
   */
  async preRegistered(server: AuthorizationServer, redirect_uri = ''): Promise<Registration> {
    const { client_id, client_secret, token_endpoint_auth_method = methodFor(client_secret, server) } = this.identity
    this.trace.check(registrationIsPossible, client_id !== undefined, server.issuer)
    const { registrations } = await this.options.storage.read()
    const issuers = Object.keys(registrations).filter(issuer => registrations[issuer]!.client_id === client_id)
    const owner = issuers.find(issuer => issuer !== server.issuer)
    this.trace.check(credentialsBelongToIssuer, owner === undefined, server.issuer, owner)
    this.trace.note(`registered beforehand as ${client_id}`)
    const registration = {
      client_id, token_endpoint_auth_method, redirect_uri, ...(client_secret === undefined ? {} : { client_secret }),
    }
    await this.remember(server, registration)
    return registration
  }

  async knownRedirectUri(issuer: string): Promise<string | undefined> {
    return (await this.stored(issuer))?.redirect_uri || undefined
  }

  private async registered(
    server: AuthorizationServer, redirect_uri: string, scopes: readonly string[],
  ): Promise<Registration> {
    const stored = await this.stored(server.issuer)
    const isTooNarrow = stored !== undefined && !coversScopes(stored.scope, scopes)
    // A server that did not register the scopes when the client asked for them will not do so at the next login either.
    const isKnownLimit = isTooNarrow && stored.requested_scope !== undefined && coversScopes(stored.requested_scope, scopes)
    if (isKnownLimit) this.trace.note(`the server registered the client for ${stored.scope || 'no scope'} only`)
    const isReusable = stored && (!isTooNarrow || isKnownLimit) && isUsable(stored, redirect_uri, this.options.now())
    const confirmed = isReusable ? await this.confirm(stored, server.issuer) : undefined
    // Without a scope the server does not limit what the client may request later.
    const registration = confirmed ?? await registerClient(server, redirect_uri, isTooNarrow ? scopes : [], this.trace)
    await this.remember(server, registration)
    return registration
  }

  private async confirm(stored: Registration, issuer: string): Promise<Registration | undefined> {
    const { confirmRegistration = async () => stored } = this.options
    const confirmed = await confirmRegistration(stored, issuer, this.trace)
    this.trace.note(confirmed
      ? `registered before as ${confirmed.client_id}`
      : `the earlier registration, ${stored.client_id}, is no longer known there`)
    return confirmed
  }

  private async stored(issuer: string): Promise<Registration | undefined> {
    return (await this.options.storage.read()).registrations[issuer]
  }

  private async remember({ issuer }: AuthorizationServer, registration: Registration): Promise<void> {
    await this.options.storage.update(state => (
      { ...state, registrations: { ...state.registrations, [issuer]: registration } }))
  }
}

/** Whether a stored registration is for this redirect URI and its secret has not expired. */
export function isUsable(registration: Registration, redirect_uri: string, now: number): boolean {
  const { client_secret_expires_at = 0 } = registration
  const isAlive = client_secret_expires_at === 0 || client_secret_expires_at > now
  return isAlive && registration.redirect_uri === redirect_uri
}

/** Whether the scope to which the server limited the client, if it did, includes these scopes. */
export function coversScopes(scope: string | undefined, scopes: readonly string[]): boolean {
  const needed = scopes.filter(name => name !== 'offline_access')
  return scope === undefined || includesScope(parseScope(scope) ?? [], needed)
}
