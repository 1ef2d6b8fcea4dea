/**
 * The store: protocol steps, each of which is atomic, so that another engine can do each as one transaction.
 * Nothing is found after it has expired.
 */
import type {
  AuthorizationCode, AuthorizationRequest, BrowserSession, Client, Consent, Grant, KeptDocument, RefreshToken, Session,
} from './records.ts'

/** A grant in force, and when its refresh token was last used. */
export interface ListedGrant extends Grant {
  readonly refreshed_at?: number
}

/** By what attempts to sign in are counted, each with room of its own: a flood of names presses out no address. */
export type AttemptKey = 'name' | 'address'

/** How many attempts there were since the first that is still counted, and when the count ends. */
export interface Attempts {
  readonly count: number
  readonly ends_at: number
}

/** What became of a refresh token that was presented. */
export type Rotation =
  /** It was the current one. The next generation is valid now. */
  | { readonly outcome: 'rotated'; readonly generation: number }
  /** It was rotated within the window and nobody has used its successor: the successor is given out again. */
  | { readonly outcome: 'repeated'; readonly generation: number }
  /** It was used before, or its grant has ended. The grant is revoked now. */
  | { readonly outcome: 'reused' }
  /** The grant was bound to another key in the meantime. Nothing has changed. */
  | { readonly outcome: 'bound to another key' }
  /** The grant was refreshed too often within a minute. Nothing has changed. */
  | { readonly outcome: 'too often'; readonly retry_after: number }

/** What works once, each with room of its own: a flood of one takes nothing from the others. */
export type OneTimeUse = 'assertion' | 'proof of a token request' | 'proof of a resource request'

/** `full`: there are more uses than can be remembered, so a first one cannot be told from a second. */
export type UseOutcome = 'first' | 'repeated' | 'full'

export interface Store {
  addClient(client: Client): Promise<void>
  findClient(client_id: string): Promise<Client | undefined>
  replaceClient(client: Client): Promise<void>
  /** Notes that the client got a token, which makes it stay; one that no user approved stays among the new ones. */
  keepClient(client_id: string, approved: boolean): Promise<void>
  /** Removes the client and revokes whatever it was issued. */
  removeClient(client_id: string): Promise<void>

  /** A document that a client named, while it is fresh. */
  findDocument(key: string): Promise<KeptDocument | undefined>
  keepDocument(key: string, document: KeptDocument, expires_at: number): Promise<void>

  /**
   * Uses what must be used once. Nothing that was used is forgotten before it is dead, however many uses there are; a
   * client that has used too many assertions is told `full` alone.
   */
  useOnce(use: OneTimeUse, id_hash: string, client_id: string): Promise<UseOutcome>

  addAuthorizationRequest(token_hash: string, request: AuthorizationRequest): Promise<void>
  findAuthorizationRequest(token_hash: string): Promise<AuthorizationRequest | undefined>
  /** Takes the request, once. */
  useAuthorizationRequest(token_hash: string): Promise<AuthorizationRequest | undefined>

  addAuthorizationCode(code: AuthorizationCode): Promise<void>
  /** Finds a code for some time after it has expired, too. */
  findAuthorizationCode(code_hash: string): Promise<AuthorizationCode | undefined>
  /**
   * Uses the code and begins its grant, with the first refresh token where there is one. False when the code was used
   * before; its grant is revoked then.
   */
  useAuthorizationCode(code_hash: string, grant: Grant, refreshToken: RefreshToken | undefined): Promise<boolean>

  findGrant(grant_id: string): Promise<Grant | undefined>
  /** Revokes the grant with all its refresh and access tokens. */
  revokeGrant(grant_id: string): Promise<void>
  findRefreshToken(handle_hash: string): Promise<RefreshToken | undefined>
  /**
   * Uses generation `generation` of a refresh token. Whatever is not the current generation, nor within `window` seconds the
   * one before it, was used before, however long ago. With a `jkt` the grant is bound to that key from now on.
   */
  rotateRefreshToken(handle_hash: string, generation: number, window: number, jkt?: string): Promise<Rotation>

  revokeAccessToken(jti: string): Promise<void>
  isRevoked(token: { jti: string; grant_id: string; client_id: string; iat: number }): Promise<boolean>

  addBrowserSession(id_hash: string, session: BrowserSession): Promise<void>
  findBrowserSession(id_hash: string): Promise<BrowserSession | undefined>
  removeBrowserSession(id_hash: string): Promise<void>
  /** Counts one more attempt to sign in, before it is known how it ends: so many at once are counted as well. */
  countAttempt(key: AttemptKey, key_hash: string): Promise<Attempts>
  forgetAttempts(key: AttemptKey, key_hash: string): Promise<void>

  /** Remembers the decision, in the place of an earlier one on the same client and redirect host. */
  rememberConsent(consent: Consent): Promise<void>
  /** Forgets what the user allowed, and leaves the grants as they are. */
  forgetConsent(sub: string, client_id: string, redirect_host: string): Promise<void>
  findConsent(sub: string, client_id: string, redirect_host: string): Promise<Consent | undefined>
  listConsents(sub: string): Promise<readonly Consent[]>
  listGrants(sub: string): Promise<readonly ListedGrant[]>
  /** Forgets what the user decided on the client, and revokes what it led to: grants, tokens, and codes that wait. */
  withdrawConsent(sub: string, client_id: string): Promise<void>
  /** Revokes a grant, if it is the user's. */
  endGrant(sub: string, grant_id: string): Promise<void>

  addSession(session: Session): Promise<void>
  findSession(session_hash: string): Promise<Session | undefined>
  removeSession(session_hash: string): Promise<void>

  /** How many records there are of each kind, for `/health`. */
  counts(): Promise<Readonly<Record<string, number>>>
}
