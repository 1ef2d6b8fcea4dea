/**
 * Demonstrating Proof of Possession (RFC 9449): the client signs each request with its own key, so that its tokens are
 * useless to anybody without that key. The token endpoint and the MCP endpoint call this through `ProofOfPossession`.
 */
import type { KeyObject } from 'node:crypto'
import type { Request } from '../base/http/message.ts'
import { constantTimeEqual, hmacSha256, sha256 } from '../base/protocol/crypto.ts'
import { isJsonObject } from '../base/protocol/json.ts'
import { decodeJws, isPrivateKey, signatureAlgorithms, thumbprint, verifiesJws } from '../base/protocol/jws.ts'
import { oneTimeUseCanBeRemembered } from '../base/rules/http.ts'
import type { Client } from '../base/store/records.ts'
import type { OneTimeUse } from '../base/store/store.ts'
import type { Context, ProofOfPossession } from '../core/context/context.ts'
import type { AccessToken, Proof } from '../core/context/tokens.ts'
import {
  boundTokenComesWithProof, dpopNonceIsOurs, dpopProofIsForThisRequest, dpopProofIsForThisToken, dpopProofIsFresh,
  dpopProofIsNeeded, dpopProofIsSentOnce, dpopProofIsUnused, dpopProofIsWellFormed, proofIsByTheBoundKey,
} from './rules/dpop.ts'

export const dpop: ProofOfPossession = {
  algorithms: signatureAlgorithms, readFromTokenRequest, checkUse, challenge, nonceHeader,
}

/** In seconds: how far iat may be from now, and how long each nonce is issued. */
const proofLifetime = 60
const noncePeriod = 120

/** A valid proof, not yet marked as used. */
interface VerifiedProof {
  /** The thumbprint of the key. */
  readonly jkt: string
  readonly jti: string
  readonly ath: unknown
}

/** Section 5: verifies the proof of a token request, if there is one. Tokens are bound to its key. */
function readFromTokenRequest(request: Request, client: Client, context: Context): Proof | undefined {
  const sent = proofsOf(request)
  context.check(dpopProofIsNeeded, sent.length > 0 || !client.metadata.dpop_bound_access_tokens)
  if (sent.length === 0) return undefined
  const proof = verifyProof(sent, `${context.config.issuer}/oauth/token`, request.method, context)
  return { jkt: proof.jkt, use: () => useProof(proof, 'proof of a token request', client.client_id, context) }
}

/** Section 7: a bound token is sent with the scheme DPoP and a proof by its key, any other token with Bearer. */
async function checkUse(
  scheme: string, presented: string, token: AccessToken, request: Request, context: Context,
): Promise<void> {
  const bound = token.cnf?.jkt
  const expectedScheme = bound === undefined ? 'Bearer' : 'DPoP'
  context.check(boundTokenComesWithProof, scheme.toLowerCase() === expectedScheme.toLowerCase(), scheme, expectedScheme)
  if (bound === undefined) return
  const proof = verifyProof(proofsOf(request), `${context.config.issuer}${request.path}`, request.method, context)
  context.check(dpopProofIsForThisToken, proof.ath === sha256(presented), proof.ath)
  context.check(proofIsByTheBoundKey, proof.jkt === bound, proof.jkt, bound)
  await useProof(proof, 'proof of a resource request', token.client_id, context)
}

/** Uses the scheme of the request (section 7.2) and lists the signature algorithms for proofs (section 7.1). */
function challenge(parameters: string, rule: string | undefined, request: Request): string | undefined {
  const algs = `algs="${signatureAlgorithms.join(' ')}"`
  if (/^DPoP /i.test(request.headers.authorization ?? '')) return `DPoP ${parameters}, ${algs}`
  return rule === boundTokenComesWithProof.id ? `Bearer ${parameters}, DPoP ${algs}` : undefined
}

/** The current nonce (section 8). It is derived from the time and a key, so the server does not store nonces. */
export function dpopNonce({ config, now }: Context): string {
  return nonceOf(config.jwtKeys[0], Math.floor(now() / noncePeriod))
}

/** Sends the nonce with successful responses, so that clients learn the next one while the last still works (section 8.2). */
function nonceHeader(sentProof: boolean, context: Context): Record<string, string> | undefined {
  return sentProof && context.config.dpopNonce ? { 'dpop-nonce': dpopNonce(context) } : undefined
}

/** Section 4.3, in its order. */
function verifyProof(sent: readonly string[], htu: string, htm: string, context: Context): VerifiedProof {
  context.check(dpopProofIsSentOnce, sent.length === 1)
  const proof = decodeJws(sent[0]!)
  context.check(dpopProofIsWellFormed, proof !== undefined, 'it is not a JWT')
  const { typ, jwk } = proof.header
  context.check(dpopProofIsWellFormed, typ === 'dpop+jwt', 'its typ is not dpop+jwt')
  context.check(dpopProofIsWellFormed, isJsonObject(jwk) && !isPrivateKey(jwk), 'it carries no public key')
  const jkt = thumbprint(jwk)
  context.check(dpopProofIsWellFormed, jkt !== undefined && verifiesJws(proof, jwk), 'its signature does not verify with its key')

  const { claims } = proof
  const { iat, jti, nonce, ath } = claims
  context.check(dpopProofIsWellFormed, typeof jti === 'string' && jti !== '', 'it has no jti')
  const isForThisRequest = claims['htm'] === htm && normalized(claims['htu']) === normalized(htu)
  context.check(dpopProofIsForThisRequest, isForThisRequest, { htm: claims['htm'], htu: claims['htu'] }, { htm, htu })
  const now = context.now()
  context.check(dpopProofIsFresh, typeof iat === 'number' && Math.abs(now - iat) <= proofLifetime, iat, now)
  context.check(dpopNonceIsOurs, !context.config.dpopNonce || isRecentNonce(nonce, context))
  return { jkt, jti, ath }
}

/** Section 11.1: prevents replay. Comes last, so that rejected requests take no room in the store. */
async function useProof({ jkt, jti }: VerifiedProof, use: OneTimeUse, client_id: string, context: Context): Promise<void> {
  const outcome = await context.store.useOnce(use, sha256(`${jkt} ${jti}`), client_id)
  context.check(oneTimeUseCanBeRemembered, outcome !== 'full')
  context.check(dpopProofIsUnused, outcome === 'first')
}

function isRecentNonce(nonce: unknown, { config, now }: Context): boolean {
  const period = Math.floor(now() / noncePeriod)
  return typeof nonce === 'string'
    && [period, period - 1].some(at => constantTimeEqual(nonce, nonceOf(config.jwtKeys[0], at)))
}

function nonceOf(key: KeyObject, period: number): string {
  return hmacSha256(key, `dpop nonce ${period}`)
}

/** Section 4.3: without query and fragment, normalized as in RFC 3986 section 6.2.2 and section 6.2.3. */
function normalized(htu: unknown): string | undefined {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return undefined
  const { origin, pathname } = new URL(htu)
  return origin + pathname.replace(/%[0-9a-f]{2}/gi, decodeUnreserved)
}

/** unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"     RFC 3986 section 2.3 */
function decodeUnreserved(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return /[\w\-.~]/.test(character) ? character : encoded.toUpperCase()
}

function proofsOf({ headers }: Request): readonly string[] {
  // Node joins repeated DPoP headers with commas. A proof contains none.
  return [headers['dpop'] ?? []].flat().flatMap(value => value.split(','))
}
