/**
 * Enterprise-managed authorization. The user has signed in at the identity provider of their enterprise. The client exchanges
 * the ID token there for an identity assertion authorization grant (ID-JAG), which the authorization server of the MCP server
 * accepts as a JWT bearer grant (RFC 8693 section 2.1, draft-ietf-oauth-identity-assertion-authz-grant).
 */
import { formBody, readJsonObject, send } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import { formatScope } from '../../base/protocol/scope.ts'
import { checkEndpoint } from '../../core/client/endpoint.ts'
import { checkAnswer } from '../../core/client/oauth-error.ts'
import type { GrantRequest } from '../../core/client/seams/grant.ts'
import { tokenResponseIsComplete, tokensAreGranted } from '../../core/rules/client.ts'
import type { AssertionSource } from './jwt-bearer.ts'

export interface IdentityProvider {
  readonly token_endpoint: string
  /** The client_id at the identity provider, not at the authorization server. */
  readonly client_id: string
  /** The user's ID token. */
  readonly id_token: string
}

const idJag = 'urn:ietf:params:oauth:token-type:id-jag'

export function identityAssertion(provider: IdentityProvider): AssertionSource {
  return request => exchangeIdToken(provider, request, request.trace)
}

async function exchangeIdToken(
  { token_endpoint, client_id, id_token }: IdentityProvider, { server, scopes, resource }: GrantRequest, trace: Trace,
): Promise<string> {
  trace.step('Exchange the ID token for an identity assertion', 'RFC 8693 section 2.1')
  checkEndpoint(token_endpoint, token_endpoint, trace)
  const response = await send({
    method: 'POST',
    url: token_endpoint,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: formBody({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: idJag,
      subject_token: id_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: server.issuer,
      resource,
      scope: scopes.length === 0 ? undefined : formatScope(scopes),
      client_id,
    }),
  }, trace)
  checkAnswer(tokensAreGranted, response.status === 200, response, trace)
  const { access_token, issued_token_type } = readJsonObject(response, trace)
  trace.check(tokenResponseIsComplete, issued_token_type === idJag, issued_token_type, 'issued_token_type')
  trace.check(tokenResponseIsComplete, typeof access_token === 'string', undefined, 'access_token')
  return access_token
}
