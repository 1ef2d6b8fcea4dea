/** OAuth errors in the answers of the authorization server (RFC 6749 section 5.2, RFC 7591 section 3.2.2). */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { looseJson, type HttpResponse } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { displayText } from '../../base/ui/html.ts'
import { registrationIsAccepted, tokensAreGranted } from '../rules/client.ts'

/** The authorization server answered with an OAuth error. */
export class OAuthResponseError extends ClientError {
  readonly code: string

  /** `remedy` is shown if there is no `error_uri`. */
  constructor(rule: Rule, code: string, description: string | undefined, error_uri: string | undefined, remedy = rule.remedy) {
    const text = description === undefined ? code : `${code}: ${description}`
    super(rule.says.replace('{received}', () => text), exitCodes.refused, {
      rule, remedy: error_uri === undefined ? remedy : `It is explained at ${error_uri}`,
    })
    this.code = code
  }
}

/** Checks `rule`. If it does not hold, the OAuth error of the response is thrown. */
export function checkAnswer(rule: Rule, granted: boolean, response: HttpResponse, trace: Trace): void {
  trace.check(rule, granted, granted ? undefined : oauthErrorOf(response, rule))
}

function oauthErrorOf(response: HttpResponse, rule: Rule): OAuthResponseError {
  const { error, error_description, error_uri } = looseJson(response)
  const text = (value: unknown): string | undefined => typeof value === 'string' ? displayText(value, 300) : undefined
  const code = text(error) ?? `HTTP ${response.status}`
  return new OAuthResponseError(rule, code, text(error_description), text(error_uri), remedyOf(rule, code, response.status))
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
