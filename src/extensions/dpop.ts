/**
 * Demonstrating Proof of Possession (RFC 9449): a client that signs each request with a key of its own gets tokens that
 * are of no use without that key. Both servers check proofs here; who reads the flow without DPoP need not enter.
 */
import type { KeyObject } from 'node:crypto'
import type { Context } from '../core/context/context.ts'
import { constantTimeEqual, hmacSha256, sha256 } from '../base/protocol/crypto.ts'
import { isJsonObject } from '../base/protocol/json.ts'
import type { Request } from '../base/http/message.ts'
import {
  boundTokenComesWithProof, dpopKeyIsTheSame, dpopNonceIsOurs, dpopProofIsForThisRequest, dpopProofIsForThisToken,
  dpopProofIsFresh, dpopProofIsNeeded, dpopProofIsSentOnce, dpopProofIsUnused, dpopProofIsWellFormed, proofIsByTheBoundKey,
} from './rules/dpop.ts'
import { oneTimeUseCanBeRemembered } from '../base/rules/http.ts'
import type { Client } from '../base/store/records.ts'
import type { OneTimeUse } from '../base/store/store.ts'
import type { AccessToken } from '../core/oauth/access-token.ts'
import { isPublicClient } from '../core/oauth/client-authentication.ts'
import { decodeJws, isPrivateKey, signatureAlgorithms, thumbprint, verifiesJws } from '../base/protocol/jws.ts'

export const dpopAlgorithms = signatureAlgorithms

/** In seconds: how far iat may be from now, and for how long a nonce is handed out. */
const proofLifetime = 60
const noncePeriod = 120

/** A proof that holds, but does not count as used yet. */
export interface Proof {
  /** The thumbprint of the key. */
  readonly jkt: string
  readonly jti: string
  readonly ath: unknown
}

/** The proof by the key to bind tokens to, where the client sends one with its token request (section 5). */
export function readTokenRequestProof(request: Request, client: Client, context: Context): Proof | undefined {
  const sent = proofsOf(request)
  context.check(dpopProofIsNeeded, sent.length > 0 || !client.metadata.dpop_bound_access_tokens)
  if (sent.length === 0) return undefined
  return verifyProof(sent, `${context.config.issuer}/oauth/token`, request.method, context)
}

/** To be called when all else holds: a request that gets nothing takes no room from others. */
export async function useTokenRequestProof(proof: Proof | undefined, client: Client, context: Context): Promise<void> {
  if (proof) await useProof(proof, 'proof of a token request', client.client_id, context)
}

/** Checks that a code or a refresh token that is bound to a key is used with that key (sections 5 and 10). */
export function checkBoundKey(bound: string | undefined, proof: Proof | undefined, context: Context): void {
  const jkt = proof?.jkt
  context.check(dpopKeyIsTheSame, bound === undefined || bound === jkt, jkt, bound)
}

/** The key to bind refresh tokens to (section 5): that of a public client, since any other authenticates. */
export function refreshTokenKey(proof: Proof | undefined, client: Client): string | undefined {
  return isPublicClient(client) ? proof?.jkt : undefined
}

/** Checks that the access token is sent as what it is, and a bound one with a proof by its key (section 7). */
export async function checkTokenBinding(
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

/** The nonce to use now: it needs no memory, since it is made from the time and the key (section 8). */
export function dpopNonce({ config, now }: Context): string {
  return nonceOf(config.jwtKeys[0], Math.floor(now() / noncePeriod))
}

/**
 * The header that hands out the nonce with a success, so that a client learns of the next one while the last still
 * serves (section 8.2). `isBound`: the client sent a proof.
 */
export function nonceHeader(isBound: boolean, context: Context): Record<string, string> | undefined {
  return isBound && context.config.dpopNonce ? { 'dpop-nonce': dpopNonce(context) } : undefined
}

/** Section 4.3, in its order. */
function verifyProof(sent: readonly string[], htu: string, htm: string, context: Context): Proof {
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
async function useProof({ jkt, jti }: Proof, use: OneTimeUse, client_id: string, context: Context): Promise<void> {
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
