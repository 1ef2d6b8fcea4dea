/** The methods of the MCP server: what each needs and what it answers, in both eras. */
import type { Config } from '../../base/config/config.ts'
import type { Context } from '../context/context.ts'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import type { Request } from '../../base/http/message.ts'
import type { AccessToken } from '../context/tokens.ts'
import { clientHasCapability, paramsAreValid, toolIsKnown } from '../rules/mcp.ts'
import { legacyVersions, supportedVersions } from '../../base/protocol/mcp.ts'
import { openState, sealState, type StatefulCall } from './request-state.ts'
import type { InputRequired, Round, Tool } from '../context/tool.ts'
import { callTool, describeTool, errorResult, isInputRequired } from './call-tool.ts'

export interface Call {
  readonly params: JsonObject
  /** Absent on the one path that needs none. */
  readonly token: AccessToken | undefined
  /** What the client declared in this request; undefined in the legacy era, which declares it in `initialize`. */
  readonly clientCapabilities: JsonObject | undefined
  readonly progress: Round['progress']
  /**
   * Whose end cancels the call. Undefined in the legacy era, where a client that goes away has cancelled nothing
   * (MCP 2025-11-25 basic/transports, Sending Messages to the Server, point 6).
   */
  readonly request: Request | undefined
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
  { params, token, clientCapabilities, progress, request }: Call, context: Context,
): Promise<JsonObject> {
  const tool = findTool(params, context)
  const { arguments: args = {}, inputResponses = {}, requestState } = params
  context.check(paramsAreValid, isJsonObject(args), 'arguments must be an object')
  const areResponses = isJsonObject(inputResponses) && Object.values(inputResponses).every(isJsonObject)
  context.check(paramsAreValid, areResponses, 'inputResponses must be an object of objects')
  context.check(paramsAreValid, requestState === undefined || typeof requestState === 'string', 'requestState must be a string')
  checkCapabilities(tool.requiredCapabilities ?? {}, clientCapabilities, context)
  const { sub, client_id } = token!
  // RFC 9700 section 4.15.1: the subject of a client that acts for itself is the client, whoever else has that sub.
  const caller = { sub, client_id, user: sub === client_id ? undefined : context.users.find(sub) }
  const call = { tool: tool.name, args, caller }
  const state = requestState === undefined ? undefined : openState(requestState, call, context)
  const result = await callTool(tool, args, caller, {
    progress,
    clientCapabilities: clientCapabilities ?? {},
    inputResponses: inputResponses as JsonObject,
    state,
    // Made for the tool that looks at it.
    get signal() { return request?.signal ?? new AbortController().signal },
  })
  return isInputRequired(result) ? askForInput(result, call, clientCapabilities, context) : result
}

/** What a client has to declare for a request to be put to it. */
const capabilityOf: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation', 'sampling/createMessage': 'sampling', 'roots/list': 'roots',
}

/** MCP 2026-07-28 basic/patterns/mrtr: only what the client declared is asked for. */
function askForInput(
  { inputRequests, state }: InputRequired, call: StatefulCall, clientCapabilities: JsonObject | undefined, context: Context,
): JsonObject {
  if (!clientCapabilities) {
    return errorResult(`${call.tool} asks for input, which a client of ${legacyVersions[0]} is not asked for`)
  }
  const needed = Object.values(inputRequests).map(({ method }) => [capabilityOf[method]!, {}])
  checkCapabilities(Object.fromEntries(needed), clientCapabilities, context)
  return {
    resultType: 'input_required',
    inputRequests,
    ...(state === undefined ? {} : { requestState: sealState(state, call, context) }),
  }
}

function checkCapabilities(needed: JsonObject, declared: JsonObject | undefined, context: Context): void {
  const missing = Object.entries(needed).filter(([name]) => !Object.hasOwn(declared ?? {}, name))
  context.check(clientHasCapability, missing.length === 0, declared, Object.fromEntries(missing))
}

export function findTool(params: JsonObject, context: Context): Tool {
  const { name } = params
  context.check(paramsAreValid, typeof name === 'string', 'name must be a string')
  const tool = context.tools.get(name)
  context.check(toolIsKnown, tool !== undefined, name)
  return tool
}
