/** A web server of a client, on loopback: it serves what a test tells it to, politely or not. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Members, TestContext } from './harness.ts'

export type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void

export interface DocumentServer {
  readonly origin: string
  readonly port: number
  /** The requests that came, a `METHOD path` each. */
  readonly requests: string[]
  readonly headers: IncomingMessage['headers'][]
  /** Puts an answer, or a JSON document with further headers, at a path; returns its URL. */
  put(path: string, answer: Answer | Members, headers?: Record<string, string>): string
}

export async function startDocumentServer(t: TestContext): Promise<DocumentServer> {
  const answers = new Map<string, Answer>()
  const requests: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`)
    headers.push(incoming.headers)
    outgoing.on('error', () => {})
    const answer = answers.get(incoming.url ?? '')
    if (answer) answer(incoming, outgoing)
    else outgoing.writeHead(404).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  }))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    origin, port, requests, headers,
    put(path, answer, extra = {}) {
      answers.set(path, typeof answer === 'function' ? answer as Answer : documentAnswer(answer, extra))
      return origin + path
    },
  }
}

function documentAnswer(document: Members, headers: Record<string, string>): Answer {
  return (_incoming, outgoing) => outgoing.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document))
}
