/** What a tool is, and how one line registers it. */
import type { User } from '../users.ts'
import type { JsonObject } from './json-rpc.ts'
import { schemaProblem } from './json-schema.ts'

/** Who calls, as the access token says. */
export interface Caller {
  readonly sub: string
  readonly client_id: string
  /** Undefined where the client acts for itself, or the user is gone. */
  readonly user: User | undefined
}

/** A tool as `tools/list` describes it, with the function that runs it. */
export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  /** JSON Schema 2020-12 of the arguments; `x-mcp-header` on a property mirrors it into a header. */
  readonly inputSchema: JsonObject
  /** JSON Schema of `structuredContent`. */
  readonly outputSchema: JsonObject
  /** Hints for people, which no one may trust. */
  readonly annotations?: JsonObject
  /** Capabilities that the client must declare, such as `{ elicitation: {} }`. */
  readonly requiredCapabilities?: JsonObject
  /** Runs the tool on arguments that fit `inputSchema`. An error that it throws becomes a result with `isError`. */
  run(args: JsonObject, caller: Caller): ToolOutput | Promise<ToolOutput>
}

export interface ToolOutput {
  readonly text: string
  readonly structuredContent: JsonObject
}

/** An error that the model can understand and correct; its text is shown to it. */
export class ToolError extends Error {}

/** Runs a tool and returns the result of `tools/call` (MCP 2026-07-28 server/tools, Calling Tools). */
export async function callTool(tool: Tool, args: JsonObject, caller: Caller): Promise<JsonObject> {
  const problem = schemaProblem(args, tool.inputSchema, 'arguments')
  if (problem !== undefined) return errorResult(`Invalid arguments for ${tool.name}: ${problem}`)
  try {
    const { text, structuredContent } = await tool.run(args, caller)
    // MCP 2026-07-28 server/tools, Structured Content: the JSON as text, too, for clients that know only text.
    const content = [{ type: 'text', text }, { type: 'text', text: JSON.stringify(structuredContent) }]
    return { content, structuredContent, isError: false }
  } catch (error) {
    if (error instanceof ToolError) return errorResult(error.message)
    throw error
  }
}

/** A tool as it is listed: without what only the server needs. */
export function describeTool({ name, title, description, inputSchema, outputSchema, annotations }: Tool): JsonObject {
  return { name, title, description, inputSchema, outputSchema, ...(annotations ? { annotations } : {}) }
}

function errorResult(text: string): JsonObject {
  return { content: [{ type: 'text', text }], isError: true }
}
