/**
 * The authorization response: the redirect that brings the code (RFC 6749 section 4.1.2) or the error
 * (RFC 6749 section 4.1.2.1) to the client.
 */
import { randomToken, sha256 } from '../../base/protocol/crypto.ts'
import { errorText, type OAuthError } from '../../base/protocol/errors.ts'
import { matchesRedirectUri, withParameters } from '../../base/protocol/redirect-uri.ts'
import type { Checker } from '../../base/rules/rule.ts'
import type { RequestedGrant } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import { redirectUriIsRegistered } from '../rules/authorization.ts'

/** Issues a code for the request that the user `sub` approved, and returns the URL that brings it to the client. */
export async function issueCode(approved: RequestedGrant, sub: string, context: Context): Promise<string> {
  const { client_id, redirect_uri, state, code_challenge, scope, resource, dpop_jkt } = approved
  const code = randomToken()
  const grant_id = randomToken(16)
  await context.store.addAuthorizationCode({
    code_hash: sha256(code),
    client_id, redirect_uri, code_challenge, scope, resource, sub,
    ...(dpop_jkt === undefined ? {} : { dpop_jkt }),
    grant_id,
    expires_at: context.now() + context.config.authorizationCodeLifetime,
  })
  context.audit('authorization granted', { client_id, sub, grant_id, scope, redirect_uri })
  // RFC 9207 section 2: iss names the authorization server, so that the client detects a mix-up attack.
  return withParameters(redirect_uri, { code, state, iss: context.config.issuer })
}

/** The URL that brings the error to the client. Its error_uri is the page that explains the rule. */
export function errorLocation(
  redirect_uri: string, state: string | undefined, error: OAuthError, context: Context,
): string {
  const { config } = context
  return withParameters(redirect_uri, {
    error: error.code,
    error_description: errorText(error.message),
    error_uri: error.details.rule && context.errorUri(error.details.rule),
    state,
    iss: config.issuer,
  })
}

/** Must pass before anything is redirected, even an error: otherwise this server would be an open redirector. */
export function checkRedirectUri(uri: string, registered: readonly string[], checker: Checker): void {
  checker.check(redirectUriIsRegistered, registered.some(known => matchesRedirectUri(uri, known)), uri, registered)
}
