import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { Tool } from '../../src/tools/tool.ts'
import { serve } from '../../src/app/serve.ts'
import { callMcp, craftToken, get, openSocket, readJson, startServer, testKey, type TestServer } from '../harness.ts'

/** A tool that runs until it is released. */
function waitingTool() {
  let release!: () => void
  let started!: () => void
  const released = new Promise<void>(resolve => { release = resolve })
  const hasStarted = new Promise<void>(resolve => { started = resolve })
  const tool: Tool = {
    name: 'wait', title: '', description: '', inputSchema: { type: 'object' }, outputSchema: { type: 'object' },
    run: async () => {
      started()
      await released
      return { text: 'done', structuredContent: {} }
    },
  }
  return { tool, release, hasStarted }
}

async function openConnection(server: TestServer) {
  const socket = openSocket(server)
  await once(socket, 'connect')
  return socket
}

describe('close()', { timeout: 20_000 }, () => {
  it('answers requests that have begun', async t => {
    const { tool, release, hasStarted } = waitingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    const answer = callMcp(server, craftToken(server), 'tools/call', { name: 'wait' })
    await hasStarted
    const closed = server.close()
    release()
    assert.equal((await readJson(await answer))['result'].content[0].text, 'done')
    await closed
  })

  it('closes a socket that never sent a byte', async t => {
    const server = await startServer(t)
    const socket = await openConnection(server)
    await get(`${server.url}/health`)
    const ended = once(socket, 'close')
    await server.close()
    socket.resume()
    await ended
  })

  it('closes a socket that sent half of a request line', async t => {
    const server = await startServer(t)
    const socket = await openConnection(server)
    socket.write('GET /hea')
    await get(`${server.url}/health`)
    const ended = once(socket, 'close')
    await server.close()
    socket.resume()
    await ended
  })

  it('closes a connection that was kept alive', async t => {
    const server = await startServer(t)
    const socket = await openConnection(server)
    socket.write(`GET /health HTTP/1.1\r\nHost: localhost:${server.port}\r\n\r\n`)
    await once(socket, 'data')
    const ended = once(socket, 'close')
    await server.close()
    socket.resume()
    await ended
  })

  it('closes a connection once its last reply is sent', async t => {
    const { tool, release, hasStarted } = waitingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    const socket = await openConnection(server)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wait' } })
    socket.write([
      'POST /mcp HTTP/1.1', `Host: localhost:${server.port}`, `Authorization: Bearer ${craftToken(server)}`,
      'Content-Type: application/json', `Content-Length: ${body.length}`, '', body,
    ].join('\r\n'))
    await hasStarted
    const closed = server.close()
    release()
    const chunks: Buffer[] = []
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*"done"/)
    await closed
  })

  it('refuses new connections', async t => {
    const server = await startServer(t)
    await server.close()
    await assert.rejects(get(`${server.url}/health`))
  })

  it('may be called twice', async t => {
    const server = await startServer(t)
    await Promise.all([server.close(), server.close()])
    await server.close()
  })
})

describe('serve()', () => {
  const env = { JWT_SECRET_KEY: testKey, SERVER_PORT: '0', LOG_LEVEL: 'silent' }

  it('listens on the port that it reports', async t => {
    const server = await serve(env)
    t.after(() => server.close())
    assert.equal((await get(`http://127.0.0.1:${server.port}/health`)).status, 200)
  })

  it('shares no state between two servers', async t => {
    const [one, other] = [await startServer(t), await startServer(t)]
    await fetch(`${one.url}/oauth/register`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"redirect_uris":["https://app.example.com/cb"]}',
    })
    const counts = await Promise.all([one, other].map(async ({ url }) => (await readJson(await get(`${url}/health`)))['store'].clients))
    assert.deepEqual(counts, [1, 0])
  })

  it('fails if the port is taken', async t => {
    const server = await serve(env)
    t.after(() => server.close())
    await assert.rejects(serve({ ...env, SERVER_PORT: String(server.port) }), { code: 'EADDRINUSE' })
  })

  it('fails if the configuration is invalid, and names the variable', async () => {
    await assert.rejects(serve({ ...env, JWT_SECRET_KEY: 'short' }), /^ConfigError: JWT_SECRET_KEY /)
  })

  it('warns of a variable that looks misspelled', async t => {
    const server = await startServer(t, { OAUTH_USER_FILE: 'users.json' })
    assert.match(server.log.join(''), /"unknown environment variable","name":"OAUTH_USER_FILE","fix":"did you mean OAUTH_USERS_FILE\?"/)
  })

  it('does not listen if it fails', async () => {
    const { tool } = waitingTool()
    const server = await serve(env)
    await server.close()
    const tools = [{ ...tool, inputSchema: { type: 'object', patternProperties: {} } }]
    await assert.rejects(serve({ ...env, SERVER_PORT: String(server.port) }, { tools }), /patternProperties/)
    await assert.rejects(get(`http://127.0.0.1:${server.port}/health`))
  })

  it('fails if two tools have the same name', async t => {
    const { tool } = waitingTool()
    await assert.rejects(startServer(t, {}, { tools: [tool, { ...tool }] }), /two tools have the name wait/)
  })
})
