/** What a tool is. `tools/tools.ts` lists the ones that this server has. */
import type { User } from '../base/config/users.ts'
import type { JsonObject } from '../base/protocol/json.ts'
import type { Progress } from '../core/context/context.ts'

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
  readonly title?: string
  readonly description: string
  /** JSON Schema 2020-12 of the arguments; `x-mcp-header` on a property mirrors it into a header. */
  readonly inputSchema: JsonObject
  /** JSON Schema of `structuredContent`, for a tool that returns some. */
  readonly outputSchema?: JsonObject
  /** Hints for people, which no one may trust. */
  readonly annotations?: JsonObject
  /** Capabilities that the client must declare, such as `{ elicitation: {} }`. */
  readonly requiredCapabilities?: JsonObject
  /** Runs the tool on arguments that fit `inputSchema`. An error that it throws becomes a result with `isError`. */
  run(args: JsonObject, caller: Caller, round: Round): ToolOutput | InputRequired | Promise<ToolOutput | InputRequired>
}

export interface ToolOutput {
  readonly text?: string
  /** Content of any type besides the text: images, audio, resources (MCP 2026-07-28 server/tools, Tool Result). */
  readonly content?: readonly JsonObject[]
  readonly structuredContent?: JsonObject
}

/** What a tool returns that needs more than its arguments (MCP 2026-07-28 basic/patterns/mrtr). */
export interface InputRequired {
  /** Requests that the client answers, by names of the tool's own. */
  readonly inputRequests: Readonly<Record<string, { readonly method: string; readonly params: JsonObject }>>
  /** What the tool wants to know again in the next round. It passes through the client, which can read it. */
  readonly state?: unknown
}

/** One run of a tool and, where it asked for input before, what came of that. */
export interface Round {
  /** Tells a client that asked for it how far the tool is; values that do not increase are left out. */
  readonly progress: Progress
  /** What the client can be asked for; nothing in the legacy era, where this server asks for nothing. */
  readonly clientCapabilities: JsonObject
  readonly inputResponses: JsonObject
  /** The state of the round before, as the tool returned it; undefined in the first. */
  readonly state: unknown
  /**
   * Aborted when the client closes the stream, which cancels its request (MCP 2026-07-28 basic/patterns/cancellation), or
   * the server stops. What takes long should stop then; it may throw the `AbortError` that it gets.
   */
  readonly signal: AbortSignal
}

/** An error that the model can understand and correct; its text is shown to it. */
export class ToolError extends Error {}
