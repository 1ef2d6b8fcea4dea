/** The authorization request, and the validation of its response (OAuth 2.1 section 4.1, RFC 9207, RFC 8707). */
import type { Trace } from '../../base/client/trace.ts'
import { constantTimeEqual, randomToken } from '../../base/protocol/crypto.ts'
import { codeChallengeS256, createCodeVerifier } from '../../base/protocol/pkce.ts'
import { withParameters } from '../../base/protocol/redirect-uri.ts'
import { formatScope } from '../../base/protocol/scope.ts'
import { displayText } from '../../base/ui/html.ts'
import {
  authorizationIsGranted, issuerOfResponseIsSent, issuerOfResponseMatches, stateIsOurs,
} from '../rules/client.ts'
import type { AuthorizationServer } from './discovery.ts'
import { OAuthResponseError } from './oauth-error.ts'
import type { Registration } from './seams/storage.ts'

/** One request under way: what its response is judged by. */
export interface PendingAuthorization {
  readonly url: string
  readonly redirect_uri: string
  readonly state: string
  readonly code_verifier: string
  /** The issuer of the validated metadata, recorded before the user is sent away (RFC 9207 section 2.4). */
  readonly issuer: string
  readonly issuerIsPromised: boolean
}

export function createAuthorizationRequest(
  server: AuthorizationServer & { readonly authorization_endpoint: string },
  registration: Registration, scopes: readonly string[], resource: string | undefined,
): PendingAuthorization {
  const state = randomToken()
  const code_verifier = createCodeVerifier()
  const { redirect_uri } = registration
  const url = withParameters(server.authorization_endpoint, {
    response_type: 'code',
    client_id: registration.client_id,
    redirect_uri,
    state,
    code_challenge: codeChallengeS256(code_verifier),
    code_challenge_method: 'S256',
    scope: scopes.length === 0 ? undefined : formatScope(scopes),
    resource,
    // OpenID Connect Core 1.0 section 11: offline_access is granted with an explicit consent only.
    prompt: scopes.includes('offline_access') ? 'consent' : undefined,
  })
  const issuerIsPromised = server.authorization_response_iss_parameter_supported
  return { url, redirect_uri, state, code_verifier, issuer: server.issuer, issuerIsPromised }
}

/** Whether a callback is the answer to the request at all; others are strays, which say nothing about it. */
export function answers(response: URLSearchParams, pending: PendingAuthorization): boolean {
  const states = response.getAll('state')
  return states.length === 1 && constantTimeEqual(states[0]!, pending.state)
}

/** Whether `iss` lets anything of a callback be shown, which the two rules below demand of one that is used. */
export function isFromIssuer(response: URLSearchParams, { issuer, issuerIsPromised }: PendingAuthorization): boolean {
  const issuers = response.getAll('iss')
  return (issuers.length > 0 || !issuerIsPromised) && issuers.length <= 1 && issuers.every(iss => iss === issuer)
}

/**
 * Validates the authorization response and returns the code. Nothing of an error is shown before `iss` is known to be
 * right (MCP 2026-07-28 basic/authorization, Authorization Response Validation).
 */
export function readAuthorizationResponse(response: URLSearchParams, pending: PendingAuthorization, trace: Trace): string {
  trace.check(stateIsOurs, answers(response, pending))
  const issuers = response.getAll('iss')
  trace.check(issuerOfResponseIsSent, issuers.length > 0 || !pending.issuerIsPromised, undefined, pending.issuer)
  const same = issuers.length <= 1 && issuers.every(iss => iss === pending.issuer)
  trace.check(issuerOfResponseMatches, same, issuers.join(' and '), pending.issuer)
  const code = response.get('code')
  const error = response.get('error')
  const granted = code && error === null
  trace.check(authorizationIsGranted, granted, granted ? undefined : errorOf(response))
  trace.check(authorizationIsGranted, response.getAll('code').length === 1, 'more than one code')
  return code
}

function errorOf(response: URLSearchParams): OAuthResponseError {
  const text = (name: string): string | undefined => displayText(response.get(name) ?? '', 300) || undefined
  const error = text('error') ?? 'it sent no code'
  return new OAuthResponseError(authorizationIsGranted, error, text('error_description'), text('error_uri'))
}
