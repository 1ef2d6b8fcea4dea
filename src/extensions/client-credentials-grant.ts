/**
 * The client credentials grant (RFC 6749 section 4.4): a client acts for itself, without a user. The subject of the token is
 * the client (RFC 9068 section 2.2), so the tools know that there is no user.
 */
import type { Parameters } from '../base/http/parameters.ts'
import { randomToken } from '../base/protocol/crypto.ts'
import type { Client } from '../base/store/records.ts'
import type { Context } from '../core/context/context.ts'
import type { IssuedTokens, Proof } from '../core/context/tokens.ts'
import { issueAccessToken } from '../core/oauth/access-token.ts'
import { readResource } from '../core/oauth/resource.ts'
import { grantableScope } from '../core/oauth/server-scope.ts'

export async function grantToClient(
  form: Parameters, client: Client, context: Context, proof: Proof | undefined,
): Promise<IssuedTokens> {
  const { client_id, metadata } = client
  const scope = grantableScope(form.get('scope'), metadata.scope, context)
  const resource = readResource(form, context.config, context)
  await proof?.use()
  const grant_id = randomToken(16)
  context.audit('token issued', { grant_type: 'client_credentials', client_id, sub: client_id, grant_id, scope })
  // RFC 6749 section 4.4.3: no refresh token, because the client can request a new access token at any time.
  const grant = { sub: client_id, client_id, scope, resource, grant_id }
  return { ...issueAccessToken({ ...grant, jkt: proof?.jkt }, context), scope }
}
