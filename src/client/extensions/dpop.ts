/** DPoP proofs (RFC 9449): each request is signed with a key to which the tokens are bound. */
import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { randomToken, sha256 } from '../../base/protocol/crypto.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { parseChallenges } from '../../core/client/challenge.ts'
import { publicJwk, signJws } from './signing.ts'

export class DpopProver {
  private readonly key: KeyObject
  private readonly jwk: JsonObject
  private readonly now: () => number
  /** The nonce that each server asked for last (section 8.2), by origin. */
  private readonly nonces = new Map<string, string>()

  /** Takes up the private key of stored tokens, or makes a new one. */
  constructor(stored: JsonObject | undefined, now: () => number) {
    this.key = stored
      ? createPrivateKey({ key: stored as JsonWebKey, format: 'jwk' })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    this.jwk = publicJwk(this.key)
    this.now = now
  }

  /** The private key, to be stored beside the tokens that are bound to it. */
  exportKey(): JsonObject {
    return this.key.export({ format: 'jwk' }) as JsonObject
  }

  /** The DPoP header of a request (section 4.2); with an access token its hash is part of the proof. */
  proof(method: string, url: string, access_token?: string): string {
    const { origin, pathname } = new URL(url)
    const nonce = this.nonces.get(origin)
    return signJws({ typ: 'dpop+jwt', jwk: this.jwk }, {
      jti: randomToken(), htm: method, htu: origin + pathname, iat: Math.floor(this.now()),
      ...(access_token === undefined ? {} : { ath: sha256(access_token) }),
      ...(nonce === undefined ? {} : { nonce }),
    }, this.key)
  }

  /** Remembers the nonce of an answer; whether the answer asks for the request to be repeated with it. */
  learnNonce(url: string, status: number, headers: Headers, error: unknown): boolean {
    const nonce = headers.get('dpop-nonce')
    if (nonce === null) return false
    this.nonces.set(new URL(url).origin, nonce)
    const challenged = parseChallenges(headers.get('www-authenticate') ?? '')
      .some(({ parameters }) => parameters.get('error') === 'use_dpop_nonce')
    return (status === 400 || status === 401) && (challenged || error === 'use_dpop_nonce')
  }
}
