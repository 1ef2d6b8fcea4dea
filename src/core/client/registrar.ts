/**
 * Who the client is at an authorization server: known there beforehand, described by a metadata document, or registered
 * dynamically, in this order (MCP 2026-07-28 basic/authorization/client-registration).
 */
import type { KeyObject } from 'node:crypto'
import { credentialsBelongToIssuer, registrationIsPossible } from '../rules/client.ts'
import type { AuthorizationServer } from './discovery.ts'
import { confirmRegistration, coversScopes, isUsable, registerClient } from './registration.ts'
import type { ClientStorage, Registration } from './storage.ts'
import type { Trace } from './wire/trace.ts'

/** What the user brings along; nothing of it means dynamic registration. */
export interface ClientIdentity {
  /** A client that was registered beforehand, by hand. */
  readonly client_id?: string
  readonly client_secret?: string
  /** The URL of the metadata document of the client. */
  readonly client_metadata_url?: string
  /** The key of private_key_jwt, for either of the two. */
  readonly privateKey?: KeyObject
}

export class ClientRegistrar {
  private readonly identity: ClientIdentity
  private readonly storage: ClientStorage
  private readonly trace: Trace
  private readonly now: () => number

  constructor(identity: ClientIdentity, storage: ClientStorage, trace: Trace, now: () => number) {
    this.identity = identity
    this.storage = storage
    this.trace = trace
    this.now = now
  }

  async obtain(server: AuthorizationServer, redirect_uri: string, scopes: readonly string[]): Promise<Registration> {
    if (this.identity.client_id !== undefined) return this.preRegistered(server, redirect_uri)
    const { client_metadata_url, privateKey } = this.identity
    if (client_metadata_url !== undefined && server.client_id_metadata_document_supported) {
      this.trace.step('Use the metadata document as client_id', 'MCP 2026-07-28 basic/authorization/client-registration')
      // The URL means the same client everywhere, so there is nothing to remember.
      return { client_id: client_metadata_url, token_endpoint_auth_method: privateKey ? 'private_key_jwt' : 'none', redirect_uri }
    }
    if (client_metadata_url !== undefined) {
      this.trace.note('the authorization server does not take metadata documents: the client is registered')
    }
    return this.registered(server, redirect_uri, scopes)
  }

  /**
   * The client that was registered beforehand. It belongs to one authorization server: should the MCP server name
   * another one later, the credentials are not shown to that one.
   */
  async preRegistered(server: AuthorizationServer, redirect_uri = ''): Promise<Registration> {
    const { client_id, client_secret } = this.identity
    this.trace.check(registrationIsPossible, client_id !== undefined, server.issuer)
    const { registrations } = await this.storage.read()
    const other = Object.keys(registrations).find(issuer => (
      issuer !== server.issuer && registrations[issuer]!.client_id === client_id))
    this.trace.check(credentialsBelongToIssuer, other === undefined, server.issuer, other)
    this.trace.note(`registered beforehand as ${client_id}`)
    const registration = {
      client_id, token_endpoint_auth_method: this.methodFor(server), redirect_uri,
      ...(client_secret === undefined ? {} : { client_secret }),
    }
    await this.remember(server, registration)
    return registration
  }

  async knownRedirectUri(issuer: string): Promise<string | undefined> {
    return (await this.storage.read()).registrations[issuer]?.redirect_uri || undefined
  }

  private async registered(server: AuthorizationServer, redirect_uri: string, scopes: readonly string[]): Promise<Registration> {
    const stored = (await this.storage.read()).registrations[server.issuer]
    const usable = stored && isUsable(stored, redirect_uri, this.now()) && coversScopes(stored, scopes)
    const confirmed = usable ? await confirmRegistration(stored, this.trace) : undefined
    if (confirmed) this.trace.note(`registered before as ${confirmed.client_id}`)
    else if (usable) this.trace.note(`the registration of before, ${stored.client_id}, is not known there any more`)
    const wanted = stored && !coversScopes(stored, scopes) ? scopes : []
    const registration = confirmed ?? await registerClient(server, redirect_uri, wanted, this.trace)
    await this.remember(server, registration)
    return registration
  }

  private async remember({ issuer }: AuthorizationServer, registration: Registration): Promise<void> {
    await this.storage.update(state => ({ ...state, registrations: { ...state.registrations, [issuer]: registration } }))
  }

  /** RFC 8414 section 2: the methods that the metadata lists, of which an absent list means Basic. */
  private methodFor({ token_endpoint_auth_methods_supported: supported }: AuthorizationServer): string {
    if (this.identity.privateKey) return 'private_key_jwt'
    if (this.identity.client_secret === undefined) return 'none'
    const postAlone = supported.includes('client_secret_post') && !supported.includes('client_secret_basic')
    return postAlone ? 'client_secret_post' : 'client_secret_basic'
  }
}
