/** OAuth errors in the answers of the authorization server (RFC 6749 section 5.2, RFC 7591 section 3.2.2). */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { looseJson, wordsOf, type HttpResponse } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { displayText } from '../../base/ui/html.ts'
import { registrationIsAccepted, tokensAreGranted } from '../rules/client.ts'

/** The authorization server refused, or could not answer. */
export class OAuthResponseError extends ClientError {
  readonly code: string

  /** `remedy` is shown if there is no `error_uri`. */
  constructor(rule: Rule, code: string, description: string | undefined, options: OAuthErrorOptions = {}) {
    const { error_uri, remedy = rule.remedy, isTemporary = false } = options
    const text = description === undefined ? code : `${code}: ${description}`
    super(rule.says.replace('{received}', () => text), isTemporary ? exitCodes.unreachable : exitCodes.refused, {
      rule, remedy: error_uri === undefined ? remedy : `It is explained at ${error_uri}`,
    })
    this.code = code
  }
}

interface OAuthErrorOptions {
  readonly error_uri?: string | undefined
  readonly remedy?: string
  /** Whether the same request may succeed later: then the answer says nothing about the client or its tokens. */
  readonly isTemporary?: boolean
}

/** Checks `rule`. If it does not hold, the error of the response is thrown. */
export function checkAnswer(rule: Rule, granted: boolean, response: HttpResponse, trace: Trace): void {
  trace.check(rule, granted, granted ? undefined : errorOf(response, rule))
}

/** The codes of RFC 6749 section 4.1.2.1 and RFC 8628 section 3.5 by which a server asks for patience. */
const temporaryCodes: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down', 'too_many_requests'])

function errorOf(response: HttpResponse, rule: Rule): OAuthResponseError {
  const { status, headers } = response
  const { error, error_description, error_uri } = looseJson(response)
  const shown = (value: unknown): string | undefined => typeof value === 'string' ? displayText(value, 300) : undefined
  const named = shown(error)
  // Whatever is not an OAuth error comes from something in between, such as a firewall or a gateway.
  const isTemporary = isTemporaryStatus(status) || (named === undefined ? rule === tokensAreGranted && status >= 400 : temporaryCodes.has(named))
  const code = named ?? `HTTP ${status}`
  const wait = shown(headers.get('retry-after') ?? undefined)
  const words = shown(error_description) ?? displayText(wordsOf(response) ?? '', 300)
  const description = [named !== undefined && isTemporary ? `HTTP ${status}` : '', words, wait ? `Retry-After: ${wait}` : '']
  return new OAuthResponseError(rule, code, description.filter(Boolean).join('; ') || undefined, {
    error_uri: shown(error_uri), isTemporary,
    remedy: isTemporary ? 'Try again later. The client keeps its registration and its tokens.' : remedyOf(rule, code, status),
  })
}

/** RFC 9110 section 15.5.9 and section 15.6, RFC 6585 section 4. */
export function isTemporaryStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function remedyOf(rule: Rule, code: string, status: number): string {
  if (rule === tokensAreGranted) return tokenRemedies.get(code) ?? rule.remedy
  const isClosed = status === 401 || status === 403 || code === 'access_denied'
  return rule === registrationIsAccepted && isClosed ? registrationIsClosed : rule.remedy
}

/** By the error code of the token endpoint (RFC 6749 section 5.2, RFC 8707 section 2). */
const tokenRemedies: ReadonlyMap<string, string> = new Map([
  ['invalid_grant', 'The code, refresh token or assertion has expired, was used or revoked, or belongs to another client. Or '
    + 'redirect_uri is not identical to the one in the authorization request, or code_verifier does not match the '
    + 'code_challenge (RFC 6749 section 5.2, RFC 7636 section 4.6). The log of the authorization server should say which.'],
  ['invalid_client', 'The authorization server does not know the client, or its secret or key is wrong. Check --client-id and '
    + 'its secret or key. If the client registered itself, run --remove-client, and it registers again.'],
  ['invalid_target', 'The authorization server issues no tokens for this resource. Compare resource in the protected resource '
    + 'metadata with the configuration of the authorization server. --no-resource omits the parameter.'],
])

const registrationIsClosed = 'The server may not allow registration, or may want a token for it (RFC 7591 section 3). Register a '
  + 'client by hand and pass --client-id ID, or, if the server supports metadata documents, --client-metadata-url URL.'
