/** Runs and describes tools, for `tools/call` and `tools/list`. */
import { schemaProblem } from '../base/protocol/json-schema.ts'
import { isJsonObject, type JsonObject } from '../base/protocol/json.ts'
import { ToolError, type Caller, type InputRequired, type Round, type Tool, type ToolOutput } from './tool.ts'

/** Runs a tool and returns the result of `tools/call` (MCP 2026-07-28 server/tools, Calling Tools), or a request for input. */
export async function callTool(tool: Tool, args: JsonObject, caller: Caller, round: Round): Promise<JsonObject | InputRequired> {
  const problem = schemaProblem(args, tool.inputSchema, 'arguments')
  if (problem !== undefined) return errorResult(`Invalid arguments for ${tool.name}: ${problem}`)
  try {
    const output = await tool.run(args, caller, round)
    return isInputRequired(output) ? output : resultOf(output)
  } catch (error) {
    if (error instanceof ToolError) return errorResult(error.message)
    // The client cancelled the call. That is not a failure of the server, so it is not logged.
    if (isAbort(error) && round.signal.aborted) return errorResult(`${tool.name} was cancelled`)
    throw error
  }
}

/** Models write null for an argument that they leave out. It counts as absent, unless the schema accepts null. */
export function presentArguments(args: JsonObject, inputSchema: JsonObject): JsonObject {
  const properties = isJsonObject(inputSchema['properties']) ? inputSchema['properties'] : {}
  const takesNull = (name: string): boolean => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    return !isJsonObject(property) || schemaProblem(null, property, name, inputSchema) === undefined
  }
  return Object.fromEntries(Object.entries(args).filter(([name, value]) => value !== null || takesNull(name)))
}

/** A tool as `tools/list` returns it. */
export function describeTool({ name, title, description, inputSchema, outputSchema, annotations }: Tool): JsonObject {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}

export function isInputRequired(output: JsonObject | ToolOutput | InputRequired): output is InputRequired {
  return 'inputRequests' in output
}

export function errorResult(text: string): JsonObject {
  return { content: [{ type: 'text', text }], isError: true }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}

function resultOf({ text, content = [], structuredContent }: ToolOutput): JsonObject {
  const texts = text === undefined ? [] : [text]
  // MCP 2026-07-28 server/tools, Structured Content: also as JSON text, for clients that read only text.
  if (structuredContent) texts.push(JSON.stringify(structuredContent))
  return {
    content: [...texts.map(text => ({ type: 'text', text })), ...content],
    ...(structuredContent ? { structuredContent } : {}),
    isError: false,
  }
}
