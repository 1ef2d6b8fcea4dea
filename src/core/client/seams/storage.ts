/**
 * What the client remembers: registrations by issuer, and tokens by MCP server. The core needs no more than this
 * interface. `client/storage` implements it in a file and in memory.
 */
import type { JsonObject } from '../../../base/protocol/json.ts'

export interface ClientStorage {
  read(): Promise<ClientState>
  /** Applies `change` to the newest state. No other process writes in between. */
  update(change: (state: ClientState) => ClientState): Promise<void>
  /** Runs `work` while no other process that shares the storage runs its own. */
  exclusively<T>(work: (lease: Lease) => Promise<T>): Promise<T>
}

export interface Lease {
  /**
   * Whether this process still holds the lease. A process that was suspended may have lost it without noticing, so it
   * asks before it does what only the holder may do.
   */
  isHeld(): Promise<boolean>
}

export interface ClientState {
  readonly registrations: Readonly<Record<string, Registration>>
  readonly servers: Readonly<Record<string, StoredTokens>>
}

/**
 * A client as one authorization server registered it. Its credentials are never sent to another
 * (MCP 2026-07-28, Authorization Server Binding).
 */
export interface Registration {
  readonly client_id: string
  readonly client_secret?: string
  /** A NumericDate; 0 means that the secret does not expire (RFC 7591 section 3.2.1). */
  readonly client_secret_expires_at?: number
  readonly token_endpoint_auth_method: string
  readonly redirect_uri: string
  /** The scope to which the server limited the client, if it named one. */
  readonly scope?: string
  /** The scope that the client asked to be registered for, if it named one. */
  readonly requested_scope?: string
  readonly registration_client_uri?: string
  readonly registration_access_token?: string
}

/** The tokens for one MCP server, and what is needed to refresh them. */
export interface StoredTokens {
  readonly issuer: string
  /** The client that got the tokens. A later registration at the same issuer cannot refresh them. */
  readonly registration: Registration
  readonly token_endpoint: string
  readonly revocation_endpoint?: string
  readonly resource?: string
  readonly access_token: string
  readonly token_type: string
  /** The private key to which the tokens are bound, as a JSON Web Key (RFC 9449). */
  readonly dpop_key?: JsonObject
  /** A NumericDate; absent if the server did not say. */
  readonly expires_at?: number
  readonly refresh_token?: string
  /** The scopes that the client requested. A step-up requests them again, together with new ones. */
  readonly requested_scopes: readonly string[]
  /** The scope that the server granted, if the token response named it. */
  readonly scope?: string
}

/** A copy of `table` without the member `key`. */
export function without<T>(table: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(table).filter(([name]) => name !== key))
}
