/** JSON Web Signatures with public keys (RFC 7515, RFC 7518 section 3), for the assertions and proofs that clients sign. */
import { isUtf8 } from 'node:buffer'
import { constants, createPublicKey, verify, type JsonWebKey, type KeyObject, type VerifyKeyObjectInput } from 'node:crypto'
import { decodeBase64url, sha256 } from './crypto.ts'
import { isJsonObject, parseJson, type JsonObject } from './json.ts'

interface Algorithm {
  readonly kty: string
  readonly crv?: string
  readonly hash: string | null
  readonly options?: Partial<VerifyKeyObjectInput>
}

/** Each algorithm works only with one type of key, so that a token cannot choose an unintended one (RFC 8725 section 3.1). */
const algorithms: Readonly<Record<string, Algorithm>> = {
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null },
  RS256: { kty: 'RSA', hash: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } },
  PS256: { kty: 'RSA', hash: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
}

export const signatureAlgorithms: readonly string[] = Object.keys(algorithms)

const maxLength = 8192

export interface DecodedJws {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly signingInput: string
  readonly signature: Buffer
}

/** Splits a JWT in compact form without verifying it. Undefined if it is not one. */
export function decodeJws(token: string): DecodedJws | undefined {
  const parts = token.split('.')
  if (token.length > maxLength || parts.length !== 3) return undefined
  const [header, payload, signature] = parts.map(decodeBase64url)
  const headerObject = header && decodeObject(header)
  const claims = payload && decodeObject(payload)
  if (!headerObject || !claims || !signature) return undefined
  return { header: headerObject, claims, signingInput: `${parts[0]}.${parts[1]}`, signature }
}

/** Whether the key made the signature, with the algorithm that the header names and the key allows. */
export function verifiesJws({ header, signingInput, signature }: DecodedJws, jwk: JsonObject): boolean {
  // RFC 7515 section 4.1.11: an unsupported critical extension makes the signature invalid, and none is supported.
  if (header['crit'] !== undefined) return false
  const algorithm = algorithmFor(header['alg'], jwk)
  const key = algorithm && importKey(jwk)
  return key !== undefined && verify(algorithm!.hash, Buffer.from(signingInput), { key, ...algorithm!.options }, signature)
}

function algorithmFor(name: unknown, jwk: JsonObject): Algorithm | undefined {
  if (typeof name !== 'string' || !Object.hasOwn(algorithms, name)) return undefined
  const algorithm = algorithms[name]!
  const isOfType = jwk['kty'] === algorithm.kty && (algorithm.crv === undefined || jwk['crv'] === algorithm.crv)
  const { alg = name, use = 'sig', key_ops } = jwk
  const isAllowed = alg === name && use === 'sig' && (!Array.isArray(key_ops) || key_ops.includes('verify'))
  return isOfType && isAllowed ? algorithm : undefined
}

/** The members that a thumbprint covers, in the order of RFC 7638 section 3.2 and RFC 8037 section 2. */
const thumbprintMembers: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']], ['OKP', ['crv', 'kty', 'x']], ['RSA', ['e', 'kty', 'n']],
])

/** The SHA-256 thumbprint of a key (RFC 7638 section 3), or undefined if its type is not supported. */
export function thumbprint(jwk: JsonObject): string | undefined {
  const names = thumbprintMembers.get(jwk['kty'])
  if (!names || names.some(name => typeof jwk[name] !== 'string')) return undefined
  const required = Object.fromEntries(names.map(name => [name, jwk[name]]))
  return sha256(JSON.stringify(required))
}

/** A SHA-256 hash is 43 characters of base64url. */
export function isThumbprint(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** Whether a key has members that must stay with its owner. */
export function isPrivateKey(jwk: JsonObject): boolean {
  return ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some(name => name in jwk)
}

function importKey(jwk: JsonObject): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
    // RFC 7518 section 3.3: at least 2048 bits. A huge modulus or exponent is slow to verify with (denial of service), and with
    // the exponent 1 anybody can forge signatures.
    const isSafe = modulusLength === undefined
      || (modulusLength >= 2048 && modulusLength <= 8192 && publicExponent! > 2n && publicExponent! < 2n ** 33n)
    return isSafe ? key : undefined
  } catch {
    return undefined
  }
}

function decodeObject(bytes: Buffer): JsonObject | undefined {
  if (!isUtf8(bytes)) return undefined
  const parsed = parseJson(bytes.toString())
  return 'value' in parsed && isJsonObject(parsed.value) ? parsed.value : undefined
}
