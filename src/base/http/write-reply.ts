/** Puts a reply on the socket. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Reply, Request } from './message.ts'

/** A reply with the headers that it is sent with, its own first. */
export function withHeaders(reply: Reply, common: Readonly<Record<string, string>>): Reply {
  return { ...reply, headers: { ...reply.headers, ...common, ...reply.headers } }
}

/** Writes a reply with the headers that every such reply has; a slow reader is waited for. */
export async function writeReply(
  reply: Reply, common: Readonly<Record<string, string>>, request: Request, outgoing: ServerResponse,
): Promise<void> {
  // The other side went away, or sent what could not be a request and was told so.
  if (outgoing.destroyed || outgoing.headersSent) return
  const headers: OutgoingHttpHeaders = { ...common, ...reply.headers }
  if (typeof reply.body === 'string') {
    if (reply.status !== 204) headers['content-length'] = Buffer.byteLength(reply.body)
    outgoing.writeHead(reply.status, headers)
    outgoing.end(reply.body)
    return
  }
  outgoing.writeHead(reply.status, headers)
  if (request.method === 'HEAD') {
    outgoing.end()
    return
  }
  for await (const part of reply.body) {
    if (outgoing.destroyed) return
    if (!outgoing.write(part)) await drained(outgoing)
  }
  outgoing.end()
}

/** Waits until a slow reader has read, so that what is made for it does not pile up. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const go = (): void => {
      outgoing.off('drain', go).off('close', go)
      resolve()
    }
    outgoing.on('drain', go).on('close', go)
  })
}
