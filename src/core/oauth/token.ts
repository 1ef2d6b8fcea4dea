/** The token endpoint (RFC 6749 section 3.2): one handler for each grant type. */
import type { Context } from '../context/context.ts'
import { json, type Reply, type Request } from '../../base/http/message.ts'
import { parseForm, type Parameters } from '../../base/http/parameters.ts'
import { clientMayUseGrantType, grantTypeIsSupported } from '../rules/token.ts'
import type { Client } from '../../base/store/records.ts'
import type { IssuedTokens } from './access-token.ts'
import { exchangeAuthorizationCode } from './grants/authorization-code.ts'
import { authenticateClient } from './client-authentication.ts'
import { grantToClient } from '../../extensions/client-credentials-grant.ts'
import { nonceHeader, readTokenRequestProof, type Proof } from '../../extensions/dpop.ts'
import { supportedGrantTypes } from './grant-types.ts'
import { refreshAccessToken } from './grants/refresh-token.ts'

/** `proof` is by the key to which the tokens are bound, where the client uses DPoP; the grant marks it as used. */
type GrantHandler = (form: Parameters, client: Client, context: Context, proof: Proof | undefined) => Promise<IssuedTokens>

const grants: ReadonlyMap<string, GrantHandler> = new Map([
  ['authorization_code', exchangeAuthorizationCode],
  ['refresh_token', refreshAccessToken],
  ['client_credentials', grantToClient],
])

export async function token(request: Request, context: Context): Promise<Reply> {
  const form = await parseForm(request, context)
  const grant_type = form.required('grant_type')
  const supported = supportedGrantTypes(context.config)
  const grant = supported.includes(grant_type) ? grants.get(grant_type) : undefined
  context.check(grantTypeIsSupported, grant !== undefined, grant_type, supported)
  const client = await authenticateClient(request, form, context)
  context.check(clientMayUseGrantType, client.metadata.grant_types.includes(grant_type), grant_type)
  const proof = readTokenRequestProof(request, client, context)
  const issued = await grant(form, client, context, proof)
  // A client that a user approved is kept for long; the others make room for new ones where there are too many. By
  // client_credentials whoever registers gets a token, without any user: so a flood of such clients still makes room.
  const approvedByUser = grant_type !== 'client_credentials'
  await context.store.keepClient(client.client_id, approvedByUser)
  return tokenResponse(issued, proof !== undefined, context)
}

/** RFC 6749 section 5.1: whoever sees tokens must not store them. */
function tokenResponse(
  { access_token, expires_in, refresh_token, scope }: IssuedTokens, isBound: boolean, context: Context,
): Reply {
  return json(200, {
    access_token,
    token_type: isBound ? 'DPoP' : 'Bearer',
    expires_in,
    ...(refresh_token === undefined ? {} : { refresh_token }),
    scope,
  }, { 'cache-control': 'no-store', pragma: 'no-cache', ...nonceHeader(isBound, context) })
}
