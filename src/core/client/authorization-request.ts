/** The authorization request, and the validation of its response (OAuth 2.1 section 4.1, RFC 9207, RFC 8707). */
import type { Trace } from '../../base/client/trace.ts'
import { constantTimeEqual, randomToken } from '../../base/protocol/crypto.ts'
import { codeChallengeS256, createCodeVerifier } from '../../base/protocol/pkce.ts'
import { withParameters } from '../../base/protocol/redirect-uri.ts'
import { formatScope } from '../../base/protocol/scope.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { displayText } from '../../base/ui/html.ts'
import {
  authorizationIsGranted, issuerOfResponseIsSent, issuerOfResponseMatches, stateIsOurs,
} from '../rules/client.ts'
import type { AuthorizationServer } from './discovery.ts'
import { OAuthResponseError } from './oauth-error.ts'
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
  const url = withParameters(server.authorization_endpoint, {
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

/** Whether a callback belongs to the request. Any other callback says nothing about it. */
export function answers(response: URLSearchParams, { state }: PendingAuthorization): boolean {
  const states = response.getAll('state')
  return states.length === 1 && constantTimeEqual(states[0]!, state)
}

/** The rule about `iss` that the response breaks, if any (RFC 9207 section 2.4). */
export function brokenIssuerRule(response: URLSearchParams, pending: PendingAuthorization): Rule | undefined {
  const [iss, ...others] = response.getAll('iss')
  if (iss === undefined) return pending.issuerIsPromised ? issuerOfResponseIsSent : undefined
  return iss === pending.issuer && others.length === 0 ? undefined : issuerOfResponseMatches
}

/**
 * Validates the authorization response and returns the code. The issuer is checked before anything of an error is shown
 * (MCP 2026-07-28 basic/authorization, Authorization Response Validation).
 */
export function readAuthorizationResponse(response: URLSearchParams, pending: PendingAuthorization, trace: Trace): string {
  trace.check(stateIsOurs, answers(response, pending))
  const broken = brokenIssuerRule(response, pending)
  trace.check(issuerOfResponseIsSent, broken !== issuerOfResponseIsSent, undefined, pending.issuer)
  trace.check(issuerOfResponseMatches, broken !== issuerOfResponseMatches, response.getAll('iss').join(' and '), pending.issuer)
  const codes = response.getAll('code')
  const isGranted = codes.some(Boolean) && !response.has('error')
  trace.check(authorizationIsGranted, isGranted, isGranted ? undefined : errorOf(response))
  trace.check(authorizationIsGranted, codes.length === 1, 'more than one code')
  return codes[0]!
}

function errorOf(response: URLSearchParams): OAuthResponseError {
  const text = (name: string): string | undefined => displayText(response.get(name) ?? '', 300) || undefined
  const error = text('error') ?? 'it sent no code'
  return new OAuthResponseError(authorizationIsGranted, error, text('error_description'), text('error_uri'))
}
