/** Refreshes an access token and rotates the refresh token (RFC 6749 section 6, OAuth 2.1 section 4.3). */
import type { Parameters } from '../../../base/http/parameters.ts'
import { fingerprint, hmacSha256, randomToken, sha256 } from '../../../base/protocol/crypto.ts'
import { formatScope, includesScope, parseScope } from '../../../base/protocol/scope.ts'
import type { Client } from '../../../base/store/records.ts'
import type { Context } from '../../context/context.ts'
import type { IssuedTokens, Proof } from '../../context/tokens.ts'
import {
  refreshTokenBelongsToClient, refreshTokenIsFresh, refreshTokenIsKnown, refreshTokenIsUnused, resourceIsTheGranted,
  scopeIsNotWidened,
} from '../../rules/token.ts'
import { issueAccessToken } from '../access-token.ts'
import { checkBoundKey, refreshTokenKey } from '../bound-key.ts'
import { readResource } from '../resource.ts'
import { selectScopes } from '../server-scope.ts'

/** Every check comes before the rotation, so that a refused attempt takes nothing from its owner. */
export async function refreshAccessToken(
  form: Parameters, client: Client, context: Context, proof: Proof | undefined,
): Promise<IssuedTokens> {
  const { config, store } = context
  const presented = form.required('refresh_token')
  const token = await store.findRefreshToken(sha256(presented))
  context.check(refreshTokenIsKnown, token !== undefined, fingerprint(presented))
  context.check(refreshTokenBelongsToClient, token.client_id === client.client_id, client.client_id, token.client_id)
  context.check(refreshTokenIsFresh, token.expires_at > context.now(), token.expires_at, context.now())
  const grant = await store.findGrant(token.grant_id)
  context.check(refreshTokenIsKnown, grant !== undefined, fingerprint(presented))
  checkBoundKey(grant.jkt, proof, context)
  readResource(form, config, context, resourceIsTheGranted)
  const scope = narrowScope(form.get('scope'), grant.scope, context)
  await proof?.use()

  const salt = randomToken(16)
  const offered = { token_hash: sha256(successorOf(presented, salt)), salt }
  const rotation = await store.rotateRefreshToken(
    token.token_hash, offered, config.refreshTokenReuseWindow, refreshTokenKey(proof, client),
  )
  // RFC 9700 section 4.14.2: a refresh token that comes twice is held by two parties, so the whole grant ends.
  context.check(refreshTokenIsUnused, rotation.outcome !== 'reused')
  const { client_id, sub, grant_id } = grant
  context.audit('token refreshed', { client_id, sub, grant_id, scope, outcome: rotation.outcome })

  return {
    ...issueAccessToken({ ...grant, scope, jkt: proof?.jkt }, context),
    refresh_token: successorOf(presented, rotation.outcome === 'repeated' ? rotation.successor_salt : salt),
    scope,
  }
}

/**
 * The successor of a refresh token: HMAC-SHA256 of a random salt, under the old token. The store keeps the salt and
 * hashes only, so it cannot make the successor; whoever repeats the old token in time can be given it again.
 */
function successorOf(refresh_token: string, salt: string): string {
  return hmacSha256(refresh_token, salt)
}

function narrowScope(requested: string | undefined, granted: string, context: Context): string {
  if (requested === undefined) return granted
  const scopes = selectScopes(parseScope(requested) ?? [requested]).scopes
  context.check(scopeIsNotWidened, includesScope(granted.split(' '), scopes), requested, granted)
  return scopes.length === 0 ? granted : formatScope(scopes)
}
