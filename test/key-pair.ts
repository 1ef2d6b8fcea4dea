/** Keys that tests sign with, as a client would. */
import { constants, generateKeyPairSync, sign, type KeyObject, type SignKeyObjectInput } from 'node:crypto'
import { randomToken, sha256 } from '../src/base/protocol/crypto.ts'
import { thumbprint } from '../src/base/protocol/jws.ts'
import type { Members } from './harness.ts'

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256'

export interface KeyPair {
  readonly jwk: Members
  /** RFC 7638, SHA-256. */
  readonly jkt: string
  /** A JWT in compact form. */
  sign(header: Members, claims: Members): string
}

const curve = { namedCurve: 'P-256' }
const rsa = { modulusLength: 2048 }

interface Maker {
  readonly make: () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly hash: string | null
  readonly options: Partial<SignKeyObjectInput>
}

const makers: Readonly<Record<Algorithm, Maker>> = {
  ES256: { make: () => generateKeyPairSync('ec', curve), hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { make: () => generateKeyPairSync('ed25519'), hash: null, options: {} },
  RS256: { make: () => generateKeyPairSync('rsa', rsa), hash: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } },
  PS256: {
    make: () => generateKeyPairSync('rsa', rsa), hash: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  },
}

export function createKeyPair(alg: Algorithm = 'ES256'): KeyPair {
  const { make, hash, options } = makers[alg]
  const { publicKey, privateKey } = make()
  const jwk = publicKey.export({ format: 'jwk' }) as Members
  return {
    jwk,
    jkt: thumbprint(jwk)!,
    sign(header, claims) {
      const signingInput = [{ alg, ...header }, claims].map(encode).join('.')
      return `${signingInput}.${sign(hash, Buffer.from(signingInput), { key: privateKey, ...options }).toString('base64url')}`
    },
  }
}

/** A DPoP proof (RFC 9449 section 4.2), valid but for `changes`; an undefined member leaves its claim out. */
export function createProof(key: KeyPair, htm: string, htu: string, changes: Members = {}, header: Members = {}): string {
  return key.sign({ typ: 'dpop+jwt', jwk: key.jwk, ...header }, {
    jti: randomToken(), htm, htu, iat: Math.floor(Date.now() / 1000), ...changes,
  })
}

/** The proof of a request that carries the access token. */
export function createTokenProof(key: KeyPair, access_token: string, htm: string, htu: string, changes: Members = {}): string {
  return createProof(key, htm, htu, { ath: sha256(access_token), ...changes })
}

/** A client assertion (RFC 7523 section 3), valid but for `changes`. */
export function createAssertion(key: KeyPair, client_id: string, aud: string, changes: Members = {}, header: Members = {}): string {
  const now = Math.floor(Date.now() / 1000)
  return key.sign(header, { iss: client_id, sub: client_id, aud, exp: now + 60, iat: now, jti: randomToken(), ...changes })
}

function encode(value: Members): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
