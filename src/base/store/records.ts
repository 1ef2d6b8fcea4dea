/**
 * The records that the server stores. Members that appear on the wire have their wire names. Times are NumericDates: seconds
 * since 1970 (RFC 7519 section 2). Secrets are stored only as SHA-256 hashes.
 *
 * | record               | key                        | expires                                                  |
 * | -------------------- | -------------------------- | -------------------------------------------------------- |
 * | Client               | client_id                  | 1 day after registration, 90 days after its last token   |
 * | AuthorizationRequest | SHA-256 of consent_token   | after 10 minutes, or when answered                       |
 * | AuthorizationCode    | SHA-256 of the code        | after twice its lifetime, to tell expired from unknown   |
 * | Grant                | grant_id                   | after the lifetime of refresh tokens, or when revoked    |
 * | RefreshToken         | SHA-256 of its handle      | with its grant                                           |
 * | CachedDocument       | purpose and URL            | as its HTTP headers say, after at most 1 day             |
 * | used assertion       | SHA-256 of client and jti  | after 12 minutes, longer than an assertion is valid      |
 * | used proof           | SHA-256 of key and jti     | after 130 seconds, longer than a proof is valid          |
 * | revocation           | jti, grant_id or client_id | after the lifetime of access tokens                      |
 * | BrowserSession       | SHA-256 of its id          | after 12 hours, or on sign-out                           |
 * | Consent              | sub                        | 90 days after the last decision of the user              |
 * | sign-in attempts     | SHA-256 of name or address | 15 minutes after the first, or on success                |
 * | Session (MCP)        | SHA-256 of its id          | after 1 day, or when the client ends it                  |
 */
import type { FetchedDocument } from '../http/fetch-document.ts'
import type { JsonObject } from '../protocol/json.ts'

/** A document that was fetched from a URL that a client named: its metadata or its keys. */
export interface CachedDocument extends FetchedDocument {
  readonly fetched_at: number
}

/** Client metadata (RFC 7591 section 2), as registered and echoed. */
export interface ClientMetadata {
  readonly redirect_uris: readonly string[]
  /** If absent, the client may send its secret by Basic or in the body. */
  readonly token_endpoint_auth_method?: AuthenticationMethod
  readonly grant_types: readonly string[]
  readonly response_types: readonly string[]
  /** The most that the client can be granted. If absent, everything. */
  readonly scope?: string
  readonly client_name?: string
  readonly client_uri?: string
  readonly logo_uri?: string
  readonly tos_uri?: string
  readonly policy_uri?: string
  readonly contacts?: readonly string[]
  readonly software_id?: string
  readonly software_version?: string
  readonly application_type?: 'native' | 'web'
  /** The public keys of a client that authenticates with private_key_jwt, or their URL. */
  readonly jwks?: { readonly keys: readonly JsonObject[] }
  readonly jwks_uri?: string
  /** Whether the client always sends DPoP proofs (RFC 9449 section 5.2). */
  readonly dpop_bound_access_tokens?: boolean
}

export const authenticationMethods = ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'] as const
export type AuthenticationMethod = (typeof authenticationMethods)[number]

export interface Client {
  readonly client_id: string
  readonly client_id_issued_at: number
  readonly client_secret_hash?: string
  /** Absent if a metadata document describes the client. */
  readonly registration_access_token_hash?: string
  readonly metadata: ClientMetadata
  /** Set once the client got a token that no user approved. */
  readonly token_issued?: true
}

/** The parameters of a valid authorization request. The code is bound to them. */
export interface RequestedGrant {
  readonly client_id: string
  readonly redirect_uri: string
  readonly state?: string
  readonly code_challenge: string
  readonly scope: string
  readonly resource: string
  /** The key to which the code is bound (RFC 9449 section 10). */
  readonly dpop_jkt?: string
}

/** An authorization request that waits for the decision of the user. */
export interface AuthorizationRequest extends RequestedGrant {
  /** SHA-256 of the cookie of the browser that was shown the consent page. */
  readonly browser_hash: string
  /** The user who was shown the page, and the name of the client on it. */
  readonly sub: string
  readonly client_name: string
}

/** A remembered decision of a user. The latest decision on a client and redirect host replaces earlier ones. */
export interface Consent {
  readonly sub: string
  readonly client_id: string
  readonly client_name: string
  readonly redirect_host: string
  readonly scope: string
  readonly given_at: number
}

/** A browser in which a user is signed in. */
export interface BrowserSession {
  readonly sub: string
  readonly signed_in_at: number
}

export interface AuthorizationCode {
  readonly code_hash: string
  readonly client_id: string
  readonly redirect_uri: string
  readonly code_challenge: string
  readonly scope: string
  readonly resource: string
  readonly dpop_jkt?: string
  readonly sub: string
  readonly grant_id: string
  readonly expires_at: number
}

/** What a user allowed a client to do. All its tokens end with it. */
export interface Grant {
  readonly grant_id: string
  readonly client_id: string
  readonly sub: string
  readonly scope: string
  readonly resource: string
  readonly created_at: number
  readonly expires_at: number
  /** The key to which the refresh tokens of a public client are bound (RFC 9449 section 5). */
  readonly jkt?: string
}

/**
 * The refresh token of a grant. Each token carries its grant and its generation under a MAC, so one record per grant is enough:
 * every generation before the current one has been used.
 */
export interface RefreshToken {
  readonly handle_hash: string
  readonly grant_id: string
  readonly client_id: string
  readonly expires_at: number
  /** The generation that is current. */
  readonly generation: number
  /** When the previous generation was rotated. Absent for the first. */
  readonly rotated_at?: number
}

/** An MCP session of the legacy protocol versions. It belongs to one user and one client, but authenticates neither. */
export interface Session {
  readonly session_hash: string
  readonly sub: string
  readonly client_id: string
  readonly protocolVersion: string
}
