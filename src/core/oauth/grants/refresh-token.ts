/** Refreshes an access token and rotates the refresh token (RFC 6749 section 6, OAuth 2.1 section 4.3). */
import type { Parameters } from '../../../base/http/parameters.ts'
import { fingerprint, sha256 } from '../../../base/protocol/crypto.ts'
import { formatScope, includesScope } from '../../../base/protocol/scope.ts'
import type { Client } from '../../../base/store/records.ts'
import type { Context } from '../../context/context.ts'
import type { IssuedTokens, Proof } from '../../context/tokens.ts'
import {
  dpopKeyIsTheSame, refreshIsNotTooOften, refreshTokenBelongsToClient, refreshTokenIsFresh, refreshTokenIsKnown,
  refreshTokenIsUnused, resourceIsTheGranted, scopeIsNotWidened,
} from '../../rules/token.ts'
import { issueAccessToken } from '../access-token.ts'
import { checkBoundKey, refreshTokenKey } from '../bound-key.ts'
import { formatRefreshToken, parseRefreshToken } from '../refresh-token.ts'
import { readResource } from '../resource.ts'
import { selectScopes } from '../server-scope.ts'

/** Rotates the token only after every other check: a rejected attempt must not use up the token of its owner. */
export async function refreshAccessToken(
  form: Parameters, client: Client, context: Context, proof: Proof | undefined,
): Promise<IssuedTokens> {
  const { config, store } = context
  const presented = form.required('refresh_token')
  const parts = parseRefreshToken(presented, config)
  const token = parts && await store.findRefreshToken(sha256(parts.handle))
  context.check(refreshTokenIsKnown, parts !== undefined && token !== undefined, fingerprint(presented))
  context.check(refreshTokenBelongsToClient, token.client_id === client.client_id, client.client_id, token.client_id)
  context.check(refreshTokenIsFresh, token.expires_at > context.now(), token.expires_at, context.now())
  const grant = await store.findGrant(token.grant_id)
  context.check(refreshTokenIsKnown, grant !== undefined, fingerprint(presented))
  checkBoundKey(grant.jkt, proof, context)
  readResource(form, config, context, resourceIsTheGranted)
  const scope = narrowScope(form.get('scope'), grant.scope, context)
  await proof?.use()

  const { handle, generation } = parts
  const key = refreshTokenKey(proof, client)
  const rotation = await store.rotateRefreshToken(token.handle_hash, generation, config.refreshTokenReuseWindow, key)
  // A concurrent request may have bound the grant to another key, or revoked it, since the checks above.
  context.check(dpopKeyIsTheSame, rotation.outcome !== 'bound to another key', proof?.jkt)
  const retryAfter = rotation.outcome === 'too often' ? rotation.retry_after : 0
  context.check(refreshIsNotTooOften, rotation.outcome !== 'too often', undefined, retryAfter)
  // RFC 9700 section 4.14.2: if a refresh token is used twice, two parties hold it, so the store revokes the whole grant.
  context.check(refreshTokenIsUnused, rotation.outcome !== 'reused', generation, token.generation)
  const { client_id, sub, grant_id } = grant
  context.audit('token refreshed', { client_id, sub, grant_id, scope, outcome: rotation.outcome })

  return {
    ...issueAccessToken({ ...grant, scope, jkt: proof?.jkt }, context),
    refresh_token: formatRefreshToken({ handle, generation: rotation.generation }, config),
    scope,
  }
}

function narrowScope(requested: string | undefined, granted: string, context: Context): string {
  if (requested === undefined) return granted
  const { scopes, areSupported } = selectScopes(requested)
  context.check(scopeIsNotWidened, areSupported && includesScope(granted.split(' '), scopes), requested, granted)
  return scopes.length === 0 ? granted : formatScope(scopes)
}
