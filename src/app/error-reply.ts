/**
 * Errors as replies: RFC 6749 section 5.2 JSON, with the challenge of the scheme that is at fault, or a page for somebody
 * in a browser.
 */
import type { Context } from '../core/context/context.ts'
import { errorText, OAuthError } from '../base/protocol/errors.ts'
import { json, prefersHtml, type Reply, type Request } from '../base/http/message.ts'
import { challenge } from '../core/mcp/bearer.ts'
import { dpopNonce } from '../extensions/dpop.ts'
import { errorPage } from '../pages/error.ts'
import type { Route } from '../routes.ts'
import { accessTokenIsInTheHeader } from '../core/rules/access-token.ts'

/** Who calls the path, by whatever method; undefined where the path is unknown. */
export type Caller = Route['caller'] | undefined

export function errorReply(error: unknown, request: Request, caller: Caller, context: Context): Reply {
  if (!(error instanceof OAuthError)) {
    context.logFailure(error)
    return json(500, { error: 'server_error', error_description: 'the server failed; the cause is in its log' })
  }
  const { rule } = error.details
  const status = statusOf(error, request, caller)
  const headers = errorHeaders(error, status, request, caller, context)
  if (isForPeople(request, caller) && prefersHtml(request)) return errorPage(error, status, headers, request, context)
  return json(status, {
    error: error.code,
    error_description: errorText(error.message),
    ...(rule === undefined ? {} : { error_uri: context.errorUri(rule) }),
  }, headers)
}

function statusOf({ code, status }: OAuthError, request: Request, caller: Caller): number {
  // RFC 9449 section 7.1: a proof that fails at the resource server is a 401, as a token is.
  const isAboutProof = code === 'invalid_dpop_proof' || code === 'use_dpop_nonce'
  if (isAboutProof && caller === 'resource') return 401
  // RFC 6749 section 5.2: so is a client that tried to authenticate by the Authorization header.
  return code === 'invalid_client' && caller === 'program' && request.headers.authorization !== undefined ? 401 : status
}

/**
 * A program gets JSON, whatever its HTTP library says to accept (RFC 6749 section 5.2), and also where it probes for a
 * well-known URI. Only somebody who opened a page is shown one.
 */
function isForPeople(request: Request, caller: Caller): boolean {
  return caller === undefined ? !request.path.startsWith('/.well-known/') : caller === 'browser'
}

function errorHeaders(
  error: OAuthError, status: number, request: Request, caller: Caller, context: Context,
): Record<string, string> {
  const { code, details } = error
  // RFC 9449 section 8 and section 9: the nonce to use comes with the demand for one.
  const nonce: Record<string, string> = code === 'use_dpop_nonce' ? { 'dpop-nonce': dpopNonce(context) } : {}
  const refusesToken = status === 401 || code === 'insufficient_scope' || details.rule === accessTokenIsInTheHeader.id
  if (caller === 'resource' && refusesToken) return { ...nonce, 'www-authenticate': challenge(error, request, context) }
  // RFC 6749 section 5.2: the scheme that the client used. Unasked, Basic would make a browser ask for a password.
  if (code === 'invalid_client' && request.headers.authorization !== undefined) {
    return { 'www-authenticate': `Basic realm="${context.config.issuer}"` }
  }
  if (code === 'invalid_token') return { 'www-authenticate': 'Bearer error="invalid_token"' }
  if (code === 'too_many_requests') return { 'retry-after': String(details.expected) }
  if (code === 'method_not_allowed') return { allow: String(details.expected) }
  // RFC 9110 section 10.2.3, in seconds.
  if (code === 'temporarily_unavailable') return { 'retry-after': '30' }
  return nonce
}
