import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metaKeys, modernVersion } from '../../src/base/protocol/mcp.ts'
import type { McpClient, McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import type { TestContext } from '../harness.ts'
import {
  addOpenServer, assertFails, assertUntrusted, clientOf, discovery, failure, headless, html, json, jsonOf, legacyMethods, messagesTo,
  record, result, sessionId, startPeer, type Answer, type Method, type Peer,
} from '../peer.ts'

/** A client of a peer with `methods`. */
async function open(
  t: TestContext, methods: Readonly<Record<string, Method>> = {}, options: Partial<McpClientOptions> = {},
): Promise<{ peer: Peer; client: McpClient }> {
  const peer = await startPeer(t)
  addOpenServer(peer, methods)
  return { peer, client: clientOf(peer.url, options) }
}

function methodsOf(peer: Peer): readonly string[] {
  return messagesTo(peer).map(({ method }) => method)
}

describe('connect(): a modern server', () => {
  it('gets server/discover with version, client and capabilities (MCP 2026-07-28 basic, _meta)', async t => {
    const clientInfo = { name: 'test', version: '1' }
    const { peer, client } = await open(t, {}, { clientInfo, capabilities: { elicitation: {} } })
    await client.connect()
    const { method, params } = messagesTo(peer)[0]!
    assert.equal(method, 'server/discover')
    assert.deepEqual(params._meta, {
      [metaKeys.protocolVersion]: modernVersion, [metaKeys.clientInfo]: clientInfo, [metaKeys.clientCapabilities]: { elicitation: {} },
    })
  })

  it('gets version and method in the headers, and both media types in Accept (MCP 2026-07-28 basic/transports/streamable-http)', async t => {
    const { peer, client } = await open(t)
    await client.connect()
    const { headers } = peer.received[0]!
    assert.equal(headers['mcp-protocol-version'], modernVersion)
    assert.equal(headers['mcp-method'], 'server/discover')
    assert.equal(headers['mcp-name'], undefined)
    assert.equal(headers.accept, 'application/json, text/event-stream')
    assert.equal(headers['content-type'], 'application/json')
  })

  it('needs no initialize, session or GET', async t => {
    const { peer, client } = await open(t)
    assert.deepEqual(await client.connect(), { protocolVersion: modernVersion, serverInfo: { name: 'peer' }, capabilities: { tools: {} } })
    await client.listTools()
    await client.close()
    assert.deepEqual(methodsOf(peer), ['server/discover', 'tools/list'])
    assert.equal(peer.received.length, 2)
  })

  it('is rejected if it supports no version of the client (MCP 2026-07-28 basic/versioning)', async t => {
    const { client } = await open(t, { 'server/discover': ({ id }) => result(id, discovery({ supportedVersions: ['2099-01-01'] })) })
    const { message } = await assertUntrusted(client.connect(), 'protocol-version-is-shared')
    assert.match(message, /the server speaks 2099-01-01/)
  })

  const errors: readonly (readonly [string, number, unknown])[] = [
    ['UnsupportedProtocolVersion with unknown versions', -32022, { supported: ['2099-01-01'] }],
    ['UnsupportedProtocolVersion without versions', -32022, undefined],
    ['HeaderMismatch', -32020, undefined],
    ['MissingRequiredClientCapability', -32021, undefined],
  ]
  for (const [what, code, data] of errors) {
    it(`is not mistaken for a legacy server after ${what} (MCP 2026-07-28 basic/transports/streamable-http, Backward Compatibility)`, async t => {
      const { peer, client } = await open(t, { 'server/discover': ({ id }) => failure(id, code, 'no', 400, data) })
      await assertUntrusted(client.connect(), 'protocol-version-is-shared')
      assert.deepEqual(methodsOf(peer), ['server/discover'])
    })
  }

  it('is asked again if it rejects a version that it lists as supported (MCP 2026-07-28 basic/versioning)', async t => {
    let refusals = 0
    const { peer, client } = await open(t, {
      'server/discover': ({ id }) => refusals++ === 0
        ? failure(id, -32022, 'Unsupported protocol version', 400, { supported: [modernVersion], requested: modernVersion })
        : result(id, discovery()),
    })
    assert.equal((await client.connect()).protocolVersion, modernVersion)
    const [first, second] = messagesTo(peer)
    assert.deepEqual(methodsOf(peer), ['server/discover', 'server/discover'])
    assert.notEqual(first!['id'], second!['id'])
  })

  it('is asked again only once (MCP 2026-07-28 basic/versioning)', async t => {
    const { peer, client } = await open(t, {
      'server/discover': ({ id }) => failure(id, -32022, 'Unsupported protocol version', 400, { supported: [modernVersion] }),
    })
    await assertUntrusted(client.connect(), 'protocol-version-is-shared')
    assert.deepEqual(methodsOf(peer), ['server/discover', 'server/discover'])
  })

  it('is reported by a client that supports only legacy versions', async t => {
    const error = ({ id }: { id?: unknown }): Answer => failure(id, -32022, 'Unsupported protocol version', 400, { supported: [modernVersion] })
    const { client } = await open(t, { initialize: error }, { protocolVersions: ['2025-11-25'] })
    await assert.rejects(client.connect(), { name: 'JsonRpcError', code: -32022 })
  })
})

describe('connect(): a legacy server', () => {
  const answers: readonly (readonly [string, (id: unknown) => Answer])[] = [
    ['400 and UnsupportedProtocolVersion with a legacy version', id => failure(id, -32022, 'no', 400, { supported: ['2025-11-25'] })],
    ['400 and an error of its own', () => failure(null, -32000, 'Bad Request: Unsupported protocol version')],
    ['400 and nothing', () => ({ status: 400 })],
    ['400 and text', () => ({ status: 400, headers: { 'content-type': 'text/plain' }, body: 'Bad Request' })],
    ['400 and JSON that is not JSON-RPC', () => json({ error: 'Bad Request' }, 400)],
    ['400 and an empty list', () => json([], 400)],
    ['400 and half a JSON text', () => ({ status: 400, headers: { 'content-type': 'application/json' }, body: '{"jsonrpc"' })],
    ['400 and JSON-RPC without a session', id => failure(id, -32600, 'Mcp-Session-Id is missing')],
    ['404 and a page', () => html('<h1>Not found', 404)],
    ['404 and JSON of a web framework', () => json({ detail: 'Not Found' }, 404)],
    ['404 and an unknown method', id => failure(id, -32601, 'Method not found', 404)],
    ['405', () => ({ status: 405 })],
    ['406', () => ({ status: 406 })],
    ['422 and JSON of a web framework', () => json({ detail: [{ loc: ['body'] }] }, 422)],
    ['200 and an unknown method', id => failure(id, -32601, 'Method not found', 200)],
    ['200 and a result without versions', id => result(id, {})],
  ]
  for (const [what, answer] of answers) {
    it(`is recognized by ${what} (MCP 2026-07-28 basic/versioning)`, async t => {
      const { peer, client } = await open(t, legacyMethods({ 'server/discover': ({ id }) => answer(id) }))
      assert.equal((await client.connect()).protocolVersion, '2025-11-25')
      assert.deepEqual(methodsOf(peer), ['server/discover', 'initialize', 'notifications/initialized'])
    })
  }

  it('gets initialize with the newest legacy version and no modern metadata (MCP 2025-11-25 basic/lifecycle)', async t => {
    const clientInfo = { name: 'test', version: '1' }
    const { peer, client } = await open(t, legacyMethods(), { clientInfo, capabilities: { roots: {} } })
    await client.connect()
    const initialize = peer.received[1]!
    assert.deepEqual(jsonOf(initialize)['params'], { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo })
    for (const name of ['mcp-method', 'mcp-name', 'mcp-protocol-version', 'mcp-session-id']) assert.equal(initialize.headers[name], undefined, name)
  })

  it('is notified that the client is ready before anything else (MCP 2025-11-25 basic/lifecycle)', async t => {
    const { peer, client } = await open(t, legacyMethods())
    await client.connect()
    await client.listTools()
    assert.deepEqual(methodsOf(peer).slice(1), ['initialize', 'notifications/initialized', 'tools/list'])
    assert.equal('id' in messagesTo(peer)[2]!, false)
  })

  it('gets version and session with every later message (MCP 2025-11-25 basic/transports)', async t => {
    const { peer, client } = await open(t, legacyMethods())
    await client.connect()
    await client.listTools()
    for (const { headers } of peer.received.slice(2)) {
      assert.deepEqual([headers['mcp-protocol-version'], headers['mcp-session-id']], ['2025-11-25', sessionId])
    }
    assert.equal('_meta' in messagesTo(peer)[3]!['params'], false)
  })

  for (const version of ['2025-06-18', '2025-03-26']) {
    it(`may choose the older ${version} (MCP 2025-11-25 basic/lifecycle, Version Negotiation)`, async t => {
      const initialize: Method = ({ id }) => result(id, { protocolVersion: version, capabilities: {}, serverInfo: { name: 'old', version: '1' } })
      const { peer, client } = await open(t, legacyMethods({ initialize }))
      assert.equal((await client.connect()).protocolVersion, version)
      await client.listTools()
      assert.equal(peer.received.at(-1)?.headers['mcp-protocol-version'], version)
      assert.equal(peer.received.at(-1)?.headers['mcp-session-id'], undefined)
    })
  }

  for (const version of ['2024-11-05', modernVersion, undefined]) {
    it(`is rejected if it chooses ${version ?? 'nothing'} (MCP 2025-11-25 basic/lifecycle, Version Negotiation)`, async t => {
      const { client } = await open(t, legacyMethods({ initialize: ({ id }) => result(id, { protocolVersion: version, capabilities: {} }) }))
      await assertUntrusted(client.connect(), 'protocol-version-is-shared')
    })
  }

  it('is rejected by a client that supports only the modern version', async t => {
    const { client } = await open(t, legacyMethods(), { protocolVersions: [modernVersion] })
    await assertUntrusted(client.connect(), 'protocol-version-is-shared')
  })

  it('gets no server/discover from a client that supports only legacy versions', async t => {
    const { peer, client } = await open(t, legacyMethods(), { protocolVersions: ['2025-06-18'] })
    assert.equal((await client.connect()).protocolVersion, '2025-06-18')
    assert.deepEqual(methodsOf(peer), ['initialize', 'notifications/initialized'])
  })

  it('is noted in the trace with its answer', async t => {
    const { trace, notes } = record()
    const { client } = await open(t, legacyMethods({ 'server/discover': { status: 405 } }), { trace })
    await client.connect()
    assert.ok(notes.includes('it does not support 2026-07-28 (HTTP 405), so the client falls back to initialize'), notes.join('\n'))
  })

  it('may not be an MCP server at all', async t => {
    const peer = await startPeer(t)
    peer.on('POST /mcp', html())
    await assertUntrusted(clientOf(peer.url).connect(), 'answer-is-json-rpc')
  })

  it('may be unreachable', async t => {
    const peer = await startPeer(t)
    await peer.close()
    await assertFails(clientOf(peer.url).connect(), { exitCode: 6 })
  })
})

describe('a session of the legacy era (MCP 2025-11-25 basic/transports, Session Management)', () => {
  /** A server that ends its first session after `initialize`, with the answer given, and keeps the second. */
  async function forgetful(t: TestContext, gone: Answer): Promise<{ peer: Peer; client: McpClient }> {
    let sessions = 0
    return open(t, legacyMethods({
      'initialize': ({ id, params }) => result(
        id, { protocolVersion: params.protocolVersion, capabilities: {} }, { 'mcp-session-id': `session-${++sessions}` },
      ),
      'tools/list': ({ id }, { headers }) => headers['mcp-session-id'] === 'session-2' ? result(id, { tools: [] }) : gone,
    }))
  }

  const ends: readonly (readonly [string, Answer])[] = [
    ['nothing', { status: 404 }], ['a page', html('gone', 404)], ['JSON that is not JSON-RPC', json({ error: 'Session not found' }, 404)],
    ['a JSON-RPC error', failure(null, -32001, 'Session not found', 404)],
  ]
  for (const [what, gone] of ends) {
    it(`is restarted after 404 and ${what}`, async t => {
      const { peer, client } = await forgetful(t, gone)
      await client.connect()
      assert.deepEqual(await client.listTools(), [])
      const [, , , lost, again, ready, repeated] = peer.received
      assert.equal(lost?.headers['mcp-session-id'], 'session-1')
      assert.equal(jsonOf(again!)['method'], 'initialize')
      assert.equal(again?.headers['mcp-session-id'], undefined)
      assert.equal(jsonOf(ready!)['method'], 'notifications/initialized')
      assert.equal(repeated?.headers['mcp-session-id'], 'session-2')
    })
  }

  it('is restarted only once', async t => {
    const { peer, client } = await open(t, legacyMethods({ 'tools/list': { status: 404 } }))
    await client.connect()
    await assertFails(client.listTools(), { exitCode: 4 })
    assert.equal(methodsOf(peer).filter(method => method === 'initialize').length, 2)
  })

  it('is not restarted after 404 if there was none', async t => {
    const initialize: Method = ({ id, params }) => result(id, { protocolVersion: params.protocolVersion, capabilities: {} })
    const { client } = await open(t, legacyMethods({ initialize, 'tools/list': { status: 404 } }))
    await client.connect()
    await assertUntrusted(client.listTools(), 'answer-is-json-rpc')
  })

  for (const status of [200, 204, 405]) {
    it(`is ended with DELETE, which the server may answer with ${status}`, async t => {
      const { peer, client } = await open(t, legacyMethods())
      peer.on('DELETE /mcp', { status })
      await client.connect()
      await client.close()
      const [received] = peer.to('DELETE /mcp')
      assert.equal(received?.headers['mcp-session-id'], sessionId)
      assert.equal(received?.headers['mcp-protocol-version'], '2025-11-25')
    })
  }

  it('is ended only once', async t => {
    const { peer, client } = await open(t, legacyMethods())
    await client.connect()
    await client.close()
    await client.close()
    assert.equal(peer.to('DELETE /mcp').length, 1)
  })

  it('is not ended if there is none', async t => {
    const { peer, client } = await open(t)
    await client.connect()
    await client.close()
    assert.equal(peer.to('DELETE /mcp').length, 0)
  })

  it('ends without an error if the server is gone', async t => {
    const { trace, notes } = record()
    const { peer, client } = await open(t, legacyMethods(), { trace })
    await client.connect()
    await peer.close()
    await client.close()
    assert.match(notes.at(-1)!, /^the session could not be ended: .+ cannot be reached: /)
  })

  it('asks for no login when it ends', async t => {
    const { peer, client } = await open(t, legacyMethods(), { userAgent: headless() })
    peer.on('DELETE /mcp', { status: 401 })
    await client.connect()
    await client.close()
    assert.equal(peer.received.some(({ path }) => path.startsWith('/.well-known')), false)
  })
})
