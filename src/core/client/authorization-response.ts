/** The authorization response: found in what a redirect or a person brings, and validated (OAuth 2.1 section 4.1.2, RFC 9207). */
import type { Trace } from '../../base/client/trace.ts'
import { constantTimeEqual } from '../../base/protocol/crypto.ts'
import { splitQuery } from '../../base/protocol/redirect-uri.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { displayText } from '../../base/ui/html.ts'
import {
  authorizationIsGranted, issuerOfResponseIsSent, issuerOfResponseMatches, stateIsOurs,
} from '../rules/client.ts'
import type { PendingAuthorization } from './authorization-request.ts'
import { OAuthResponseError } from './oauth-error.ts'

/**
 * The parameters of the response that `url` carries, or undefined if it does not lead to `redirect_uri`. What may be
 * registered as a redirect URI says nothing about a response: a response may be long, and a `Location` may have a fragment
 * (RFC 9110 section 10.2.2). A loopback host counts as any other, since all of them lead to this machine.
 */
export function responseParameters(url: string, redirect_uri: string): URLSearchParams | undefined {
  const [target, query] = splitQuery(url.replace(/#.*/s, ''))
  const [registered, ownQuery] = splitQuery(redirect_uri)
  if (query === undefined || comparable(target) !== comparable(registered)) return undefined
  return ownQuery === undefined || query.startsWith(ownQuery) ? new URLSearchParams(query) : undefined
}

/** The place that a URL leads to, so that spellings of one place are equal: case of the host, default port, a slash at the end. */
function comparable(url: string): string {
  if (!/^http:/i.test(url) || !URL.canParse(url)) return url
  const { hostname, port, pathname } = new URL(url)
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return `http://${isLoopback ? 'loopback' : hostname}:${port}${pathname.replace(/\/$/, '')}`
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
  const isGranted = codes.some(Boolean) && !response.get('error')
  trace.check(authorizationIsGranted, isGranted, isGranted ? undefined : errorOf(response))
  trace.check(authorizationIsGranted, codes.length === 1, 'more than one code')
  return codes[0]!
}

function errorOf(response: URLSearchParams): OAuthResponseError {
  const text = (name: string): string | undefined => displayText(response.get(name) ?? '', 300) || undefined
  const error = text('error') ?? 'it sent no code'
  return new OAuthResponseError(authorizationIsGranted, error, text('error_description'), { error_uri: text('error_uri') })
}
