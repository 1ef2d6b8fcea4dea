/** JSON Web Tokens signed with HMAC-SHA256 (RFC 7515, RFC 7519) and verified as RFC 8725 recommends. */
import { isUtf8 } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, decodeBase64url, hmacSha256 } from '../../base/protocol/crypto.ts'
import { isJsonObject, parseJson, type JsonObject } from '../../base/protocol/json.ts'
import type { Checker } from '../../base/rules/rule.ts'
import {
  jwtAlgorithmIsHs256, jwtHasNoCriticalHeader, jwtIsWellFormed, jwtSignatureVerifies, jwtTypeIsAccessToken,
} from '../rules/access-token.ts'

/** Our tokens are much shorter. A longer one is rejected before any work is done on it. */
const maxLength = 8192

/** header "." payload "." signature, each base64url     RFC 7515 section 7.1 */
export function signJwt(typ: string, claims: JsonObject, key: KeyObject): string {
  const signingInput = `${encode({ alg: 'HS256', typ })}.${encode(claims)}`
  return `${signingInput}.${hmacSha256(key, signingInput)}`
}

/**
 * Verifies that a JWT has the type `typ` and a signature by one of `keys`, and returns its claims, which the caller must
 * check. The payload is not parsed before the signature is verified.
 */
export function verifyJwt(token: string, typ: string, keys: readonly KeyObject[], checker: Checker): JsonObject {
  checker.check(jwtIsWellFormed, token.length <= maxLength, 'it is too long')
  const [header, payload, signature, ...more] = token.split('.')
  checker.check(jwtIsWellFormed, signature !== undefined && more.length === 0, 'it does not have three parts')

  const joseHeader = decode(header!)
  checker.check(jwtIsWellFormed, joseHeader !== undefined, 'its header is not a JSON object in base64url')
  checker.check(jwtAlgorithmIsHs256, joseHeader['alg'] === 'HS256', joseHeader['alg'], 'HS256')
  checker.check(jwtHasNoCriticalHeader, !('crit' in joseHeader), joseHeader['crit'])

  // Comparing the text, not the decoded bytes, rejects every other encoding of the same signature.
  const signingInput = `${header}.${payload}`
  checker.check(jwtSignatureVerifies, keys.some(key => constantTimeEqual(hmacSha256(key, signingInput), signature)))
  // RFC 7515 section 4.1.9: typ is a media type, so it ignores case, and the prefix application/ may be omitted.
  const type = typeof joseHeader['typ'] === 'string' ? joseHeader['typ'].toLowerCase().replace(/^application\//, '') : ''
  checker.check(jwtTypeIsAccessToken, type === typ, joseHeader['typ'], typ)

  const claims = decode(payload!)
  checker.check(jwtIsWellFormed, claims !== undefined, 'its payload is not a JSON object in base64url')
  return claims
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): JsonObject | undefined {
  const bytes = decodeBase64url(part)
  if (bytes === undefined || !isUtf8(bytes)) return undefined
  const parsed = parseJson(bytes.toString())
  return 'value' in parsed && isJsonObject(parsed.value) ? parsed.value : undefined
}
