/** The scopes of this server, and which of them a request can get (RFC 6749 section 3.3). */
import { formatScope, includesScope } from '../../base/protocol/scope.ts'
import type { Checker } from '../../base/rules/rule.ts'
import { scopeIsSupported, scopeIsWithinRegistration } from '../rules/authorization.ts'

/** The scopes of the MCP server, and what the consent page says about each. */
export const scopeDescriptions: Readonly<Record<string, string>> = {
  'mcp:tools:read': 'See which tools the server has',
  'mcp:tools:execute': 'Run the tools of the server on your behalf',
}

export const supportedScopes: readonly string[] = Object.keys(scopeDescriptions)

/**
 * SDKs and editors request these by default. RFC 6749 section 3.3 lets the server ignore them: it issues no ID tokens, and
 * it issues refresh tokens without `offline_access`.
 */
const openIdScopes: readonly string[] = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']

/**
 * The part of the requested scope that the client registered, or everything it registered if it requests no scope.
 * RFC 6749 section 3.3: the server may grant less than requested, because the token response contains the granted scope.
 */
export function grantableScope(requested: string | undefined, registered: string | undefined, checker: Checker): string {
  const allowed = registered?.split(' ') ?? supportedScopes
  const { scopes, areSupported } = selectScopes(requested)
  checker.check(scopeIsSupported, areSupported, requested, supportedScopes)
  const grantable = scopes.length === 0 ? allowed : scopes.filter(scope => allowed.includes(scope))
  checker.check(scopeIsWithinRegistration, grantable.length > 0, requested, allowed)
  return formatScope(grantable)
}

/** The scopes of this server among the requested ones. If there are none, only the ignored ones may be requested. */
export function selectScopes(requested = ''): { scopes: readonly string[]; areSupported: boolean } {
  const words = [...new Set(requested.split(' ').filter(Boolean))]
  const scopes = words.filter(scope => supportedScopes.includes(scope))
  return { scopes, areSupported: scopes.length > 0 || includesScope(openIdScopes, words) }
}
