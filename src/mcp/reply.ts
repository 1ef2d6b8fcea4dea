/** JSON-RPC messages as replies: one JSON object, or an event stream where the client reads nothing else. */
import type { Context } from '../context.ts'
import { json, type Reply, type Request } from '../http/message.ts'
import { acceptIsServed } from '../rules/mcp.ts'
import type { JsonRpcMessage } from './json-rpc.ts'

/** MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages: proxies must not hold the stream back. */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const

/** One server-sent event (WHATWG HTML section 9.2.5). */
export function event(message: JsonRpcMessage): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}

/** A client has to accept both media types; one that names a single one is answered in that. */
export function checkAccept(request: Request, context: Context): void {
  context.check(acceptIsServed, acceptsJson(request) || accepts(request, 'text/event-stream'), request.headers.accept)
}

export function messageReply(status: number, message: JsonRpcMessage | readonly JsonRpcMessage[], request: Request): Reply {
  if (acceptsJson(request)) return json(status, message)
  return { status, headers: eventStreamHeaders, body: [message].flat().map(event).join('') }
}

function acceptsJson(request: Request): boolean {
  return accepts(request, 'application/json')
}

function accepts({ headers }: Request, type: string): boolean {
  const accept = headers.accept?.toLowerCase()
  return accept === undefined || accept.includes(type) || accept.includes('*/*') || accept.includes(`${type.split('/')[0]}/*`)
}
