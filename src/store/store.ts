/**
 * The store: protocol steps, each of which is atomic, so that another engine can do each as one transaction.
 * Nothing is found after it has expired.
 */
import type {
  AuthorizationCode, AuthorizationRequest, Client, Grant, KeptDocument, RefreshToken, Session, Successor,
} from './records.ts'

/** What became of a refresh token that was presented. */
export type Rotation =
  /** It was valid: the successor that was offered is valid now. */
  | { readonly outcome: 'rotated' }
  /** It was rotated within the window and its successor is unused: the same successor, made with this salt. */
  | { readonly outcome: 'repeated'; readonly successor_salt: string }
  /** It was used before: its grant is revoked now. */
  | { readonly outcome: 'reused' }

/** What works once, each with room of its own: a flood of one takes nothing from the others. */
export type OneTimeUse = 'assertion' | 'proof of a token request' | 'proof of a resource request'

/** `full`: there are more uses than can be remembered, so a first one cannot be told from a second. */
export type UseOutcome = 'first' | 'repeated' | 'full'

export interface Store {
  addClient(client: Client): Promise<void>
  findClient(client_id: string): Promise<Client | undefined>
  replaceClient(client: Client): Promise<void>
  /** Notes that the client got a token, which makes it stay. */
  keepClient(client_id: string): Promise<void>
  /** Removes the client and revokes whatever it was issued. */
  removeClient(client_id: string): Promise<void>

  /** A document that a client named, while it is fresh. */
  findDocument(key: string): Promise<KeptDocument | undefined>
  keepDocument(key: string, document: KeptDocument, expires_at: number): Promise<void>

  /** Uses what must be used once. Nothing that was used is forgotten before it is dead, however many uses there are. */
  useOnce(use: OneTimeUse, id_hash: string): Promise<UseOutcome>

  addAuthorizationRequest(id_hash: string, request: AuthorizationRequest): Promise<void>
  findAuthorizationRequest(id_hash: string): Promise<AuthorizationRequest | undefined>
  /** Takes the request, once. */
  useAuthorizationRequest(id_hash: string): Promise<AuthorizationRequest | undefined>

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
  findRefreshToken(token_hash: string): Promise<RefreshToken | undefined>
  /**
   * Rotates the refresh token; `window` is how many seconds a repetition is answered alike. Where a `jkt` is given, the
   * grant is bound to that key from now on.
   */
  rotateRefreshToken(token_hash: string, successor: Successor, window: number, jkt?: string): Promise<Rotation>

  revokeAccessToken(jti: string): Promise<void>
  isRevoked(token: { jti: string; grant_id: string; client_id: string; iat: number }): Promise<boolean>

  addSession(session: Session): Promise<void>
  findSession(session_hash: string): Promise<Session | undefined>
  removeSession(session_hash: string): Promise<void>

  /** How many records there are of each kind, for `/health`. */
  counts(): Promise<Readonly<Record<string, number>>>
}
