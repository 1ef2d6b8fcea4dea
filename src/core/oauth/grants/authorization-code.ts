/** Redeems an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.6). */
import type { Parameters } from '../../../base/http/parameters.ts'
import { fingerprint, randomToken, sha256 } from '../../../base/protocol/crypto.ts'
import { codeChallengeS256, isCodeVerifier, verifyCodeVerifier } from '../../../base/protocol/pkce.ts'
import type { AuthorizationCode, Client, Grant, RefreshToken } from '../../../base/store/records.ts'
import type { Context } from '../../context/context.ts'
import type { IssuedTokens, Proof } from '../../context/tokens.ts'
import {
  codeBelongsToClient, codeIsFresh, codeIsKnown, codeIsUnused, codeVerifierIsWellFormed, codeVerifierMatches,
  redirectUriIsTheSame, resourceIsTheGranted,
} from '../../rules/token.ts'
import { issueAccessToken } from '../access-token.ts'
import { checkBoundKey, refreshTokenKey } from '../bound-key.ts'
import { formatRefreshToken } from '../refresh-token.ts'
import { readResource } from '../resource.ts'

/** Every check comes before the code is used, so that a refused attempt takes nothing from its owner. */
export async function exchangeAuthorizationCode(
  form: Parameters, client: Client, context: Context, proof: Proof | undefined,
): Promise<IssuedTokens> {
  const { config, store } = context
  const presented = form.required('code')
  const code = await store.findAuthorizationCode(sha256(presented))
  context.check(codeIsKnown, code !== undefined, fingerprint(presented))
  context.check(codeBelongsToClient, code.client_id === client.client_id, client.client_id, code.client_id)
  context.check(codeIsFresh, code.expires_at > context.now(), code.expires_at, context.now())

  // OAuth 2.1 section 4.1.3 leaves redirect_uri out of the token request; one that is sent must be the same.
  const redirect_uri = form.get('redirect_uri') ?? code.redirect_uri
  context.check(redirectUriIsTheSame, redirect_uri === code.redirect_uri, redirect_uri, code.redirect_uri)

  const code_verifier = form.required('code_verifier')
  context.check(codeVerifierIsWellFormed, isCodeVerifier(code_verifier), code_verifier.length)
  context.check(
    codeVerifierMatches, verifyCodeVerifier(code_verifier, code.code_challenge),
    codeChallengeS256(code_verifier), code.code_challenge,
  )
  readResource(form, config, context, resourceIsTheGranted)
  checkBoundKey(code.dpop_jkt, proof, context)
  await proof?.use()

  const grant = beginGrant(code, refreshTokenKey(proof, client), context)
  const handle = client.metadata.grant_types.includes('refresh_token') ? randomToken(16) : undefined
  const refreshToken = handle === undefined ? undefined : refreshTokenOf(grant, handle)
  // RFC 6749 section 4.1.2: a code that comes twice was stolen, by the first caller or by this one. We cannot tell
  // which, so the tokens of the first exchange end too.
  context.check(codeIsUnused, await store.useAuthorizationCode(code.code_hash, grant, refreshToken))
  const { client_id, sub, grant_id, scope } = grant
  context.audit('token issued', { grant_type: 'authorization_code', client_id, sub, grant_id, scope })

  return {
    ...issueAccessToken({ ...grant, jkt: proof?.jkt }, context),
    ...(handle === undefined ? {} : { refresh_token: formatRefreshToken({ handle, generation: 0 }, config) }),
    scope,
  }
}

function beginGrant(code: AuthorizationCode, jkt: string | undefined, { config, now }: Context): Grant {
  const { grant_id, client_id, sub, scope, resource } = code
  const created_at = now()
  const expires_at = created_at + config.refreshTokenLifetime
  return { grant_id, client_id, sub, scope, resource, created_at, expires_at, ...(jkt === undefined ? {} : { jkt }) }
}

function refreshTokenOf({ grant_id, client_id, expires_at }: Grant, handle: string): RefreshToken {
  return { handle_hash: sha256(handle), grant_id, client_id, expires_at, generation: 0 }
}
