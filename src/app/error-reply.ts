/**
 * Errors as replies: RFC 6749 section 5.2 JSON with the headers that belong to the error, or a page for somebody in a
 * browser.
 */
import { json, prefersHtml, type Reply, type Request } from '../base/http/message.ts'
import { errorText, OAuthError } from '../base/protocol/errors.ts'
import type { Context } from '../core/context/context.ts'
import type { Caller } from '../core/context/recording.ts'
import { challenge } from '../core/mcp/bearer.ts'
import { accessTokenIsInTheHeader } from '../core/rules/access-token.ts'
import { dpopNonce } from '../extensions/dpop.ts'
import { errorPage } from '../pages/error.ts'

/** An error, and where it happened. */
interface Failure {
  readonly error: OAuthError
  readonly status: number
  readonly request: Request
  readonly caller: Caller
  readonly context: Context
}

export function errorReply(error: unknown, request: Request, caller: Caller, context: Context): Reply {
  if (!(error instanceof OAuthError)) {
    context.logFailure(error)
    return json(500, { error: 'server_error', error_description: 'the server failed; the cause is in its log' })
  }
  const { rule } = error.details
  const status = statusOf(error, request, caller)
  const headers = headersOf({ error, status, request, caller, context })
  if (isForPeople(request, caller) && prefersHtml(request)) return errorPage(error, status, headers, request, context)
  return json(status, {
    error: error.code,
    error_description: errorText(error.message),
    ...(rule === undefined ? {} : { error_uri: context.errorUri(rule) }),
  }, headers)
}

function statusOf({ code, status }: OAuthError, request: Request, caller: Caller): number {
  // RFC 9449 section 7.1: at the resource server a failed proof is a 401, as a failed token is.
  const isAboutProof = code === 'invalid_dpop_proof' || code === 'use_dpop_nonce'
  if (isAboutProof && caller === 'resource') return 401
  // RFC 6749 section 5.2: a client that tried to authenticate by the Authorization header gets a 401 as well.
  return code === 'invalid_client' && caller === 'program' && request.headers.authorization !== undefined ? 401 : status
}

/**
 * Programs get JSON, whatever their HTTP library says to accept (RFC 6749 section 5.2), also when they probe for a
 * well-known URI. Only somebody who opened a page sees a page.
 */
function isForPeople(request: Request, caller: Caller): boolean {
  return caller === undefined ? !request.path.startsWith('/.well-known/') : caller === 'browser'
}

function headersOf(failure: Failure): Record<string, string> {
  const { code, details } = failure.error
  switch (code) {
    case 'too_many_requests': return { 'retry-after': String(details.expected) }
    case 'method_not_allowed': return { allow: String(details.expected) }
    // RFC 9110 section 10.2.3, in seconds.
    case 'temporarily_unavailable': return { 'retry-after': '30' }
    // RFC 9449 section 8 and section 9: the demand for a nonce carries the nonce to use.
    case 'use_dpop_nonce': return { 'dpop-nonce': dpopNonce(failure.context), ...challengeOf(failure) }
    default: return challengeOf(failure)
  }
}

/** The WWW-Authenticate header: how to authenticate, for a request that failed to. */
function challengeOf({ error, status, request, caller, context }: Failure): Record<string, string> {
  const { code, details } = error
  if (caller === 'resource') {
    const refusesToken = status === 401 || code === 'insufficient_scope' || details.rule === accessTokenIsInTheHeader.id
    return refusesToken ? { 'www-authenticate': challenge(error, request, context) } : {}
  }
  // RFC 6749 section 5.2: the scheme that the client used. Sent unprompted, Basic makes browsers show a password dialog.
  const triedBasic = code === 'invalid_client' && request.headers.authorization !== undefined
  if (triedBasic) return { 'www-authenticate': `Basic realm="${context.config.issuer}"` }
  return code === 'invalid_token' ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}
}
