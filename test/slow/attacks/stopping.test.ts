/**
 * Connections that would keep the server from ending. It cuts off after five seconds what does not end by itself, and the
 * holder does not: what is closed before the holder was not waited for.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { attack } from '../../attacks/attack.ts'
import { getTls, openConnection, tlsFiles } from '../../attacks/connections.ts'
import { cert } from '../../attacks/tls-fixture.ts'
import { bearer, get, getTokens, modernMeta, postJson, testKey, type TestContext, type TestServer } from '../../harness.ts'
import { startServerProgram, type ServerProgram } from '../../run-server.ts'

interface Running extends ServerProgram {
  readonly origin: string
  readonly port: number
}

async function start(t: TestContext, env: Record<string, string> = {}): Promise<Running> {
  const program = await startServerProgram(t, { JWT_SECRET_KEY: testKey, ...env })
  const origin = await program.url()
  return { ...program, origin, port: Number(new URL(origin).port) }
}

const halfBody = (port: number): string => (
  `POST /oauth/register HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`)

/** Sends the signal and asserts that `others` end before the holder does, and that the program ends well. */
async function assertEndsBefore(holder: Socket, others: readonly Promise<unknown>[], { child, ended }: Running, signal: NodeJS.Signals): Promise<void> {
  const order: string[] = []
  const all = Promise.all(others).then(() => order.push('others'))
  const held = once(holder, 'close').then(() => order.push('holder'))
  child.kill(signal)
  await Promise.all([all, held])
  assert.deepEqual(order, ['others', 'holder'])
  assert.equal((await ended).code, 0)
}

describe('Stopping', { concurrency: true }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    attack(`keeps the server from ending on ${signal} with sockets that never sent a byte, and with idle ones`, 'src/base/http/connections.ts: if (exchanges.size === 0) socket.destroy()', async t => {
      const server = await start(t)
      const { port } = server
      const holder = await openConnection(port, halfBody(port))
      const sockets = await Promise.all(Array.from({ length: 20 }, () => openConnection(port)))
      sockets.push(await openConnection(port, 'GET /hea'))
      sockets.push(await openConnection(port, `GET /health HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`))
      await get(`http://127.0.0.1:${port}/health`)
      await assertEndsBefore(holder, sockets.map(socket => once(socket, 'close')), server, signal)
    })
  }

  attack('keeps the server from ending with half of a body', 'src/base/http/connections.ts: const shutdownTimeout', async t => {
    const server = await start(t)
    const holder = await openConnection(server.port, halfBody(server.port))
    await get(`http://127.0.0.1:${server.port}/health`)
    await assertEndsBefore(holder, [], server, 'SIGTERM')
  })

  attack('keeps the server from ending with a stream that it listens to', 'src/app/serve.ts: stopping.abort()', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'true' })
    const { origin, port } = server
    const { tokens } = await getTokens({ url: origin, port } as TestServer)
    const holder = await openConnection(port, halfBody(port))
    const message = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: { _meta: modernMeta(), notifications: {} } }
    const stream = await postJson(`${origin}/mcp`, message, {
      ...bearer(tokens['access_token']), 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen',
    })
    assert.equal(stream.status, 200)
    const text = stream.text()
    await assertEndsBefore(holder, [text], server, 'SIGTERM')
    assert.match(await text, /"resultType":"complete"/)
  })

  attack('keeps the server from ending with a TLS handshake that never ends', 'src/base/http/connections.ts: this.handshakes.forEach', async t => {
    const server = await start(t, await tlsFiles(t))
    const { port } = server
    const holder = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: cert }).on('error', () => {}).resume()
    await once(holder, 'secureConnect')
    holder.write(halfBody(port))
    const sockets = [await openConnection(port), await openConnection(port, '\x16\x03\x01\x02\x00\x01')]
    assert.equal((await getTls(port, '/health')).status, 200)
    await assertEndsBefore(holder, sockets.map(socket => once(socket, 'close')), server, 'SIGTERM')
  })

  attack('sends the signal again and again, to cut off what is under way', 'src/server.ts: process.on(signal', async t => {
    const server = await start(t)
    const holder = await openConnection(server.port, halfBody(server.port))
    await get(`http://127.0.0.1:${server.port}/health`)
    const again = setInterval(() => server.child.kill('SIGTERM'), 100)
    t.after(async () => clearInterval(again))
    await assertEndsBefore(holder, [], server, 'SIGTERM')
  })
})
