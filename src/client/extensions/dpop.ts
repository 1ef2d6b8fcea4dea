/** DPoP (RFC 9449): tokens are bound to a key, and the client signs a proof with that key for each request. */
import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { parseChallenges } from '../../base/protocol/challenge.ts'
import { randomToken, sha256 } from '../../base/protocol/crypto.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import type { ProofOfPossession, Prover } from '../../core/client/seams/proof-of-possession.ts'
import { publicJwk, signJws } from './signing.ts'

export class Dpop implements ProofOfPossession {
  private readonly bindsNewTokens: boolean
  private readonly now: () => number
  /** The prover that was used last. It is kept because it knows the nonces of the servers. */
  private last: DpopProver | undefined

  constructor(bindsNewTokens: boolean, now: () => number) {
    this.bindsNewTokens = bindsNewTokens
    this.now = now
  }

  proverFor(key: JsonObject | undefined): DpopProver | undefined {
    if (key === undefined && !this.bindsNewTokens) return undefined
    const isSame = this.last && (key === undefined || JSON.stringify(key) === JSON.stringify(this.last.exportKey()))
    if (!isSame) this.last = new DpopProver(key, this.now)
    return this.last
  }
}

export class DpopProver implements Prover {
  readonly tokenType = 'DPoP'
  private readonly key: KeyObject
  private readonly jwk: JsonObject
  private readonly now: () => number
  /** The nonce that each server last asked for (section 8.2), by origin. */
  private readonly nonces = new Map<string, string>()

  /** Uses the private key of stored tokens, or makes a new one. */
  constructor(stored: JsonObject | undefined, now: () => number) {
    this.key = stored
      ? createPrivateKey({ key: stored as JsonWebKey, format: 'jwk' })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    this.jwk = publicJwk(this.key)
    this.now = now
  }

  exportKey(): JsonObject {
    return this.key.export({ format: 'jwk' }) as JsonObject
  }

  prove(method: string, url: string, access_token?: string): { readonly dpop: string } {
    return { dpop: this.proof(method, url, access_token) }
  }

  /** A proof for one request (section 4.2). With an access token it carries the hash of the token. */
  proof(method: string, url: string, access_token?: string): string {
    const { origin, pathname } = new URL(url)
    const nonce = this.nonces.get(origin)
    return signJws({ typ: 'dpop+jwt', jwk: this.jwk }, {
      jti: randomToken(), htm: method, htu: origin + pathname, iat: Math.floor(this.now()),
      ...(access_token === undefined ? {} : { ath: sha256(access_token) }),
      ...(nonce === undefined ? {} : { nonce }),
    }, this.key)
  }

  learnNonce(url: string, status: number, headers: Headers, error: unknown): boolean {
    const nonce = headers.get('dpop-nonce')
    if (nonce === null) return false
    this.nonces.set(new URL(url).origin, nonce)
    if (status !== 400 && status !== 401) return false
    // The authorization server names the error in the body, a resource server in the challenge.
    const challenges = parseChallenges(headers.get('www-authenticate') ?? '')
    return [error, ...challenges.map(({ parameters }) => parameters.get('error'))].includes('use_dpop_nonce')
  }
}
