/** The scopes of this server, and which of them a request can be granted (RFC 6749 section 3.3). */
import { formatScope, includesScope, parseScope } from '../../base/protocol/scope.ts'
import type { Checker } from '../../base/rules/rule.ts'
import { scopeIsSupported, scopeIsWithinRegistration } from '../rules/authorization.ts'

/** The scopes of the MCP server, with what each lets a client do in words for the consent page. */
export const scopeDescriptions: Readonly<Record<string, string>> = {
  'mcp:tools:read': 'See which tools the server has',
  'mcp:tools:execute': 'Run the tools of the server in your name',
}

export const supportedScopes: readonly string[] = Object.keys(scopeDescriptions)

/**
 * What SDKs and editors ask for out of habit. This server issues no ID token and gives refresh tokens without
 * `offline_access`, so these are dropped rather than refused (RFC 6749 section 3.3: the server may ignore a scope).
 */
const openIdScopes: readonly string[] = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']

/**
 * What may be granted of a requested scope: what this server has and the client registered, all of it where nothing is
 * requested (RFC 6749 section 3.3: it may be less than was asked; the token response says what it is).
 */
export function grantableScope(requested: string | undefined, registered: string | undefined, checker: Checker): string {
  const bound = registered?.split(' ') ?? supportedScopes
  const { scopes, known } = selectScopes(parseScope(requested ?? '') ?? [requested ?? ''])
  checker.check(scopeIsSupported, known, requested, supportedScopes)
  const grantable = scopes.length === 0 ? bound : scopes.filter(scope => bound.includes(scope))
  checker.check(scopeIsWithinRegistration, grantable.length > 0, requested, bound)
  return formatScope(grantable)
}

/** The requested scopes without those that are ignored, and whether all that remain are supported. */
export function selectScopes(requested: readonly string[]): { scopes: readonly string[]; known: boolean } {
  const scopes = requested.filter(scope => !openIdScopes.includes(scope))
  return { scopes, known: includesScope(supportedScopes, scopes) }
}
