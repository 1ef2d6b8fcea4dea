/** The interface of a tool. `tools/tools.ts` lists the tools of this server. */
import type { User } from '../base/config/users.ts'
import type { JsonObject } from '../base/protocol/json.ts'
import type { Progress } from '../core/context/context.ts'

/** Who calls the tool, according to the access token. */
export interface Caller {
  readonly sub: string
  readonly client_id: string
  /** Undefined if the client acts for itself, or the user no longer exists. */
  readonly user: User | undefined
}

/** A tool as `tools/list` describes it, with the function that runs it. */
export interface Tool {
  readonly name: string
  readonly title?: string
  readonly description: string
  /** JSON Schema 2020-12 of the arguments. Clients mirror a property with `x-mcp-header` into a header. */
  readonly inputSchema: JsonObject
  /** JSON Schema of `structuredContent`, if the tool returns any. */
  readonly outputSchema?: JsonObject
  /** Hints for people. Nobody may rely on them. */
  readonly annotations?: JsonObject
  /** Capabilities that the client must declare, such as `{ elicitation: {} }`. */
  readonly requiredCapabilities?: JsonObject
  /** Runs the tool with arguments that match `inputSchema`. A `ToolError` becomes a result with `isError`. */
  run(args: JsonObject, caller: Caller, round: Round): ToolOutput | InputRequired | Promise<ToolOutput | InputRequired>
}

export interface ToolOutput {
  readonly text?: string
  /** Content besides the text: images, audio, resources (MCP 2026-07-28 server/tools, Tool Result). */
  readonly content?: readonly JsonObject[]
  readonly structuredContent?: JsonObject
}

/** Returned by a tool that needs more input (MCP 2026-07-28 basic/patterns/mrtr). */
export interface InputRequired {
  /** Requests for the client to answer, by names that the tool chooses. */
  readonly inputRequests: Readonly<Record<string, { readonly method: string; readonly params: JsonObject }>>
  /** Passed to the next round. It passes through the client, which can read it. */
  readonly state?: unknown
}

/** One run of a tool, with the input from the client if an earlier round asked for some. */
export interface Round {
  /** Reports progress if the client asked for it. Values that do not increase are dropped. */
  readonly progress: Progress
  /** What the tool may ask the client for. Empty in the legacy era, which this server does not ask for anything. */
  readonly clientCapabilities: JsonObject
  readonly inputResponses: JsonObject
  /** The state that the tool returned in the previous round. Undefined in the first round. */
  readonly state: unknown
  /**
   * Aborted when the client cancels its request by closing the stream (MCP 2026-07-28 basic/patterns/cancellation), or when
   * the server stops. Slow tools should stop then, and may throw the resulting `AbortError`.
   */
  readonly signal: AbortSignal
}

/** An error that the model can understand and correct. The model sees its message. */
export class ToolError extends Error {}
