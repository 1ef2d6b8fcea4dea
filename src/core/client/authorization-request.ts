/** The authorization request (OAuth 2.1 section 4.1.1, RFC 8707 section 2). */
import { randomToken } from '../../base/protocol/crypto.ts'
import { codeChallengeS256, createCodeVerifier } from '../../base/protocol/pkce.ts'
import { splitQuery } from '../../base/protocol/redirect-uri.ts'
import { formatScope } from '../../base/protocol/scope.ts'
import type { AuthorizationServer } from './discovery.ts'
import type { Registration } from './seams/storage.ts'

/** A request that waits for its response, with what the response is validated against. */
export interface PendingAuthorization {
  readonly url: string
  readonly redirect_uri: string
  readonly state: string
  readonly code_verifier: string
  /** The issuer of the validated metadata, recorded before the user leaves (RFC 9207 section 2.4). */
  readonly issuer: string
  readonly issuerIsPromised: boolean
}

export function createAuthorizationRequest(
  server: AuthorizationServer & { readonly authorization_endpoint: string },
  registration: Registration, scopes: readonly string[], resource: string | undefined,
): PendingAuthorization {
  const state = randomToken()
  const code_verifier = createCodeVerifier()
  const { client_id, redirect_uri } = registration
  const url = withQuery(server.authorization_endpoint, {
    response_type: 'code',
    client_id,
    redirect_uri,
    state,
    code_challenge: codeChallengeS256(code_verifier),
    code_challenge_method: 'S256',
    scope: scopes.length === 0 ? undefined : formatScope(scopes),
    resource,
    // OpenID Connect Core 1.0 section 11: offline_access requires explicit consent.
    prompt: scopes.includes('offline_access') ? 'consent' : undefined,
  })
  const issuerIsPromised = server.authorization_response_iss_parameter_supported
  return { url, redirect_uri, state, code_verifier, issuer: server.issuer, issuerIsPromised }
}

/** Puts the parameters into the query of the endpoint. The endpoint keeps its own, but no name comes twice (RFC 6749 section 3.1). */
function withQuery(endpoint: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const [base, query = ''] = splitQuery(endpoint)
  const sent = new URLSearchParams(Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const kept = query.split('&').filter(pair => pair !== '' && [...new URLSearchParams(pair).keys()].every(name => !sent.has(name)))
  return `${base}?${[...kept, sent].join('&')}`
}
