/** What to do about a refusal of the authorization server, where its code says more than the rule can. */
import { registrationIsAccepted, tokensAreGranted } from '../../rules/client.ts'
import type { Rule } from '../../../base/rules/rule.ts'

/** By the error code of the token endpoint (RFC 6749 section 5.2, RFC 8707 section 2). */
const tokenRemedies: Readonly<Record<string, string>> = {
  invalid_grant: 'The code, refresh token or assertion has expired, was used or revoked before, or belongs to another client; or '
    + 'redirect_uri is not identical to that of the authorization request; or code_verifier does not match its code_challenge '
    + '(RFC 6749 section 5.2, RFC 7636 section 4.6). The log of the authorization server should say which.',
  invalid_client: 'The authorization server does not know the client, or its secret or key is wrong: check --client-id and what '
    + 'goes with it. A client that registered itself is forgotten with --remove-client and registers again.',
  invalid_target: 'The authorization server does not serve this resource: compare resource in the protected resource metadata '
    + 'with what is configured there. --no-resource leaves the parameter out.',
}

const registrationIsClosed = 'Registration may be closed there, or want a token of its own (RFC 7591 section 3). Register a '
  + 'client by hand and name it by --client-id ID, or, where the server takes metadata documents, by --client-metadata-url URL.'

export function remedyOf(rule: Rule, code: string, status: number): string {
  if (rule === registrationIsAccepted) {
    return status === 401 || status === 403 || code === 'access_denied' ? registrationIsClosed : rule.remedy
  }
  return rule === tokensAreGranted && Object.hasOwn(tokenRemedies, code) ? tokenRemedies[code]! : rule.remedy
}
