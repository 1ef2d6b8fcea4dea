/** JSON-RPC messages as replies: JSON, or an event stream if the client accepts nothing else. */
import { json, type Reply, type Request } from '../../base/http/message.ts'
import {
  errorResponse, JsonRpcError, jsonRpcErrors, type JsonRpcMessage, type JsonRpcRequest, type JsonRpcResponse,
} from '../../base/protocol/json-rpc.ts'
import type { Context, Progress } from '../context/context.ts'
import { acceptIsServed } from '../rules/mcp.ts'
import { ignoreProgress, withProgress } from './progress.ts'

/** MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages: x-accel-buffering keeps proxies from buffering. */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const

/** One server-sent event (WHATWG HTML section 9.2.5). */
export function event(message: JsonRpcMessage): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}

/** MCP requires clients to accept both media types. A client that accepts only one gets that one. */
export function checkAccept(request: Request, context: Context): void {
  context.check(acceptIsServed, acceptsJson(request) || accepts(request, 'text/event-stream'), request.headers.accept)
}

export function messageReply(status: number, message: JsonRpcMessage | readonly JsonRpcMessage[], request: Request): Reply {
  if (acceptsJson(request)) return json(status, message)
  return { status, headers: eventStreamHeaders, body: [message].flat().map(event).join('') }
}

/** Replies with the response, or with a stream if the call reports progress and the client accepts streams. */
export async function progressReply(
  message: JsonRpcRequest, answer: (progress: Progress) => Promise<JsonRpcResponse>, request: Request, context: Context,
): Promise<Reply> {
  const outcome = accepts(request, 'text/event-stream') ? await withProgress(message, answer) : await answer(ignoreProgress)
  if (!(Symbol.asyncIterator in outcome)) return messageReply(200, outcome, request)
  return { status: 200, headers: eventStreamHeaders, body: events(outcome, message, context) }
}

/** An error in mid-stream becomes a message, because the HTTP status has already been sent. */
async function* events(
  messages: AsyncIterable<JsonRpcMessage>, { id }: JsonRpcRequest, context: Context,
): AsyncGenerator<string> {
  try {
    for await (const message of messages) yield event(message)
  } catch (error) {
    yield event(errorResponse(id, asJsonRpcError(error, context)))
  }
}

/** The details of an unexpected error go to the log only. */
export function asJsonRpcError(error: unknown, context: Context): JsonRpcError {
  if (error instanceof JsonRpcError) return error
  context.logFailure(error)
  return new JsonRpcError(jsonRpcErrors.internalError, 'Internal error', { status: 500 })
}

function acceptsJson(request: Request): boolean {
  return accepts(request, 'application/json')
}

function accepts({ headers }: Request, type: string): boolean {
  const accept = headers.accept?.toLowerCase()
  return accept === undefined || accept.includes(type) || accept.includes('*/*') || accept.includes(`${type.split('/')[0]}/*`)
}
