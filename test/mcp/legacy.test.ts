import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, assertRpcError, bearer, callMcp, craftToken, eventsOf, get, postMcp, readJson, startServer, type Members,
  type TestContext, type TestServer,
} from '../harness.ts'

const versions = ['2025-11-25', '2025-06-18', '2025-03-26']

async function start(t: TestContext): Promise<{ server: TestServer; token: string }> {
  const server = await startServer(t)
  return { server, token: craftToken(server) }
}

async function beginSession(server: TestServer, token: string, protocolVersion = '2025-11-25'): Promise<string> {
  const response = await callMcp(server, token, 'initialize', { protocolVersion })
  return response.headers.get('mcp-session-id') ?? assert.fail('no session')
}

function request(id: number, method: string, params: Members = {}): Members {
  return { jsonrpc: '2.0', id, method, params }
}

for (const version of versions) {
  describe(`MCP ${version}`, () => {
    it(`is negotiated by initialize (MCP ${version} basic/lifecycle)`, async t => {
      const { server, token } = await start(t)
      const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
      const { result } = await readJson(await callMcp(server, token, 'initialize', params))
      const { instructions, ...rest } = result
      assert.equal(typeof instructions, 'string')
      assert.deepEqual(rest, {
        protocolVersion: version, capabilities: { tools: {} }, serverInfo: { name: 'mcp-authorization', version: '0.1.0' },
      })
    })

    it(`has sessions (MCP ${version} basic/transports, Session Management)`, async t => {
      const { server, token } = await start(t)
      assert.match(await beginSession(server, token, version), /^[\x21-\x7e]{32,}$/)
    })

    it(`has ping (MCP ${version} basic/utilities/ping)`, async t => {
      const { server, token } = await start(t)
      const response = await callMcp(server, token, 'ping', {}, { 'mcp-protocol-version': version })
      assert.deepEqual(await readJson(response), { jsonrpc: '2.0', id: 1, result: {} })
    })

    it(`accepts notifications/initialized with 202 (MCP ${version} basic/lifecycle)`, async t => {
      const { server, token } = await start(t)
      const headers = { 'mcp-protocol-version': version, 'mcp-session-id': await beginSession(server, token, version) }
      assert.equal((await postMcp(server, token, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers)).status, 202)
    })

    it(`lists the tools (MCP ${version} server/tools)`, async t => {
      const { server, token } = await start(t)
      const headers = { 'mcp-protocol-version': version, 'mcp-session-id': await beginSession(server, token, version) }
      const { result } = await readJson(await callMcp(server, token, 'tools/list', {}, headers))
      assert.deepEqual(result.tools.map(({ name }: Members) => name), ['get_weather', 'list_files', 'get_user_profile'])
    })

    const calls = {
      get_weather: { args: { location: 'Lisbon' }, text: /^Lisbon: / },
      list_files: { args: { pattern: '*.md' }, text: /^README\.md \(2048 bytes\)$/ },
      get_user_profile: { args: {}, text: /^Demo User <demo@example\.com>/ },
    }
    for (const [name, { args, text }] of Object.entries(calls)) {
      it(`calls ${name} (MCP ${version} server/tools)`, async t => {
        const { server, token } = await start(t)
        const headers = { 'mcp-protocol-version': version }
        const { result } = await readJson(await callMcp(server, token, 'tools/call', { name, arguments: args }, headers))
        assert.deepEqual(Object.keys(result), ['content', 'structuredContent', 'isError'])
        assert.match(result.content[0].text, text)
        assert.equal(result.isError, false)
      })
    }

    it('has none of the members of the modern era', async t => {
      const { server, token } = await start(t)
      const { result } = await readJson(await callMcp(server, token, 'tools/list', {}, { 'mcp-protocol-version': version }))
      assert.deepEqual(Object.keys(result), ['tools'])
    })

    it('has no server/discover', async t => {
      const { server, token } = await start(t)
      const response = await callMcp(server, token, 'server/discover', {}, { 'mcp-protocol-version': version })
      await assertRpcError(response, 'method-is-implemented', -32601, 200)
    })
  })
}

describe('initialize', () => {
  for (const protocolVersion of ['2024-11-05', '2099-01-01', '2026-07-28', '']) {
    it(`answers ${JSON.stringify(protocolVersion)} with the latest version that has it (MCP 2025-11-25 basic/lifecycle)`, async t => {
      const { server, token } = await start(t)
      const { result } = await readJson(await callMcp(server, token, 'initialize', { protocolVersion }))
      assert.equal(result.protocolVersion, '2025-11-25')
    })
  }

  it('rejects a version that is not a string', async t => {
    const { server, token } = await start(t)
    await assertRpcError(await callMcp(server, token, 'initialize', { protocolVersion: 20251125 }), 'params-are-valid', -32602, 200)
  })

  it('starts no session if it fails', async t => {
    const { server, token } = await start(t)
    assert.equal((await callMcp(server, token, 'initialize', { protocolVersion: 1 })).headers.get('mcp-session-id'), null)
  })

  it('returns the configured name and version', async t => {
    const server = await startServer(t, { MCP_SERVER_NAME: 'Weather', MCP_SERVER_VERSION: '2.0' })
    const { result } = await readJson(await callMcp(server, craftToken(server), 'initialize', { protocolVersion: '2025-11-25' }))
    assert.deepEqual(result.serverInfo, { name: 'Weather', version: '2.0' })
  })
})

describe('A request of the legacy era', () => {
  it('needs neither session nor version header (MCP 2025-11-25 basic/transports, Protocol Version Header)', async t => {
    const { server, token } = await start(t)
    assert.equal((await callMcp(server, token, 'tools/list')).status, 200)
  })

  it('must not have an unsupported version header (MCP 2025-11-25 basic/transports, Protocol Version Header)', async t => {
    const { server, token } = await start(t)
    const response = await callMcp(server, token, 'tools/list', {}, { 'mcp-protocol-version': '2024-11-05' })
    assert.equal(response.status, 400)
  })

  it('gets an error for an unknown method (JSON-RPC 2.0 section 5.1)', async t => {
    const { server, token } = await start(t)
    const { error } = await assertRpcError(await callMcp(server, token, 'resources/list'), 'method-is-implemented', -32601, 200)
    assert.equal(error.message, 'Method not found: resources/list')
  })

  it('gets an error for an unknown cursor (MCP 2025-11-25 server/utilities/pagination)', async t => {
    const { server, token } = await start(t)
    await assertRpcError(await callMcp(server, token, 'tools/list', { cursor: 'x' }), 'params-are-valid', -32602, 200)
  })

  it('gets an error for an unknown tool (MCP 2025-11-25 server/tools, Error Handling)', async t => {
    const { server, token } = await start(t)
    await assertRpcError(await callMcp(server, token, 'tools/call', { name: 'rm' }), 'tool-is-known', -32602, 200)
  })
})

describe('An MCP session', () => {
  const id = { 'mcp-session-id': 'x' }

  it('is valid until it ends (MCP 2025-11-25 basic/transports, Session Management)', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    assert.equal((await callMcp(server, token, 'tools/list', {}, headers)).status, 200)
  })

  it('is different each time', async t => {
    const { server, token } = await start(t)
    assert.notEqual(await beginSession(server, token), await beginSession(server, token))
  })

  it('continues with a new token of the same user and client', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    const newer = craftToken(server, { jti: 'newer', grant_id: 'newer' })
    assert.equal((await callMcp(server, newer, 'ping', {}, headers)).status, 200)
  })

  it('does not replace the token', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    assert.equal((await callMcp(server, undefined, 'ping', {}, headers)).status, 401)
  })

  it('is 404 if it is unknown (MCP 2025-11-25 basic/transports, Session Management)', async t => {
    const { server, token } = await start(t)
    await assertRefused(await callMcp(server, token, 'ping', {}, id), 'session-is-known', 'not_found', 404)
  })

  it('is 404 for a notification too', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, { jsonrpc: '2.0', method: 'notifications/initialized' }, id)
    await assertRefused(response, 'session-is-known', 'not_found', 404)
  })

  it('is 404 for another user', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    const response = await callMcp(server, craftToken(server, { sub: 'somebody-else' }), 'ping', {}, headers)
    await assertRefused(response, 'session-is-known', 'not_found', 404)
  })

  it('is 404 for another client', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    const response = await callMcp(server, craftToken(server, { client_id: 'other' }), 'ping', {}, headers)
    await assertRefused(response, 'session-is-known', 'not_found', 404)
  })

  it('ends with DELETE, and is 404 afterwards (MCP 2025-11-25 basic/transports, Session Management)', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    assert.equal((await get(`${server.url}/mcp`, { ...bearer(token), ...headers }, 'DELETE')).status, 204)
    await assertRefused(await callMcp(server, token, 'ping', {}, headers), 'session-is-known', 'not_found', 404)
  })

  it('is not ended by another user', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    const other = bearer(craftToken(server, { sub: 'somebody-else' }))
    await assertRefused(await get(`${server.url}/mcp`, { ...other, ...headers }, 'DELETE'), 'session-is-known', 'not_found', 404)
    assert.equal((await callMcp(server, token, 'ping', {}, headers)).status, 200)
  })

  it('must be named in a DELETE', async t => {
    const { server, token } = await start(t)
    await assertRefused(await get(`${server.url}/mcp`, bearer(token), 'DELETE'), 'session-id-is-sent', 'invalid_request', 400)
  })

  it('ends after a day', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token) }
    server.advance(86_400)
    const later = craftToken(server, { iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 2 * 86_400 })
    await assertRefused(await callMcp(server, later, 'ping', {}, headers), 'session-is-known', 'not_found', 404)
  })
})

describe('A batch', () => {
  const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
  const batch = [request(1, 'ping'), notification, request(2, 'nothing'), request(3, 'ping')]
  const answers = [[1, undefined], [2, -32601], [3, undefined]]

  it('is answered with an array in revision 2025-03-26 (MCP 2025-03-26 basic/transports)', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, batch, { 'mcp-protocol-version': '2025-03-26' })
    const responses = await response.json() as Members[]
    assert.deepEqual(responses.map(({ id, error }) => [id, error?.code]), answers)
  })

  it('is accepted without a version header, which means 2025-03-26', async t => {
    const { server, token } = await start(t)
    assert.equal((await postMcp(server, token, batch)).status, 200)
  })

  it('is accepted in a session of 2025-03-26', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token, '2025-03-26') }
    assert.equal((await postMcp(server, token, batch, headers)).status, 200)
  })

  it('is answered with one event per response if JSON is not accepted (MCP 2025-03-26 basic/transports)', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, batch, { accept: 'text/event-stream' })
    assert.deepEqual(eventsOf(await response.text()).map(({ id, error }) => [id, error?.code]), answers)
  })

  it('of notifications is answered with 202 (MCP 2025-03-26 basic/transports)', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, [notification, { jsonrpc: '2.0', id: 9, result: {} }])
    assert.equal(response.status, 202)
  })

  it('of 50 messages is accepted', async t => {
    const { server, token } = await start(t)
    assert.equal((await postMcp(server, token, Array.from({ length: 50 }, (_, id) => request(id, 'ping')))).status, 200)
  })

  const refused: Record<string, { messages: unknown[]; headers?: Members }> = {
    'in revision 2025-06-18 (MCP 2025-06-18 basic/transports)': { messages: batch, headers: { 'mcp-protocol-version': '2025-06-18' } },
    'in revision 2025-11-25 (MCP 2025-11-25 basic/transports)': { messages: batch, headers: { 'mcp-protocol-version': '2025-11-25' } },
    'in revision 2026-07-28 (MCP 2026-07-28 basic/transports/streamable-http)': {
      messages: batch, headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'ping' },
    },
    'without a message (JSON-RPC 2.0 section 6)': { messages: [] },
    'of 51 messages': { messages: Array.from({ length: 51 }, (_, id) => request(id, 'ping')) },
    'with initialize (MCP 2025-03-26 basic/lifecycle)': {
      messages: [request(1, 'initialize', { protocolVersion: '2025-03-26' }), request(2, 'ping')],
    },
  }
  for (const [what, { messages, headers }] of Object.entries(refused)) {
    it(`${what} is rejected`, async t => {
      const { server, token } = await start(t)
      await assertRpcError(await postMcp(server, token, messages, headers), 'batch-is-allowed', -32600, 400)
    })
  }

  it('is rejected in a session of a later revision', async t => {
    const { server, token } = await start(t)
    const headers = { 'mcp-session-id': await beginSession(server, token, '2025-06-18') }
    await assertRpcError(await postMcp(server, token, batch, headers), 'batch-is-allowed', -32600, 400)
  })

  it('with one malformed message is rejected as a whole', async t => {
    const { server, token } = await start(t)
    await assertRpcError(await postMcp(server, token, [request(1, 'ping'), { id: 2 }]), 'message-is-json-rpc', -32600, 400)
  })
})
