/** The resource parameter (RFC 8707 section 2). */
import type { Config } from '../../base/config/config.ts'
import type { Parameters } from '../../base/http/parameters.ts'
import type { Checker, Rule } from '../../base/rules/rule.ts'
import { resourceIsOurs } from '../rules/authorization.ts'

/**
 * Reads `resource` and returns the canonical identifier, which becomes `aud`. There is only one resource: clients may send
 * the URL of the MCP endpoint or the issuer, with or without a trailing slash, or omit `resource`. If they send several, each
 * must be one of these.
 */
export function readResource(
  parameters: Parameters, config: Config, checker: Checker, rule: Rule = resourceIsOurs,
): string {
  const foreign = parameters.resources.find(resource => !isOurResource(resource, config))
  checker.check(rule, foreign === undefined, foreign ?? parameters.get('resource'), config.resource)
  return config.resource
}

function isOurResource(resource: string, { issuer, resource: canonical }: Config): boolean {
  const text = lowerCaseOrigin(resource)
  return text === canonical || text === issuer || text === `${canonical}/` || text === `${issuer}/`
}

/**
 * MCP 2026-07-28 basic/authorization, Canonical Server URI: scheme and host ignore case. Nothing else is normalized:
 * `localhost` is not `127.0.0.1`, and paths are case-sensitive.
 */
function lowerCaseOrigin(uri: string): string {
  return uri.replace(/^[a-z]+:\/\/[^/?#]*/i, origin => origin.toLowerCase())
}
