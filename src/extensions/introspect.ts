/** The introspection endpoint (RFC 7662 section 2). It ignores token_type_hint, because the two kinds of token differ in form. */
import { json, type Reply, type Request } from '../base/http/message.ts'
import { parseForm } from '../base/http/parameters.ts'
import { sha256 } from '../base/protocol/crypto.ts'
import type { Context } from '../core/context/context.ts'
import { findAccessToken } from '../core/oauth/access-token.ts'
import { authenticateClient, isPublicClient } from '../core/oauth/client-authentication.ts'
import { parseRefreshToken } from '../core/oauth/refresh-token.ts'
import { clientIsConfidential } from '../core/rules/client-authentication.ts'

export async function introspect(request: Request, context: Context): Promise<Reply> {
  const form = await parseForm(request, context)
  const client = await authenticateClient(request, form, context)
  context.check(clientIsConfidential, !isPublicClient(client))
  const token = form.required('token')
  const found = await describeRefreshToken(token, context) ?? await describeAccessToken(token, context)
  // Anybody can register, so a client learns only about its own tokens. All others are inactive to it (RFC 7662 section 2.2).
  const active = found !== undefined && found.client_id === client.client_id
  return json(200, active ? { active, ...found } : { active: false })
}

async function describeRefreshToken(token: string, { store, now, config }: Context) {
  const parts = parseRefreshToken(token, config)
  const refreshToken = parts && await store.findRefreshToken(sha256(parts.handle))
  const grant = refreshToken && await store.findGrant(refreshToken.grant_id)
  if (!grant || refreshToken.generation !== parts.generation || refreshToken.expires_at <= now()) return undefined
  const { client_id, sub, scope, resource, created_at, expires_at } = grant
  return {
    client_id, sub, scope, aud: resource, iss: config.issuer, iat: Math.floor(created_at), exp: Math.floor(expires_at),
  }
}

async function describeAccessToken(token: string, context: Context) {
  const accessToken = await findAccessToken(token, context)
  if (!accessToken) return undefined
  const { client_id, sub, scope, aud, iss, iat, exp, jti, cnf } = accessToken
  // RFC 9449 section 6.2: the caller needs the key to check proofs.
  const type = cnf === undefined ? { token_type: 'Bearer' } : { token_type: 'DPoP', cnf }
  return { ...type, client_id, sub, scope, aud, iss, iat, exp, jti }
}
