/** The methods of the MCP server: what each needs and what it answers, in both eras. */
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'
import type { AccessToken } from '../oauth/access-token.ts'
import { clientHasCapability, paramsAreValid, toolIsKnown } from '../rules/mcp.ts'
import { isJsonObject, type JsonObject } from './json-rpc.ts'
import { legacyVersions, supportedVersions } from './protocol.ts'
import { callTool, describeTool, type Tool } from './tool.ts'

export interface Call {
  readonly params: JsonObject
  /** Absent on the one path that needs none. */
  readonly token: AccessToken | undefined
  /** What the client declared in this request; undefined in the legacy era, which declares it in `initialize`. */
  readonly clientCapabilities: JsonObject | undefined
}

export interface Method {
  readonly eras: readonly ('modern' | 'legacy')[]
  /** Every scope that the method needs. */
  readonly scopes: readonly string[]
  /** Whether the modern result carries caching hints (MCP 2026-07-28 server/utilities/caching). */
  readonly cacheable?: boolean
  run(call: Call, context: Context): JsonObject | Promise<JsonObject>
}

export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['initialize', { eras: ['legacy'], scopes: [], run: initialize }],
  ['ping', { eras: ['legacy'], scopes: [], run: () => ({}) }],
  ['server/discover', { eras: ['modern'], scopes: [], cacheable: true, run: discover }],
  ['tools/list', { eras: ['modern', 'legacy'], scopes: ['mcp:tools:read'], cacheable: true, run: listTools }],
  ['tools/call', { eras: ['modern', 'legacy'], scopes: ['mcp:tools:read', 'mcp:tools:execute'], run: callNamedTool }],
])

export function serverInfo({ serverName, serverVersion }: Config): JsonObject {
  return { name: serverName, version: serverVersion }
}

const capabilities = { tools: {} }
const instructions = 'A demonstration of MCP authorization: weather, files and the profile of the signed-in user.'

/** MCP 2025-11-25 basic/lifecycle, Version Negotiation: the version asked for, else the latest of ours. */
function initialize({ params }: Call, context: Context): JsonObject {
  const { protocolVersion } = params
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

function listTools({ params }: Call, context: Context): JsonObject {
  // The list has one page, so no cursor is ever given out.
  context.check(paramsAreValid, params['cursor'] === undefined, 'cursor is not one that this server gave out')
  return { tools: [...context.tools.values()].map(describeTool) }
}

async function callNamedTool(
  { params, token, clientCapabilities }: Call, context: Context,
): Promise<JsonObject> {
  const tool = findTool(params, context)
  const { arguments: args = {} } = params
  context.check(paramsAreValid, isJsonObject(args), 'arguments must be an object')
  const missing = Object.entries(tool.requiredCapabilities ?? {})
    .filter(([name]) => !Object.hasOwn(clientCapabilities ?? {}, name))
  context.check(clientHasCapability, missing.length === 0, clientCapabilities, Object.fromEntries(missing))
  const { sub, client_id } = token!
  // RFC 9700 section 4.15.1: the subject of a client that acts for itself is the client, whoever else has that sub.
  const user = sub === client_id ? undefined : context.users.find(sub)
  return callTool(tool, args, { sub, client_id, user })
}

export function findTool(params: JsonObject, context: Context): Tool {
  const { name } = params
  context.check(paramsAreValid, typeof name === 'string', 'name must be a string')
  const tool = context.tools.get(name)
  context.check(toolIsKnown, tool !== undefined, name)
  return tool
}
