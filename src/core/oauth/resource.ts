/** The resource parameter (RFC 8707 section 2): which texts mean the MCP server of this installation. */
import type { Config } from '../../base/config/config.ts'
import type { Parameters } from '../../base/http/parameters.ts'
import type { Checker, Rule } from '../../base/rules/rule.ts'
import { resourceIsOurs } from '../rules/authorization.ts'

/**
 * Reads `resource` and returns the one canonical identifier, which becomes `aud`. Clients name the issuer or the MCP
 * endpoint, with or without a slash at the end, or nothing at all; each of these means the only resource there is.
 */
export function readResource(
  parameters: Parameters, config: Config, checker: Checker, rule: Rule = resourceIsOurs,
): string {
  const resource = parameters.get('resource')
  checker.check(rule, resource === undefined || isOurResource(resource, config), resource, config.resource)
  return config.resource
}

function isOurResource(resource: string, { issuer, resource: canonical }: Config): boolean {
  const text = lowerCaseOrigin(resource)
  return text === canonical || text === issuer || text === `${canonical}/` || text === `${issuer}/`
}

/**
 * MCP 2026-07-28 basic/authorization, Canonical Server URI: scheme and host may come in upper case. The rest is
 * compared as it is, so that `localhost` does not become `127.0.0.1` nor a path another path.
 */
function lowerCaseOrigin(uri: string): string {
  return uri.replace(/^[a-z]+:\/\/[^/?#]*/i, origin => origin.toLowerCase())
}
