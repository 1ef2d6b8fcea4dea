/**
 * Access tokens at the resource server: authenticating a request with a bearer token (RFC 6750) or a DPoP token
 * (RFC 9449 section 7), checking its scope, and the WWW-Authenticate challenge.
 */
import type { Config } from '../../base/config/config.ts'
import type { Request } from '../../base/http/message.ts'
import { errorText, type OAuthError } from '../../base/protocol/errors.ts'
import { formatScope, includesScope } from '../../base/protocol/scope.ts'
import type { Context } from '../context/context.ts'
import type { AccessToken } from '../context/tokens.ts'
import { verifyAccessToken } from '../oauth/access-token.ts'
import { supportedScopes } from '../oauth/server-scope.ts'
import {
  accessTokenIsInTheHeader, accessTokenIsSent, credentialsAreBearer, scopeIsSufficient,
} from '../rules/access-token.ts'

/** Verifies the access token in the Authorization header and returns its claims. */
export async function authenticate(request: Request, context: Context): Promise<AccessToken> {
  context.check(accessTokenIsInTheHeader, !new URLSearchParams(request.query).getAll('access_token').some(Boolean))
  const { authorization } = request.headers
  context.check(accessTokenIsSent, authorization !== undefined)
  // credentials = ( "Bearer" / "DPoP" ) 1*SP token68     RFC 6750 section 2.1, RFC 9449 section 7.1
  // token68     = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
  const [, scheme, presented] = /^(Bearer|DPoP) +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization) ?? []
  context.check(credentialsAreBearer, scheme !== undefined)
  const token = await verifyAccessToken(presented!, context)
  await context.proofOfPossession.checkUse(scheme, presented!, token, request, context)
  return token
}

/** The 403 names every scope that the call needs, so that the client has to step up only once. */
export function checkScope(token: AccessToken, needed: readonly string[], context: Context): void {
  context.check(scopeIsSufficient, includesScope(token.scope.split(' '), needed), token.scope, formatScope(needed))
}

/**
 * The WWW-Authenticate header of a 401 or 403 (RFC 6750 section 3, RFC 9728 section 5.1). It starts with `Bearer` unless
 * the client used DPoP: some clients read only the first word.
 */
export function challenge(error: OAuthError, request: Request, context: Context): string {
  const { rule, expected } = error.details
  // RFC 6750 section 3: no error code if the request has no credentials.
  const reason = rule === accessTokenIsSent.id ? [] : [
    ['error', error.code],
    ['error_description', errorText(error.message)],
    ...(rule === undefined ? [] : [['error_uri', context.errorUri(rule)]]),
  ]
  // A 401 names all scopes, because an SDK 1.x client that has a refresh token cannot step up later.
  const scope = error.code === 'insufficient_scope' ? String(expected) : formatScope(supportedScopes)
  const parameters = [...reason, ['scope', scope], ['resource_metadata', resourceMetadataUrl(context.config)]]
  const text = parameters.map(([name, value]) => `${name}="${value}"`).join(', ')
  return context.proofOfPossession.challenge(text, rule, request) ?? `Bearer ${text}`
}

/** RFC 9728 section 3.1: the well-known path is inserted between the host and the path of the resource. */
function resourceMetadataUrl({ resource }: Config): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname}`
}
