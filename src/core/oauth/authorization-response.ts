/**
 * The authorization response: where the browser takes the code (RFC 6749 section 4.1.2) or
 * the error (RFC 6749 section 4.1.2.1).
 */
import { randomToken, sha256 } from '../../base/protocol/crypto.ts'
import { errorText, type OAuthError } from '../../base/protocol/errors.ts'
import { matchesRedirectUri, withParameters } from '../../base/protocol/redirect-uri.ts'
import type { Checker } from '../../base/rules/rule.ts'
import type { RequestedGrant } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import { redirectUriIsRegistered } from '../rules/authorization.ts'

/** Issues the code of a request that the user `sub` approved; the location is where the browser takes it. */
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
  // RFC 9207 section 2: iss tells the client whose answer this is, in success and in error.
  return withParameters(redirect_uri, { code, state, iss: context.config.issuer })
}

/** The error as the client learns of it; of the page that explains it, too (RFC 6749 section 4.1.2.1, error_uri). */
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

/** Until this holds, nothing is sent to the redirect URI of a request, no error either. */
export function checkRedirectUri(uri: string, registered: readonly string[], checker: Checker): void {
  checker.check(redirectUriIsRegistered, registered.some(known => matchesRedirectUri(uri, known)), uri, registered)
}
