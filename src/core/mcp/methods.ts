/** The MCP methods that do not concern tools. `tools/methods.ts` has the others. */
import type { Config } from '../../base/config/config.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { legacyVersions, supportedVersions } from '../../base/protocol/mcp.ts'
import type { Call, Context, Method } from '../context/context.ts'
import { paramsAreValid } from '../rules/mcp.ts'

export const coreMethods: readonly (readonly [string, Method])[] = [
  ['initialize', { eras: ['legacy'], scopes: [], run: initialize }],
  ['ping', { eras: ['legacy'], scopes: [], run: () => ({}) }],
  ['server/discover', { eras: ['modern'], scopes: [], cacheable: true, run: discover }],
]

export function serverInfo({ serverName, serverVersion }: Config): JsonObject {
  return { name: serverName, version: serverVersion }
}

const capabilities = { tools: {} }
const instructions = 'A demonstration of MCP authorization: weather, files and the profile of the signed-in user.'

/** MCP 2025-11-25 basic/lifecycle, Version Negotiation: the requested version, or our latest if we do not support it. */
function initialize({ params }: Call, context: Context): JsonObject {
  const { protocolVersion = legacyVersions[0] } = params
  context.check(paramsAreValid, typeof protocolVersion === 'string', 'protocolVersion must be a string')
  return {
    protocolVersion: legacyVersions.includes(protocolVersion) ? protocolVersion : legacyVersions[0],
    capabilities,
    serverInfo: serverInfo(context.config),
    instructions,
  }
}

/** MCP 2026-07-28 server/discover. */
function discover(): JsonObject {
  return { supportedVersions, capabilities, instructions }
}
