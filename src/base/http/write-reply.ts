/** Writes a reply to the socket. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Reply, Request } from './message.ts'

/** Adds the common headers to a reply. Those that the reply has itself take precedence, and come first. */
export function withHeaders(reply: Reply, common: Readonly<Record<string, string>>): Reply {
  return { ...reply, headers: { ...reply.headers, ...common, ...reply.headers } }
}

/** Writes a reply with the common headers, no faster than the peer reads it. */
export async function writeReply(
  reply: Reply, common: Readonly<Record<string, string>>, request: Request, outgoing: ServerResponse,
): Promise<void> {
  // The peer disconnected, or sent something that was not a request and already got an answer.
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

/** Waits until the peer has read what was written, so that unsent data does not pile up in memory. */
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      outgoing.off('drain', done).off('close', done)
      resolve()
    }
    outgoing.on('drain', done).on('close', done)
  })
}
