/** What the token endpoint issues, and the proof of the key that tokens can be bound to. */

/** The claims of an access token (RFC 9068 section 2.2). */
export interface AccessToken {
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly client_id: string
  readonly scope: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
  /** The grant that the token was issued under. Revoking the grant revokes the token. */
  readonly grant_id: string
  /** The thumbprint of the key that the token is bound to (RFC 9449 section 6.1). */
  readonly cnf?: { readonly jkt: string }
}

/** The successful response of the token endpoint (RFC 6749 section 5.1), without token_type. */
export interface IssuedTokens {
  readonly access_token: string
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope: string
}

/** A verified proof that the client holds a key. Tokens are bound to that key. */
export interface Proof {
  /** The thumbprint of the key. */
  readonly jkt: string
  /** Marks the proof as used. Call it after every other check, so that a rejected request does not use it up. */
  use(): Promise<void>
}
