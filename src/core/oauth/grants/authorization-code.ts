/** Redeems an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.6). */
import type { Parameters } from '../../../base/http/parameters.ts'
import { fingerprint, randomToken, sha256 } from '../../../base/protocol/crypto.ts'
import { codeChallengeS256, isCodeVerifier, verifyCodeVerifier } from '../../../base/protocol/pkce.ts'
import type { AuthorizationCode, Client, Grant } from '../../../base/store/records.ts'
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

/** Marks the code as used only after every other check: a rejected attempt must not use up the code of its owner. */
export async function exchangeAuthorizationCode(
  form: Parameters, client: Client, context: Context, proof: Proof | undefined,
): Promise<IssuedTokens> {
  const { config, store } = context
  const presented = form.required('code')
  const code = await store.findAuthorizationCode(sha256(presented))
  context.check(codeIsKnown, code !== undefined, fingerprint(presented))
  context.check(codeBelongsToClient, code.client_id === client.client_id, client.client_id, code.client_id)
  context.check(codeIsFresh, code.expires_at > context.now(), code.expires_at, context.now())

  // OAuth 2.1 section 4.1.3 drops redirect_uri from the token request. If an OAuth 2.0 client sends it, it must match.
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

  const grant = createGrant(code, refreshTokenKey(proof, client), context)
  const { client_id, sub, grant_id, scope, expires_at } = grant
  const handle = client.metadata.grant_types.includes('refresh_token') ? randomToken(16) : undefined
  const refreshToken = handle === undefined ? undefined
    : { handle_hash: sha256(handle), grant_id, client_id, expires_at, generation: 0 }
  // RFC 6749 section 4.1.2: if a code is used twice (code replay), either caller may be the thief, so the store also revokes
  // the tokens of the first exchange.
  context.check(codeIsUnused, await store.useAuthorizationCode(code.code_hash, grant, refreshToken))
  context.audit('token issued', { grant_type: 'authorization_code', client_id, sub, grant_id, scope })

  return {
    ...issueAccessToken({ ...grant, jkt: proof?.jkt }, context),
    ...(handle === undefined ? {} : { refresh_token: formatRefreshToken({ handle, generation: 0 }, config) }),
    scope,
  }
}

function createGrant(code: AuthorizationCode, jkt: string | undefined, { config, now }: Context): Grant {
  const { grant_id, client_id, sub, scope, resource } = code
  const created_at = now()
  const expires_at = created_at + config.refreshTokenLifetime
  return { grant_id, client_id, sub, scope, resource, created_at, expires_at, ...(jkt === undefined ? {} : { jkt }) }
}
