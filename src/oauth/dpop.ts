/**
 * Demonstrating Proof of Possession (RFC 9449): a client that signs each request with a key of its own gets tokens that
 * are of no use without that key. Both servers check proofs here; who reads the flow without DPoP need not enter.
 */
import type { KeyObject } from 'node:crypto'
import type { Context } from '../context.ts'
import { constantTimeEqual, hmacSha256, sha256 } from '../crypto.ts'
import type { Request } from '../http/message.ts'
import { isJsonObject } from '../mcp/json-rpc.ts'
import {
  boundTokenComesWithProof, dpopKeyIsTheSame, dpopNonceIsOurs, dpopProofIsForThisRequest, dpopProofIsFresh, dpopProofIsNeeded,
  dpopProofIsSentOnce, dpopProofIsUnused, dpopProofIsWellFormed, proofIsByTheBoundKey,
} from '../rules/dpop.ts'
import type { Client } from '../store/records.ts'
import type { AccessToken } from './access-token.ts'
import { decodeJws, isPrivateKey, signatureAlgorithms, thumbprint, verifiesJws } from './jws.ts'

export const dpopAlgorithms = signatureAlgorithms

/** In seconds: how far iat may be from now, and for how long a nonce is handed out. */
const proofLifetime = 60
const noncePeriod = 120

/** The thumbprint of the key to bind tokens to, where the client sends a proof with its token request (section 5). */
export async function readTokenRequestProof(request: Request, client: Client, context: Context): Promise<string | undefined> {
  const sent = proofsOf(request)
  context.check(dpopProofIsNeeded, sent.length > 0 || !client.metadata.dpop_bound_access_tokens)
  if (sent.length === 0) return undefined
  const { jkt } = await verifyProof(sent, `${context.config.issuer}/oauth/token`, request.method, context)
  return jkt
}

/** Checks that a code or a refresh token that is bound to a key is used with that key (sections 5 and 10). */
export function checkBoundKey(bound: string | undefined, jkt: string | undefined, context: Context): void {
  context.check(dpopKeyIsTheSame, bound === undefined || bound === jkt, jkt, bound)
}

/** Checks that the access token is sent as what it is, and a bound one with a proof by its key (section 7). */
export async function checkTokenBinding(
  scheme: string, presented: string, token: AccessToken, request: Request, context: Context,
): Promise<void> {
  const bound = token.cnf?.jkt
  context.check(boundTokenComesWithProof, (scheme.toLowerCase() === 'dpop') === (bound !== undefined), scheme, bound ? 'DPoP' : 'Bearer')
  if (bound === undefined) return
  const { jkt, ath } = await verifyProof(proofsOf(request), `${context.config.issuer}${request.path}`, request.method, context)
  context.check(proofIsByTheBoundKey, jkt === bound && ath === sha256(presented), jkt, bound)
}

/** The nonce to use now: it needs no memory, since it is made from the time and the key (section 8). */
export function dpopNonce({ config, now }: Context): string {
  return nonceOf(config.jwtKeys[0], Math.floor(now() / noncePeriod))
}

/** Section 4.3, in its order. */
async function verifyProof(
  sent: readonly string[], htu: string, htm: string, context: Context,
): Promise<{ jkt: string; ath: unknown }> {
  context.check(dpopProofIsSentOnce, sent.length === 1)
  const proof = decodeJws(sent[0]!)
  context.check(dpopProofIsWellFormed, proof !== undefined, 'it is not a JWT')
  const { typ, jwk } = proof.header
  context.check(dpopProofIsWellFormed, typ === 'dpop+jwt', 'its typ is not dpop+jwt')
  context.check(dpopProofIsWellFormed, isJsonObject(jwk) && !isPrivateKey(jwk), 'it carries no public key')
  const jkt = thumbprint(jwk)
  context.check(dpopProofIsWellFormed, jkt !== undefined && verifiesJws(proof, jwk), 'its signature does not verify with its key')

  const { claims } = proof
  const about = `${String(claims['htm'])} ${withoutQuery(claims['htu'])}`
  context.check(dpopProofIsForThisRequest, about === `${htm} ${withoutQuery(htu)}`, about, `${htm} ${htu}`)
  const { iat, jti, nonce } = claims
  const now = context.now()
  context.check(dpopProofIsFresh, typeof iat === 'number' && Math.abs(now - iat) <= proofLifetime, iat, now)
  context.check(dpopNonceIsOurs, !context.config.dpopNonce || isRecentNonce(nonce, context))
  const unused = typeof jti === 'string' && await context.store.useOnce(sha256(`proof ${jkt} ${jti}`))
  context.check(dpopProofIsUnused, unused)
  return { jkt, ath: claims['ath'] }
}

function isRecentNonce(nonce: unknown, { config, now }: Context): boolean {
  const period = Math.floor(now() / noncePeriod)
  return typeof nonce === 'string'
    && [period, period - 1].some(at => constantTimeEqual(nonce, nonceOf(config.jwtKeys[0], at)))
}

function nonceOf(key: KeyObject, period: number): string {
  return hmacSha256(key, `dpop nonce ${period}`)
}

/** Section 4.3, point 9: compared after normalization, without query and fragment. */
function withoutQuery(htu: unknown): string {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return 'no URL'
  const { origin, pathname } = new URL(htu)
  return origin + pathname
}

function proofsOf({ headers }: Request): readonly string[] {
  // Node joins repeated headers of this name by a comma, which no proof contains.
  return [headers['dpop'] ?? []].flat().flatMap(value => value.split(','))
}
