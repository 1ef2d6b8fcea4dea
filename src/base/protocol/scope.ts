/** Scopes: a space-delimited, case-sensitive set (RFC 6749 section 3.3). */
import { scopeIsSupported, scopeIsWithinRegistration } from '../../core/rules/authorization.ts'
import type { Checker } from '../rules/rule.ts'

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
 *     scope       = scope-token *( SP scope-token )
 *     scope-token = 1*( %x21 / %x23-5B / %x5D-7E )        RFC 6749 section 3.3
 *
 * Returns the set in the order sent, or undefined where the text is not a scope.
 */
export function parseScope(text: string): readonly string[] | undefined {
  const tokens = text.split(' ').filter(Boolean)
  return tokens.every(token => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(token)) ? [...new Set(tokens)] : undefined
}

export function formatScope(scopes: readonly string[]): string {
  return scopes.join(' ')
}

/** Whether every scope in `needed` is in `granted`. */
export function includesScope(granted: readonly string[], needed: readonly string[]): boolean {
  return needed.every(scope => granted.includes(scope))
}

export function unionOfScopes(...sets: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(sets.flat())]
}

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
