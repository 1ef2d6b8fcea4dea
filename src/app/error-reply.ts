/** Errors as replies: the JSON of RFC 6749 section 5.2 for programs, a page for people, and the headers of each error. */
import { json, prefersHtml, type Reply, type Request } from '../base/http/message.ts'
import { errorText, OAuthError } from '../base/protocol/errors.ts'
import type { Context } from '../core/context/context.ts'
import type { Caller } from '../core/context/recording.ts'
import { challenge } from '../core/mcp/bearer.ts'
import { accessTokenIsInTheHeader } from '../core/rules/access-token.ts'
import { dpopNonce } from '../extensions/dpop.ts'
import { errorPage } from '../pages/error.ts'

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
    return json(500, { error: 'server_error', error_description: 'unexpected error: the server log has the cause' })
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
  // RFC 9449 section 7.1: at the resource server, an invalid proof gets a 401, like an invalid token.
  const isAboutProof = code === 'invalid_dpop_proof' || code === 'use_dpop_nonce'
  if (isAboutProof && caller === 'resource') return 401
  // RFC 6749 section 5.2: a client that authenticated with the Authorization header gets a 401 too.
  return code === 'invalid_client' && caller === 'program' && request.headers.authorization !== undefined ? 401 : status
}

/**
 * Endpoints for programs always reply with JSON (RFC 6749 section 5.2), whatever Accept says. So do unknown well-known URIs,
 * because clients probe for them.
 */
function isForPeople(request: Request, caller: Caller): boolean {
  return caller === undefined ? !request.path.startsWith('/.well-known/') : caller === 'browser'
}

function headersOf(failure: Failure): Record<string, string> {
  const { code, details } = failure.error
  switch (code) {
    case 'too_many_requests': return { 'retry-after': String(details.expected) }
    case 'method_not_allowed': return { allow: String(details.expected) }
    case 'temporarily_unavailable': return { 'retry-after': '30' }
    // RFC 9449 section 8 and section 9: the error that requires a nonce carries it.
    case 'use_dpop_nonce': return { 'dpop-nonce': dpopNonce(failure.context), ...challengeOf(failure) }
    default: return challengeOf(failure)
  }
}

/** The WWW-Authenticate header, if the request failed to authenticate. */
function challengeOf({ error, status, request, caller, context }: Failure): Record<string, string> {
  const { code, details } = error
  if (caller === 'resource') {
    const isAboutToken = status === 401 || code === 'insufficient_scope' || details.rule === accessTokenIsInTheHeader.id
    return isAboutToken ? { 'www-authenticate': challenge(error, request, context) } : {}
  }
  // RFC 6749 section 5.2: only if the client used Basic. Sending it unprompted would make browsers show a password dialog.
  const triedBasic = code === 'invalid_client' && request.headers.authorization !== undefined
  if (triedBasic) return { 'www-authenticate': `Basic realm="${context.config.issuer}"` }
  return code === 'invalid_token' ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}
}
