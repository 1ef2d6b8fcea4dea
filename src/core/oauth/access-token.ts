/**
 * Access tokens: JWTs as RFC 9068 profiles them. The authorization server issues them, and the resource server calls
 * `verifyAccessToken`. Replace that function, and the resource server trusts another authorization server.
 */
import { randomToken } from '../../base/protocol/crypto.ts'
import { OAuthError } from '../../base/protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import type { Context } from '../context/context.ts'
import type { AccessToken, IssuedTokens } from '../context/tokens.ts'
import {
  accessTokenAudienceIsOurs, accessTokenClaimsAreTyped, accessTokenIsFresh, accessTokenIsFromThePast,
  accessTokenIsNotRevoked, accessTokenIssuerIsOurs,
} from '../rules/access-token.ts'
import { signJwt, verifyJwt } from './jwt.ts'

const textClaims = ['iss', 'sub', 'aud', 'client_id', 'scope', 'jti', 'grant_id'] as const
const timeClaims = ['iat', 'exp'] as const

/** The allowed clock skew in seconds (RFC 7519 section 4.1.4). */
const clockSkew = 30

/** Issues an access token under a grant (RFC 9068 section 2). */
export function issueAccessToken(
  grant: Pick<AccessToken, 'sub' | 'client_id' | 'scope' | 'grant_id'> & {
    readonly resource: string
    readonly expires_at?: number
    /** The thumbprint of the key to bind the token to. */
    readonly jkt?: string | undefined
  },
  { config, now }: Context,
): Pick<IssuedTokens, 'access_token' | 'expires_in'> {
  const iat = Math.floor(now())
  // A token never outlives its grant. The user could not revoke it: /account lists only active grants.
  const exp = Math.min(iat + Math.ceil(config.accessTokenLifetime), Math.floor(grant.expires_at ?? Infinity))
  const claims = {
    iss: config.issuer,
    sub: grant.sub,
    aud: grant.resource,
    client_id: grant.client_id,
    scope: grant.scope,
    iat,
    exp,
    jti: randomToken(16),
    grant_id: grant.grant_id,
    ...(grant.jkt === undefined ? {} : { cnf: { jkt: grant.jkt } }),
  } satisfies AccessToken
  return { access_token: signJwt('at+jwt', claims, config.jwtKeys[0]), expires_in: exp - iat }
}

/** Verifies an access token (RFC 9068 section 4) and returns its claims. */
export async function verifyAccessToken(token: string, context: Context): Promise<AccessToken> {
  const { config, store } = context
  const now = context.now()
  const claims = verifyJwt(token, 'at+jwt', config.jwtKeys, context)
  assertClaimTypes(claims, context)
  context.check(accessTokenIssuerIsOurs, claims.iss === config.issuer, claims.iss, config.issuer)
  context.check(accessTokenAudienceIsOurs, claims.aud === config.resource, claims.aud, config.resource)
  context.check(accessTokenIsFresh, now < claims.exp + clockSkew, claims.exp, now)
  context.check(accessTokenIsFromThePast, claims.iat <= now + clockSkew, claims.iat, now)
  context.check(accessTokenIsFromThePast, (claims.nbf ?? 0) <= now + clockSkew, claims.nbf, now)
  context.check(accessTokenIsNotRevoked, !await store.isRevoked(claims))
  return claims
}

/** The claims of an access token, or undefined if the resource server would reject it. */
export async function findAccessToken(token: string, context: Context): Promise<AccessToken | undefined> {
  try {
    return await verifyAccessToken(token, context)
  } catch (error) {
    if (error instanceof OAuthError) return undefined
    throw error
  }
}

function assertClaimTypes(
  claims: JsonObject, context: Context,
): asserts claims is JsonObject & AccessToken & { readonly nbf?: number } {
  const mistyped = textClaims.find(name => typeof claims[name] !== 'string')
    ?? timeClaims.find(name => !Number.isFinite(claims[name]))
    ?? ('nbf' in claims && !Number.isFinite(claims['nbf']) ? 'nbf' : undefined)
    ?? ('cnf' in claims && !isConfirmation(claims['cnf']) ? 'cnf' : undefined)
  context.check(accessTokenClaimsAreTyped, mistyped === undefined, mistyped)
}

/** RFC 9449 section 6.1. */
function isConfirmation(cnf: unknown): boolean {
  return isJsonObject(cnf) && typeof cnf['jkt'] === 'string'
}
