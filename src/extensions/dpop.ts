/**
 * Demonstrating Proof of Possession (RFC 9449): a client that signs each request with a key of its own gets tokens that
 * are of no use without that key. Both servers check proofs here, by the seam `ProofOfPossession`.
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

/** In seconds: how far iat may be from now, and for how long a nonce is handed out. */
const proofLifetime = 60
const noncePeriod = 120

/** A proof that holds. It does not count as used before `useProof`. */
interface VerifiedProof {
  /** The thumbprint of the key. */
  readonly jkt: string
  readonly jti: string
  readonly ath: unknown
}

/** The proof by the key to bind tokens to, if the client sends one with its token request (section 5). */
function readFromTokenRequest(request: Request, client: Client, context: Context): Proof | undefined {
  const sent = proofsOf(request)
  context.check(dpopProofIsNeeded, sent.length > 0 || !client.metadata.dpop_bound_access_tokens)
  if (sent.length === 0) return undefined
  const proof = verifyProof(sent, `${context.config.issuer}/oauth/token`, request.method, context)
  return { jkt: proof.jkt, use: () => useProof(proof, 'proof of a token request', client.client_id, context) }
}

/** Checks that the access token is sent as what it is, and a bound one with a proof by its key (section 7). */
async function checkUse(
  scheme: string, presented: string, token: AccessToken, request: Request, context: Context,
): Promise<void> {
  const bound = token.cnf?.jkt
  const sentAsBound = scheme.toLowerCase() === 'dpop'
  context.check(boundTokenComesWithProof, sentAsBound === (bound !== undefined), scheme, bound ? 'DPoP' : 'Bearer')
  if (bound === undefined) return
  const proof = verifyProof(proofsOf(request), `${context.config.issuer}${request.path}`, request.method, context)
  context.check(dpopProofIsForThisToken, proof.ath === sha256(presented), proof.ath)
  context.check(proofIsByTheBoundKey, proof.jkt === bound, proof.jkt, bound)
  await useProof(proof, 'proof of a resource request', token.client_id, context)
}

/** The challenge has the scheme that was used (section 7.2) and says which algorithms a proof may be signed with (section 7.1). */
function challenge(parameters: string, rule: string | undefined, request: Request): string | undefined {
  const algs = `algs="${signatureAlgorithms.join(' ')}"`
  if (/^DPoP /i.test(request.headers.authorization ?? '')) return `DPoP ${parameters}, ${algs}`
  return rule === boundTokenComesWithProof.id ? `Bearer ${parameters}, DPoP ${algs}` : undefined
}

/** The nonce to use now: it needs no memory, since it is made from the time and the key (section 8). */
export function dpopNonce({ config, now }: Context): string {
  return nonceOf(config.jwtKeys[0], Math.floor(now() / noncePeriod))
}

/** Hands out the nonce with a success, so that a client learns the next one while the last still works (section 8.2). */
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
  const isForThis = claims['htm'] === htm && normalized(claims['htu']) === normalized(htu)
  context.check(dpopProofIsForThisRequest, isForThis, { htm: claims['htm'], htu: claims['htu'] }, { htm, htu })
  const now = context.now()
  context.check(dpopProofIsFresh, typeof iat === 'number' && Math.abs(now - iat) <= proofLifetime, iat, now)
  context.check(dpopNonceIsOurs, !context.config.dpopNonce || isRecentNonce(nonce, context))
  return { jkt, jti, ath }
}

/** Section 11.1. It comes last, so that only proofs that are good for something take room. */
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

/** Section 4.3: without query and fragment, and after the normalization of RFC 3986 section 6.2.2 and section 6.2.3. */
function normalized(htu: unknown): string {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return 'none'
  const { origin, pathname } = new URL(htu)
  return origin + pathname.replace(/%[0-9a-f]{2}/gi, decodeUnreserved)
}

/** unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"     RFC 3986 section 2.3 */
function decodeUnreserved(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return /[\w\-.~]/.test(character) ? character : encoded.toUpperCase()
}

function proofsOf({ headers }: Request): readonly string[] {
  // Node joins repeated headers of this name by a comma, which no proof contains.
  return [headers['dpop'] ?? []].flat().flatMap(value => value.split(','))
}
