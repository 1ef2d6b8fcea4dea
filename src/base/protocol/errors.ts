/**
 * The errors that this program sends, each with its HTTP status.
 *
 * A broken rule throws an `OAuthError`. It becomes a response in one of two places: `app/error-reply.ts`
 * (RFC 6749 section 5.2 JSON, or the challenge of RFC 6750 section 3 and RFC 9449 section 7.1) and `core/oauth/authorize.ts`
 * (a redirect, once the redirect URI is trusted).
 */

const statusOf = {
  // RFC 6749 section 4.1.2.1 and section 5.2
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  // RFC 8707 section 2
  invalid_target: 400,
  // RFC 7591 section 3.2.2
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  // RFC 6750 section 3.1
  invalid_token: 401,
  insufficient_scope: 403,
  // RFC 9449 section 5 and section 8. At the resource server, error-reply.ts makes it 401 (section 7.1).
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  // OpenID Connect Core 1.0 section 3.1.2.6, for prompt=none
  login_required: 400,
  consent_required: 400,
  // Our own codes, for status codes of RFC 9110 section 15.5 and RFC 6585 section 4
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  content_too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
} as const

export type ErrorCode = keyof typeof statusOf

/** More about an error, for the response and the log. It must not contain secrets. */
interface ErrorDetails {
  /** The id of the broken rule. */
  readonly rule?: string
  /** The received and the expected value, if both may be shown. */
  readonly received?: unknown
  readonly expected?: unknown
  /** Set if the specification of the endpoint requires a different status than that of the code. */
  readonly status?: number
}

export class OAuthError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly details: ErrorDetails

  constructor(code: ErrorCode, description: string, details: ErrorDetails = {}) {
    super(description)
    this.name = 'OAuthError'
    this.code = code
    this.status = details.status ?? statusOf[code]
    this.details = details
  }
}

/**
 * Makes text valid as `error_description`.
 *
 *     error_description = 1*( %x20-21 / %x23-5B / %x5D-7E )     RFC 6749 section 5.2
 *
 * This is printable ASCII without quotation mark and backslash, so the text also fits into a quoted-string of
 * `WWW-Authenticate` without escaping.
 */
export function errorText(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 400)
}
