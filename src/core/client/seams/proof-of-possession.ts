/**
 * Tokens that are bound to a key: each request proves that the client holds the key, so a stolen token is useless.
 * `client/extensions` implements this by DPoP (RFC 9449). Without it the core uses Bearer tokens only.
 */
import type { JsonObject } from '../../../base/protocol/json.ts'

export interface ProofOfPossession {
  /**
   * The prover for tokens that are bound to `key`. Without a key, the prover for new tokens, or undefined if they
   * should not be bound.
   */
  proverFor(key: JsonObject | undefined): Prover | undefined
}

export interface Prover {
  /** The token_type of bound tokens, which is also their authentication scheme. */
  readonly tokenType: string
  /** The headers that prove possession of the key for one request; the proof covers the access token if there is one. */
  prove(method: string, url: string, access_token?: string): Readonly<Record<string, string>>
  /** Remembers the nonce of a response. Returns whether the server wants the request again, with that nonce. */
  learnNonce(url: string, status: number, headers: Headers, error: unknown): boolean
  /** The private key, to be stored with the tokens that are bound to it. */
  exportKey(): JsonObject
}
