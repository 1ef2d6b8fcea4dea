/**
 * What the authorization server keeps. Members that stand on the wire have their wire names. Times are NumericDates:
 * seconds since 1970 (RFC 7519 section 2). Of a secret only its SHA-256 is kept.
 *
 * | record               | key                        | ends                                         |
 * | -------------------- | -------------------------- | -------------------------------------------- |
 * | Client               | client_id                  | unused for a day, once used for 90 days      |
 * | AuthorizationRequest | SHA-256 of consent_token   | 10 minutes, or answered                      |
 * | AuthorizationCode    | SHA-256 of the code        | twice its lifetime, to tell used from unknown|
 * | Grant                | grant_id                   | lifetime of refresh tokens, or revoked       |
 * | RefreshToken         | SHA-256 of its handle      | with its grant                               |
 * | document of a client | what it is for, and URL    | as its headers say, at most a day            |
 * | used assertion       | SHA-256 of client and jti  | 12 minutes: no assertion lives longer        |
 * | used proof           | SHA-256 of key and jti     | 130 seconds: no proof lives longer           |
 * | Revocation           | jti, grant_id or client_id | lifetime of access tokens                    |
 * | BrowserSession       | SHA-256 of its id          | 12 hours, or signed out                      |
 * | Consent              | sub                        | 90 days after the last of the user           |
 * | attempts to sign in  | SHA-256 of name or address | 15 minutes after the first, or signed in     |
 */
import type { FetchedDocument } from '../http/fetch-document.ts'
import type { JsonObject } from '../protocol/json.ts'

/** What was fetched from a URL that a client named. */
export interface KeptDocument extends FetchedDocument {
  readonly fetched_at: number
}

/** Client metadata (RFC 7591 section 2), as registered and echoed. */
export interface ClientMetadata {
  readonly redirect_uris: readonly string[]
  /** Absent where the client named none: it may then use either method of its secret. */
  readonly token_endpoint_auth_method?: AuthenticationMethod
  readonly grant_types: readonly string[]
  readonly response_types: readonly string[]
  /** The upper bound of what the client can be granted; absent where it named none. */
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
  /** The public keys of a client that authenticates with private_key_jwt, or where they are. */
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
  /** Absent where a metadata document describes the client. */
  readonly registration_access_token_hash?: string
  readonly metadata: ClientMetadata
  /** Whether it was issued a token that no user approved. */
  readonly served?: true
}

/** An authorization request that passed every check: what its code will be bound to. */
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

/** A request that waits for the decision of the user. */
export interface AuthorizationRequest extends RequestedGrant {
  /** SHA-256 of the cookie of the browser that was shown the consent page. */
  readonly browser_hash: string
  /** The user who was shown it, and the name of the client on it. */
  readonly sub: string
  readonly client_name: string
}

/** What a user decided, to be remembered: the newest decision on a client and a redirect host is the one that counts. */
export interface Consent {
  readonly sub: string
  readonly client_id: string
  readonly client_name: string
  readonly redirect_host: string
  readonly scope: string
  readonly given_at: number
}

/** The browser of a user who signed in. */
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

/** What a user let a client do. All its tokens end with it. */
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
 * The refresh token of a grant. Earlier generations need no record: each token says which grant and generation it is, under
 * a MAC, and every generation but the current one has been used.
 */
export interface RefreshToken {
  readonly handle_hash: string
  readonly grant_id: string
  readonly client_id: string
  readonly expires_at: number
  /** The generation that is valid now. */
  readonly generation: number
  /** When the generation before it was rotated; absent for the first. */
  readonly rotated_at?: number
}

/** An MCP session of the legacy protocol versions. It belongs to one user and one client, and authenticates neither. */
export interface Session {
  readonly session_hash: string
  readonly sub: string
  readonly client_id: string
  readonly protocolVersion: string
}
