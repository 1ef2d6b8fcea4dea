/** The token endpoint (RFC 6749 section 3.2). The table of grant types has the function for each grant. */
import { json, type Reply, type Request } from '../../base/http/message.ts'
import { parseForm } from '../../base/http/parameters.ts'
import type { Context } from '../context/context.ts'
import type { IssuedTokens } from '../context/tokens.ts'
import { clientMayUseGrantType, grantTypeIsSupported } from '../rules/token.ts'
import { authenticateClient } from './client-authentication.ts'

export async function token(request: Request, context: Context): Promise<Reply> {
  const form = await parseForm(request, context)
  const grant_type = form.required('grant_type')
  const grant = context.grants.get(grant_type)
  context.check(grantTypeIsSupported, grant !== undefined, grant_type, [...context.grants.keys()])
  const client = await authenticateClient(request, form, context)
  context.check(clientMayUseGrantType, client.metadata.grant_types.includes(grant_type), grant_type)
  const proof = context.proofOfPossession.readFromTokenRequest(request, client, context)
  const issued = await grant.exchange(form, client, context, proof)
  // Clients that a user approved are kept long. Anybody can register a client and get a token without a user, so the store
  // evicts such clients like unused ones.
  await context.store.keepClient(client.client_id, grant.hasUser)
  return tokenResponse(issued, proof !== undefined, context)
}

/** RFC 6749 section 5.1: caches must not store tokens. */
function tokenResponse(
  { access_token, expires_in, refresh_token, scope }: IssuedTokens, isBound: boolean, context: Context,
): Reply {
  return json(200, {
    access_token,
    token_type: isBound ? 'DPoP' : 'Bearer',
    expires_in,
    ...(refresh_token === undefined ? {} : { refresh_token }),
    scope,
  }, { 'cache-control': 'no-store', pragma: 'no-cache', ...context.proofOfPossession.nonceHeader(isBound, context) })
}
