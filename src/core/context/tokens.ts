/** What the token endpoint issues, and the key that a token can be bound to. */

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
  /** The grant under which it was issued: revoking the grant ends the token. */
  readonly grant_id: string
  /** The thumbprint of the key to which the token is bound (RFC 9449 section 6.1). */
  readonly cnf?: { readonly jkt: string }
}

/** What a grant gives (RFC 6749 section 5.1). */
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
  /** Counts the proof as used. Call it when every other check has passed, so that a refused request uses up nothing. */
  use(): Promise<void>
}
