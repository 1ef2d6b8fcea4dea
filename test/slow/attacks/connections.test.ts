/** Connections that are held open: the server closes each. How long that takes is up to its limits, so these tests wait. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe } from 'node:test'
import type { Tool } from '../../../src/tools/tool.ts'
import { attack } from '../../attacks/attack.ts'
import { openConnection, tlsFiles } from '../../attacks/connections.ts'
import {
  callMcp, callModern, craftToken, get, getTokens, openSocket, postForm, startServer, type TestServer,
} from '../../harness.ts'

/** A request head for the server. */
function headOf({ port }: TestServer, line: string, ...headers: readonly string[]): string {
  return `${[line, `Host: localhost:${port}`, ...headers].join('\r\n')}\r\n\r\n`
}

/** Sends `text` and then a letter each half second, for as long as it is let. */
function drip(socket: Socket, text: string): void {
  socket.write(text)
  const timer = setInterval(() => socket.write('x'), 500)
  socket.once('close', () => clearInterval(timer))
}

const json = 'Content-Type: application/json'

describe('Connections that are held open', { concurrency: true }, () => {
  const slow: Record<string, [string, (server: TestServer, socket: Socket) => void]> = {
    'sends nothing at all': ['src/app/serve.ts: headersTimeout: 10_000', () => {}],
    'sends a header a letter at a time': ['src/app/serve.ts: headersTimeout: 10_000', (server, socket) => (
      drip(socket, `GET /health HTTP/1.1\r\nHost: localhost:${server.port}\r\nX: `))],
    'sends a body a letter at a time': ['src/app/serve.ts: requestTimeout: 30_000', (server, socket) => (
      drip(socket, headOf(server, 'POST /oauth/register HTTP/1.1', json, 'Content-Length: 1000')))],
    'sends chunks a letter at a time': ['src/app/serve.ts: requestTimeout: 30_000', (server, socket) => (
      drip(socket, `${headOf(server, 'POST /oauth/register HTTP/1.1', json, 'Transfer-Encoding: chunked')}fff\r\n`))],
    'sends half of a body and stops': ['src/base/http/connections.ts: if (isIncomplete) this.refuse(', (server, socket) => (
      void socket.write(`${headOf(server, 'POST /oauth/register HTTP/1.1', json, 'Content-Length: 1000')}{`))],
    'drips a body that was already refused': ['src/base/http/connections.ts: const lingerTimeout', (server, socket) => (
      drip(socket, headOf(server, 'POST /mcp HTTP/1.1', json, 'Content-Length: 1000')))],
    'stays after an answer': ['src/app/serve.ts: keepAliveTimeout: 10_000', (server, socket) => (
      void socket.write(headOf(server, 'GET /health HTTP/1.1')))],
    'sends a request and half-closes': ['src/app/serve.ts: keepAliveTimeout: 10_000', (server, socket) => (
      void socket.end(headOf(server, 'GET /health HTTP/1.1')))],
  }
  for (const [what, [defence, begin]] of Object.entries(slow)) {
    attack(`${what}, and holds the connection`, defence, async t => {
      const server = await startServer(t)
      const socket = openSocket(server).on('error', () => {}).resume()
      await once(socket, 'connect')
      const closed = once(socket, 'close')
      begin(server, socket)
      assert.equal((await get(`${server.url}/health`)).status, 200)
      await closed
      assert.equal((await get(`${server.url}/health`)).status, 200)
    })
  }

  attack('asks for 2,000 pages and reads none of them', 'src/base/http/connections.ts: const idleTimeout = 20_000', async t => {
    const server = await startServer(t)
    const socket = openSocket(server).on('error', () => {})
    await once(socket, 'connect')
    socket.write(headOf(server, 'GET /openapi.json HTTP/1.1').repeat(2_000))
    // A client that reads nothing does not see the end of its connection either: the answers that it finds later are cut off.
    await new Promise(resolve => setTimeout(resolve, 50_000))
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    await once(socket, 'close')
    const answers = Buffer.concat(chunks).toString().split('HTTP/1.1 200 OK').length - 1
    assert.ok(answers > 0 && answers < 2_000, `${answers} answers`)
    assert.equal((await get(`${server.url}/health`)).status, 200)
  })

  attack('holds a TLS handshake open', 'src/app/serve.ts: handshakeTimeout: 10_000', async t => {
    const server = await startServer(t, await tlsFiles(t))
    await once(await openConnection(server.port), 'close')
  })

  attack('has a slow tool cut off', 'src/base/http/connections.ts: if (unanswered.length === 0) socket.destroy()', async t => {
    const tool: Tool = {
      name: 'slow', title: '', description: '', inputSchema: { type: 'object' }, outputSchema: { type: 'object' },
      run: async () => {
        await new Promise(resolve => setTimeout(resolve, 33_000))
        return { text: 'done', structuredContent: {} }
      },
    }
    const server = await startServer(t, {}, { tools: [tool] })
    assert.match(await (await callMcp(server, craftToken(server), 'tools/call', { name: 'slow' })).text(), /"done"/)
  })

  attack('keeps a subscription open after its token was revoked', 'src/tools/subscriptions.ts: !await context.store.isRevoked(token)', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server)
    const response = await callModern(server, tokens['access_token'], 'subscriptions/listen', { notifications: {} }, { accept: 'text/event-stream' })
    assert.equal(response.status, 200)
    await postForm(`${server.url}/oauth/revoke`, { token: tokens['refresh_token'], client_id: client['client_id'] })
    // The stream checks its token every 15 s.
    assert.match(await response.text(), /"resultType":"complete"/)
  })
})
