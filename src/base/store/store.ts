/**
 * The contract of the store. Each method is one step of the protocol and must be atomic: of two calls at the same time, one
 * takes effect before the other begins. Another engine can implement each method as one transaction.
 *
 * A record that has expired counts as absent. `records.ts` says when each kind expires. A store may limit how many records of
 * a kind it holds. It then evicts the oldest, unless the method says otherwise.
 */
import type {
  AuthorizationCode, AuthorizationRequest, BrowserSession, CachedDocument, Client, Consent, Grant, RefreshToken, Session,
} from './records.ts'

/** A grant that has not ended, and when its refresh token was last rotated. */
export interface ListedGrant extends Grant {
  readonly refreshed_at?: number
}

/** What sign-in attempts are counted by. Each kind has its own limit, so a flood of user names evicts no address. */
export type AttemptKey = 'name' | 'address'

/** How many attempts there were since the first one still counted, and when counting starts over. */
export interface Attempts {
  readonly count: number
  readonly ends_at: number
}

/** The outcome of presenting a refresh token. */
export type Rotation =
  /** The token was current. The next generation is current now. */
  | { readonly outcome: 'rotated'; readonly generation: number }
  /** The token was rotated within the window and its successor is unused. The client gets the same successor again. */
  | { readonly outcome: 'repeated'; readonly generation: number }
  /** The token was used before, or its grant has ended. The grant is revoked now. */
  | { readonly outcome: 'reused' }
  /** The grant was bound to another key in the meantime. Nothing has changed. */
  | { readonly outcome: 'bound to another key' }
  /** The grant was refreshed too often within a minute. Nothing has changed. */
  | { readonly outcome: 'too often'; readonly retry_after: number }

/** What can be used only once. Each kind has its own limit, so a flood of one does not affect the others. */
export type OneTimeUse = 'assertion' | 'proof of a token request' | 'proof of a resource request'

/** `full`: the table is at its limit, so a first use cannot be told from a replay. */
export type UseOutcome = 'first' | 'repeated' | 'full'

export interface Store {
  /** Adds a newly registered client. */
  addClient(client: Client): Promise<void>
  findClient(client_id: string): Promise<Client | undefined>
  /** Replaces the record of the same client_id, without extending its life. Does nothing if there is none. */
  replaceClient(client: Client): Promise<void>
  /**
   * Notes that the client got a token, which extends its life. If a user approved, or has approved the client before, it
   * counts as used. Otherwise it stays a new client, so that a flood of registrations can evict only new clients.
   */
  keepClient(client_id: string, approved: boolean): Promise<void>
  /** Removes the client and revokes all tokens that were issued to it. */
  removeClient(client_id: string): Promise<void>

  findDocument(key: string): Promise<CachedDocument | undefined>
  /** Caches a document that a client named, in place of an earlier one with this key. */
  cacheDocument(key: string, document: CachedDocument, expires_at: number): Promise<void>

  /**
   * Marks an assertion or a proof as used, and tells whether this is the first use. A use is never evicted: when the table is
   * full, the answer is `full`. Assertions also have a quota per client, and only the client that exceeds its own gets `full`.
   */
  useOnce(use: OneTimeUse, id_hash: string, client_id: string): Promise<UseOutcome>

  /** Adds a request that waits for the decision of the user. */
  addAuthorizationRequest(token_hash: string, request: AuthorizationRequest): Promise<void>
  findAuthorizationRequest(token_hash: string): Promise<AuthorizationRequest | undefined>
  /** Returns the request and deletes it, so that only one decision can use it. */
  useAuthorizationRequest(token_hash: string): Promise<AuthorizationRequest | undefined>

  addAuthorizationCode(code: AuthorizationCode): Promise<void>
  /** Also returns a code that is used or past its `expires_at`, so that the error can tell it from an unknown one. */
  findAuthorizationCode(code_hash: string): Promise<AuthorizationCode | undefined>
  /**
   * If the code is unused, marks it as used, adds the grant and its first refresh token (if any), and returns true. If the code
   * was used before or is unknown, revokes the grant and returns false.
   */
  useAuthorizationCode(code_hash: string, grant: Grant, refreshToken: RefreshToken | undefined): Promise<boolean>

  findGrant(grant_id: string): Promise<Grant | undefined>
  /** Revokes the grant with all its refresh and access tokens. */
  revokeGrant(grant_id: string): Promise<void>
  /** Also returns a token for a day after it has expired, so that the error can tell it from an unknown one. */
  findRefreshToken(handle_hash: string): Promise<RefreshToken | undefined>
  /**
   * If `generation` is current, makes the next one current and binds the grant to the key `jkt`, if given. If it is the one
   * before, rotated less than `window` seconds ago, changes nothing. Any other generation was used before, however long ago, so
   * the grant is revoked.
   */
  rotateRefreshToken(handle_hash: string, generation: number, window: number, jkt?: string): Promise<Rotation>

  revokeAccessToken(jti: string): Promise<void>
  /**
   * Whether the token, its grant or its client has been revoked. A store that has to evict a revocation must say yes for every
   * token issued before it, so that no revocation is undone.
   */
  isRevoked(token: { jti: string; grant_id: string; client_id: string; iat: number }): Promise<boolean>

  addBrowserSession(id_hash: string, session: BrowserSession): Promise<void>
  findBrowserSession(id_hash: string): Promise<BrowserSession | undefined>
  removeBrowserSession(id_hash: string): Promise<void>
  /** Counts a sign-in attempt and returns the total. Called before the outcome is known, so that parallel attempts count. */
  countAttempt(key: AttemptKey, key_hash: string): Promise<Attempts>
  forgetAttempts(key: AttemptKey, key_hash: string): Promise<void>

  /** Remembers a decision, in place of an earlier one of the same user on the same client and redirect host. */
  rememberConsent(consent: Consent): Promise<void>
  /** Forgets that decision. Grants that came from it stay valid. */
  forgetConsent(sub: string, client_id: string, redirect_host: string): Promise<void>
  findConsent(sub: string, client_id: string, redirect_host: string): Promise<Consent | undefined>
  listConsents(sub: string): Promise<readonly Consent[]>
  listGrants(sub: string): Promise<readonly ListedGrant[]>
  /** Forgets every decision of the user on the client, deletes the unused codes, and revokes the grants and their tokens. */
  withdrawConsent(sub: string, client_id: string): Promise<void>
  /** Revokes the grant if it belongs to the user. Otherwise does nothing. */
  endGrant(sub: string, grant_id: string): Promise<void>

  addSession(session: Session): Promise<void>
  findSession(session_hash: string): Promise<Session | undefined>
  removeSession(session_hash: string): Promise<void>

  /** How many records there are of each kind, for `/health`. */
  counts(): Promise<Readonly<Record<string, number>>>
}
