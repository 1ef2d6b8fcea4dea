import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientDescription } from '../../src/client/mcp/conversation.ts'
import type { McpClient, McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addOpenServer, clientOf, html, json, jsonOf, legacyMethods, messagesTo, record, result, sessionId, startPeer, type Answer,
  type Peer, type Recording, type Route,
} from '../peer.ts'

const handlers: ClientDescription['handlers'] = {
  'elicitation/create': params => ({ action: 'accept', content: { asked: params['message'] } }),
}
const ask = { jsonrpc: '2.0', id: 'from-server', method: 'elicitation/create', params: { message: 'Name?' } }

interface Setting extends Recording {
  readonly peer: Peer
  readonly client: McpClient
}

/** A client, with handlers by default, and a legacy server that answers GET with `stream`. */
async function start(t: TestContext, stream: Route, options: Partial<McpClientOptions> = { handlers }): Promise<Setting> {
  const peer = await startPeer(t)
  addOpenServer(peer, legacyMethods({ 'a response': { status: 202 }, 'tools/list': ({ id }) => result(id, { tools: [] }) }))
  peer.on('GET /mcp', stream)
  const recorded = record()
  return { peer, client: clientOf(peer.url, { trace: recorded.trace, ...options }), ...recorded }
}

/** A stream of `messages` that stays open until the test ends or calls `end`. */
function openStream(t: TestContext, ...messages: readonly Members[]): { answer: Answer; end(): void } {
  let end = (): void => {}
  const ended = new Promise<void>(resolve => { end = resolve })
  t.after(async () => end())
  async function* body(): AsyncGenerator<string> {
    for (const message of messages) yield `data: ${JSON.stringify(message)}\n\n`
    await ended
  }
  return { answer: { headers: { 'content-type': 'text/event-stream' }, body: body() }, end }
}

/** Waits until the peer has received a message that satisfies `expected`. */
async function arrived(peer: Peer, expected: (message: Members) => boolean): Promise<Members> {
  for (;;) {
    const found = messagesTo(peer).find(expected)
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

// MCP 2025-11-25 basic/transports, Listening for Messages from the Server
describe('the stream of a legacy server', { timeout: 60_000 }, () => {
  it('is opened with version and session if the client has handlers (MCP 2025-11-25 basic/transports, Listening for Messages from the Server)', async t => {
    const { peer, client } = await start(t, openStream(t).answer)
    await client.connect()
    const { headers } = peer.to('GET /mcp')[0]!
    assert.deepEqual({ accept: headers.accept, session: headers['mcp-session-id'], version: headers['mcp-protocol-version'] }, {
      accept: 'text/event-stream', session: sessionId, version: '2025-11-25',
    })
    assert.equal(peer.targets().indexOf('GET /mcp'), 3, 'after the client has said that it is ready')
    await client.close()
  })

  it('is not opened without handlers', async t => {
    const { peer, client } = await start(t, openStream(t).answer, {})
    await client.connect()
    await client.listTools()
    assert.equal(peer.to('GET /mcp').length, 0)
  })

  it('is not opened with a modern server, which has none (MCP 2026-07-28 basic/transports/streamable-http)', async t => {
    const peer = await startPeer(t)
    addOpenServer(peer)
    const client = clientOf(peer.url, { handlers })
    await client.connect()
    assert.equal(peer.to('GET /mcp').length, 0)
  })

  it('is read, and its requests are answered (MCP 2025-11-25 basic/transports, Listening for Messages from the Server)', async t => {
    const { peer, client } = await start(t, openStream(t, { jsonrpc: '2.0', method: 'notifications/message' }, ask).answer)
    await client.connect()
    const response = await arrived(peer, ({ id }) => id === 'from-server')
    assert.deepEqual(response, { jsonrpc: '2.0', id: 'from-server', result: { action: 'accept', content: { asked: 'Name?' } } })
    const { headers } = peer.to('POST /mcp').find(request => jsonOf(request)['id'] === 'from-server')!
    assert.equal(headers['mcp-session-id'], sessionId)
    await client.close()
  })

  it('gets an error for a request without a handler (JSON-RPC 2.0 section 5.1)', async t => {
    const { peer, client } = await start(t, openStream(t, { jsonrpc: '2.0', id: 7, method: 'roots/list' }).answer)
    await client.connect()
    assert.equal((await arrived(peer, ({ id, method }) => id === 7 && method === undefined))['error'].code, -32601)
    await client.close()
  })

  it('does not disturb the requests of the client', async t => {
    const { client } = await start(t, openStream(t).answer)
    await client.connect()
    assert.deepEqual(await client.listTools(), [])
    await client.close()
  })

  const without: readonly (readonly [string, Answer])[] = [
    ['405', { status: 405 }], ['404', { status: 404 }], ['401', { status: 401 }], ['a page', html()], ['JSON', json({})], ['204', { status: 204 }],
  ]
  for (const [what, answer] of without) {
    it(`is optional: the client accepts ${what} instead (MCP 2025-11-25 basic/transports, Listening for Messages from the Server)`, async t => {
      const { peer, client } = await start(t, answer)
      await client.connect()
      assert.deepEqual(await client.listTools(), [])
      assert.equal(peer.to('GET /mcp').length, 1)
      assert.equal(peer.received.some(({ path }) => path.startsWith('/.well-known')), false, 'nobody is asked to log in for it')
    })
  }

  for (const [what, type, status] of [['a page', 'text/html', 200], ['an error', 'text/event-stream', 500]] as const) {
    it(`is ignored if it is ${what} in disguise`, async t => {
      const body = `data: ${JSON.stringify(ask)}\n\n`
      const { peer, client } = await start(t, { status, headers: { 'content-type': type }, body })
      await client.connect()
      await new Promise(resolve => setTimeout(resolve, 50))
      assert.equal(messagesTo(peer).some(({ id }) => id === 'from-server'), false)
    })
  }

  it('carries the access token', async t => {
    const { peer, client } = await start(t, openStream(t).answer)
    await client.authorizer.tokens.save(
      { access_token: 'the-token', token_type: 'Bearer' },
      {
        issuer: peer.url, token_endpoint: `${peer.url}/token`, requested_scopes: [],
        registration: { client_id: 'a', token_endpoint_auth_method: 'none', redirect_uri: '' },
      },
    )
    await client.connect()
    assert.equal(peer.to('GET /mcp')[0]!.headers.authorization, 'Bearer the-token')
    await client.close()
  })

  it('is closed before the session ends', async t => {
    const { peer, client, notes, exchanges } = await start(t, openStream(t).answer)
    peer.on('DELETE /mcp', { status: 200 })
    await client.connect()
    // An exchange is recorded when all of it is read.
    const isClosed = (): boolean => exchanges.some(({ method }) => method === 'GET')
    assert.equal(isClosed(), false)
    await client.close()
    assert.equal(peer.targets().at(-1), 'DELETE /mcp')
    assert.equal(isClosed(), true)
    assert.equal(notes.some(note => note.startsWith("the server's own stream failed")), false, 'closing it is not a failure')
  })

  it('delays the client by two seconds at most if the server never opens it', async t => {
    let end = (): void => {}
    t.after(async () => end())
    const { client } = await start(t, () => new Promise<Answer>(resolve => { end = () => resolve({ status: 405 }) }))
    await client.connect()
    assert.deepEqual(await client.listTools(), [])
    await client.close()
  })

  it('is noted if it cannot be read, and the client continues', async t => {
    const broken: Answer = { headers: { 'content-type': 'text/event-stream' }, body: (async function* () { yield 'data: hello\n\n' })() }
    const { client, notes } = await start(t, broken)
    await client.connect()
    assert.deepEqual(await client.listTools(), [])
    while (!notes.some(note => note.startsWith("the server's own stream failed: "))) await new Promise(resolve => setTimeout(resolve, 10))
  })

  it('may end by itself', async t => {
    const stream = openStream(t)
    const { client } = await start(t, stream.answer)
    await client.connect()
    stream.end()
    assert.deepEqual(await client.listTools(), [])
    await client.close()
  })
})
