/** The MCP methods that concern tools. */
import { isJsonObject, type JsonObject } from '../base/protocol/json.ts'
import { legacyVersions } from '../base/protocol/mcp.ts'
import { mirroredParameters, valueAt } from '../base/protocol/mirrored-parameters.ts'
import type { Call, Context, Method } from '../core/context/context.ts'
import { paramsAreValid } from '../core/rules/mcp.ts'
import { callTool, describeTool, errorResult, isInputRequired, presentArguments } from './call-tool.ts'
import { openState, sealState, type StatefulCall } from './request-state.ts'
import { clientHasCapability, toolIsKnown } from './rules/tools.ts'
import { listen } from './subscriptions.ts'
import type { InputRequired, Tool } from './tool.ts'

type Tools = ReadonlyMap<string, Tool>

export function toolMethods(tools: Tools): readonly (readonly [string, Method])[] {
  return [
    ['tools/list', {
      eras: ['modern', 'legacy'], scopes: ['mcp:tools:read'], cacheable: true,
      run: (call, context) => listTools(tools, call, context),
    }],
    ['tools/call', {
      eras: ['modern', 'legacy'], scopes: ['mcp:tools:read', 'mcp:tools:execute'],
      run: (call, context) => callNamedTool(tools, call, context),
      mirrored: (params, context) => mirroredHeaders(findTool(tools, params, context), params),
    }],
    ['subscriptions/listen', { eras: ['modern'], scopes: [], stream: listen }],
  ]
}

function listTools(tools: Tools, { params }: Call, context: Context): JsonObject {
  // The list has a single page, so this server never returns a cursor.
  context.check(paramsAreValid, params['cursor'] === undefined, 'unknown cursor')
  return { tools: [...tools.values()].map(describeTool) }
}

async function callNamedTool(
  tools: Tools, { params, token, clientCapabilities, progress, request }: Call, context: Context,
): Promise<JsonObject> {
  const tool = findTool(tools, params, context)
  const { arguments: sent = {}, inputResponses = {}, requestState } = params
  context.check(paramsAreValid, isJsonObject(sent), 'arguments must be an object')
  const args = presentArguments(sent, tool.inputSchema)
  const areResponses = isJsonObject(inputResponses) && Object.values(inputResponses).every(isJsonObject)
  context.check(paramsAreValid, areResponses, 'inputResponses must be an object of objects')
  context.check(paramsAreValid, requestState === undefined || typeof requestState === 'string', 'requestState must be a string')
  checkCapabilities(tool.requiredCapabilities ?? {}, clientCapabilities, context)
  const { sub, client_id } = token!
  // RFC 9700 section 4.15.1: a client that acts for itself must never pass as a user with the same sub.
  const caller = { sub, client_id, user: sub === client_id ? undefined : context.users.find(sub) }
  const call = { tool: tool.name, args, caller }
  const state = requestState === undefined ? undefined : openState(requestState, call, context)
  const result = await callTool(tool, args, caller, {
    progress,
    clientCapabilities: clientCapabilities ?? {},
    inputResponses: inputResponses as JsonObject,
    state,
    // A getter, so that an AbortController is created only for tools that use the signal.
    get signal() { return request?.signal ?? new AbortController().signal },
  })
  return isInputRequired(result) ? askForInput(result, call, clientCapabilities, context) : result
}

/** The capability that a client must declare for each kind of request. */
const capabilityOf: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation', 'sampling/createMessage': 'sampling', 'roots/list': 'roots',
}

/** MCP 2026-07-28 basic/patterns/mrtr: a tool may request only what the client declared. */
function askForInput(
  { inputRequests, state }: InputRequired, call: StatefulCall, clientCapabilities: JsonObject | undefined, context: Context,
): JsonObject {
  if (!clientCapabilities) {
    return errorResult(`${call.tool} needs more input, which clients of MCP ${legacyVersions[0]} cannot provide`)
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

/** Mcp-Name, and Mcp-Param-* for every argument that the schema of the tool marks with x-mcp-header. */
function mirroredHeaders({ inputSchema }: Tool, params: JsonObject): readonly (readonly [string, unknown])[] {
  const args = isJsonObject(params['arguments']) ? params['arguments'] : {}
  return [...mirroredParameters(inputSchema)].map(({ header, path }) => [header, valueAt(args, path)] as const)
}

function findTool(tools: Tools, params: JsonObject, context: Context): Tool {
  const { name } = params
  context.check(paramsAreValid, typeof name === 'string', 'name must be a string')
  const tool = tools.get(name)
  context.check(toolIsKnown, tool !== undefined, name)
  return tool
}
