/** The revocation endpoint (RFC 7009 section 2). It ignores token_type_hint, because the two kinds of token differ in form. */
import { empty, type Reply, type Request } from '../base/http/message.ts'
import { parseForm } from '../base/http/parameters.ts'
import { sha256 } from '../base/protocol/crypto.ts'
import type { Context } from '../core/context/context.ts'
import { findAccessToken } from '../core/oauth/access-token.ts'
import { authenticateClient } from '../core/oauth/client-authentication.ts'
import { parseRefreshToken } from '../core/oauth/refresh-token.ts'
import { tokenBelongsToClient } from '../core/rules/token.ts'

export async function revoke(request: Request, context: Context): Promise<Reply> {
  const { config, store } = context
  const form = await parseForm(request, context)
  const client = await authenticateClient(request, form, context)
  const token = form.required('token')

  const parts = parseRefreshToken(token, config)
  const refreshToken = parts && await store.findRefreshToken(sha256(parts.handle))
  if (refreshToken) {
    const { client_id, grant_id } = refreshToken
    context.check(tokenBelongsToClient, client_id === client.client_id)
    // RFC 7009 section 2.1: revoking a refresh token revokes its grant, with every access token issued under it.
    await store.revokeGrant(grant_id)
    context.audit('token revoked', { client_id, grant_id, token_type: 'refresh_token' })
    return revoked
  }
  const accessToken = await findAccessToken(token, context)
  if (accessToken) {
    const { client_id, sub, grant_id, jti } = accessToken
    context.check(tokenBelongsToClient, client_id === client.client_id)
    await store.revokeAccessToken(jti)
    context.audit('token revoked', { client_id, sub, grant_id, token_type: 'access_token' })
  }
  // RFC 7009 section 2.2: an invalid token is not an error.
  return revoked
}

const revoked = empty(200)
