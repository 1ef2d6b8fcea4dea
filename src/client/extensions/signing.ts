/** Signs JWTs with a private key of the client: client assertions and DPoP proofs. */
import { constants, createPrivateKey, createPublicKey, sign, type KeyObject, type SignKeyObjectInput } from 'node:crypto'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { JsonObject } from '../../base/protocol/json.ts'

interface Algorithm {
  readonly alg: string
  readonly hash: string | null
  readonly options: Partial<SignKeyObjectInput>
}

/** Reads a private key: PEM (PKCS #8, PKCS #1, SEC1) or a JSON Web Key. */
export function readPrivateKey(text: string): KeyObject {
  let key: KeyObject
  try {
    const isJwk = text.trimStart().startsWith('{')
    key = isJwk ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' }) : createPrivateKey(text)
  } catch {
    throw new ClientError('the private key cannot be read', exitCodes.usage, {
      remedy: 'Pass a P-256, Ed25519 or RSA key as PEM without a password, or as a JSON Web Key.',
    })
  }
  // Fails here, and not only when the key is used, if its type is not supported.
  algorithmFor(key)
  return key
}

export function publicJwk(key: KeyObject): JsonObject {
  return createPublicKey(key).export({ format: 'jwk' }) as JsonObject
}

/** Signs a JWT (RFC 7515 section 5.1). */
export function signJws(header: JsonObject, claims: JsonObject, key: KeyObject): string {
  const { alg, hash, options } = algorithmFor(key)
  const encode = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signingInput = `${encode({ ...header, alg })}.${encode(claims)}`
  return `${signingInput}.${sign(hash, Buffer.from(signingInput), { key, ...options }).toString('base64url')}`
}

function algorithmFor(key: KeyObject): Algorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'ec' && details?.namedCurve === 'prime256v1') {
    return { alg: 'ES256', hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } }
  }
  if (type === 'ed25519') return { alg: 'EdDSA', hash: null, options: {} }
  // RFC 7518 section 3.3: at least 2048 bits.
  if (type === 'rsa' && details?.modulusLength! >= 2048) {
    return { alg: 'RS256', hash: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } }
  }
  const kind = [type, details?.namedCurve ?? details?.modulusLength].filter(part => part !== undefined).join(' ')
  throw new ClientError(`a key of type ${kind} is not supported`, exitCodes.usage, {
    remedy: 'Use a P-256 or Ed25519 key, or an RSA key of at least 2048 bits.',
  })
}
