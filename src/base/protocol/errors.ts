/**
 * The errors that leave this program, each with the HTTP status it is answered with.
 *
 * A handler throws an `OAuthError` where a rule is broken. It becomes a response in one of two places: `app/error-reply.ts`
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
  // RFC 9449 section 5 and section 8; 401 at the resource server (section 7.1), where error-reply.ts sees to it
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  // OpenID Connect Core 1.0 section 3.1.2.6, for prompt=none
  login_required: 400,
  consent_required: 400,
  // No OAuth specification names these: RFC 9110 section 15.5 does, and RFC 6585 section 4.
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  content_too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
} as const

export type ErrorCode = keyof typeof statusOf

/** What the wire and the log may know about an error besides its code. Nothing in it is ever a secret. */
interface ErrorDetails {
  /** The id of the broken rule, which `/explain/<rule>` explains. */
  readonly rule?: string
  /** The value that came and the one that was expected, where both may be shown. */
  readonly received?: unknown
  readonly expected?: unknown
  /** Where the specification of the endpoint names another status than that of the code. */
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
 * Makes text fit for `error_description`.
 *
 *     error_description = 1*( %x20-21 / %x23-5B / %x5D-7E )     RFC 6749 section 5.2
 *
 * That is printable ASCII without the quotation mark and the backslash, so the text also fits a quoted-string
 * of `WWW-Authenticate` as it is.
 */
export function errorText(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 400)
}
