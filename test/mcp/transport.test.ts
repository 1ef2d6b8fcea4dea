import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, assertRpcError, bearer, callMcp, craftToken, eventsOf, get, postJson, postMcp, readJson, startServer, type Members,
  type TestContext, type TestServer,
} from '../harness.ts'

async function start(t: TestContext): Promise<{ server: TestServer; token: string }> {
  const server = await startServer(t)
  return { server, token: craftToken(server) }
}

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

describe('GET /mcp', () => {
  it('is 405, because this server sends nothing on its own (MCP 2025-11-25 basic/transports)', async t => {
    const { server, token } = await start(t)
    const response = await get(`${server.url}/mcp`, { ...bearer(token), accept: 'text/event-stream' })
    assert.equal(response.headers.get('allow'), 'POST, DELETE')
    await assertRefused(response, 'method-is-allowed', 'method_not_allowed', 405)
  })
})

describe('PUT /mcp', () => {
  it('is 405 (RFC 9110 section 15.5.6)', async t => {
    const { server, token } = await start(t)
    const response = await get(`${server.url}/mcp`, bearer(token), 'PUT')
    await assertRefused(response, 'method-is-allowed', 'method_not_allowed', 405)
  })
})

describe('The Accept header of POST /mcp', () => {
  const json: Record<string, string | undefined> = {
    'both types': 'application/json, text/event-stream',
    'both types in reverse order': 'text/event-stream, application/json',
    'only application/json': 'application/json',
    'anything': '*/*',
    'any application type': 'application/*',
    'parameters': 'application/json;q=0.9, text/event-stream;q=0.8',
    'upper case': 'Application/JSON, Text/Event-Stream',
  }
  for (const [what, accept] of Object.entries(json)) {
    it(`gets JSON with ${what} (MCP 2025-11-25 basic/transports)`, async t => {
      const { server, token } = await start(t)
      const response = await postMcp(server, token, ping, { accept })
      assert.equal(response.headers.get('content-type'), 'application/json')
      assert.deepEqual(await readJson(response), { jsonrpc: '2.0', id: 1, result: {} })
    })
  }

  it('gets an event stream with only text/event-stream', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, ping, { accept: 'text/event-stream' })
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.equal(await response.text(), 'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n')
  })

  const receiving = '(MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages)'
  it(`gets a stream that proxies do not buffer ${receiving}`, async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, ping, { accept: 'text/event-stream' })
    assert.equal(response.headers.get('x-accel-buffering'), 'no')
    assert.equal(response.headers.get('cache-control'), 'no-store')
  })

  it('gets errors in an event stream too', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, { ...ping, method: 'nothing' }, { accept: 'text/event-stream' })
    assert.equal(eventsOf(await response.text())[0]!['error'].code, -32601)
  })

  it('is rejected if it names neither (MCP 2025-11-25 basic/transports)', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, ping, { accept: 'text/html, image/png' })
    await assertRefused(response, 'accept-is-served', 'not_acceptable', 406)
  })
})

describe('The body of POST /mcp', () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'text/json']) {
    it(`must not be ${type}, which any web page can send`, async t => {
      const { server, token } = await start(t)
      await assertRefused(await postMcp(server, token, ping, { 'content-type': type }), 'body-is-json', 'unsupported_media_type', 415)
    })
  }

  const notJson = { 'nothing': '', 'half of a message': '{"jsonrpc":', 'two messages': JSON.stringify(ping).repeat(2) }
  for (const [what, body] of Object.entries(notJson)) {
    it(`must not be ${what} (JSON-RPC 2.0 section 5.1)`, async t => {
      const { server, token } = await start(t)
      const { id } = await assertRpcError(await postMcp(server, token, body), 'message-is-json', -32700, 400)
      assert.equal(id, undefined)
    })
  }

  it('must not repeat a member, which a gateway could read differently', async t => {
    const { server, token } = await start(t)
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}'
    await assertRpcError(await postMcp(server, token, body), 'message-is-json', -32700, 400)
  })

  it('must not nest deeper than 32 levels', async t => {
    const { server, token } = await start(t)
    const body = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${'['.repeat(40)}${']'.repeat(40)}}}`
    await assertRpcError(await postMcp(server, token, body), 'message-is-json', -32700, 400)
  })

  const notRpc: Record<string, unknown> = {
    'a text': 'ping',
    'null': null,
    'a number': 1,
    'an object without jsonrpc': { id: 1, method: 'ping' },
    'another version of JSON-RPC': { ...ping, jsonrpc: '1.0' },
    'a numeric version': { ...ping, jsonrpc: 2 },
    'an id of null (MCP 2026-07-28 basic, Requests)': { ...ping, id: null },
    'an id that is a fraction': { ...ping, id: 1.5 },
    'an id that is an object': { ...ping, id: {} },
    'an id above the safe integers': { ...ping, id: 2 ** 53 },
    'a method that is not a string': { ...ping, method: 1 },
    'a request without a method': { jsonrpc: '2.0', id: 1 },
    'params in an array': { ...ping, params: [] },
    'a request that has a result': { ...ping, result: {} },
    'a request that has an error': { ...ping, error: { code: 1, message: 'x' } },
    'a result without an id': { jsonrpc: '2.0', result: {} },
  }
  for (const [what, message] of Object.entries(notRpc)) {
    it(`must not be ${what} (MCP 2026-07-28 basic, Messages)`, async t => {
      const { server, token } = await start(t)
      await assertRpcError(await postMcp(server, token, JSON.stringify(message)), 'message-is-json-rpc', -32600, 400)
    })
  }

  it('is rejected with its id if it has a valid one (MCP 2026-07-28 basic, Error Responses)', async t => {
    const { server, token } = await start(t)
    const { id } = await readJson(await postMcp(server, token, { jsonrpc: '2.0', id: 'a', method: 1 }))
    assert.equal(id, 'a')
  })

  const ids = {
    'a text': 'id-1', 'an empty text': '', 'zero': 0, 'a negative number': -7, 'the largest integer': Number.MAX_SAFE_INTEGER,
    'text outside ASCII': '世界',
  }
  for (const [what, id] of Object.entries(ids)) {
    it(`may have ${what} as its id, which is echoed (MCP 2026-07-28 basic, Requests)`, async t => {
      const { server, token } = await start(t)
      assert.deepEqual(await readJson(await postMcp(server, token, { ...ping, id })), { jsonrpc: '2.0', id, result: {} })
    })
  }

  const silent: Record<string, Members> = {
    'a notification': { jsonrpc: '2.0', method: 'notifications/initialized' },
    'an unknown notification': { jsonrpc: '2.0', method: 'notifications/unknown' },
    'a response': { jsonrpc: '2.0', id: 1, result: {} },
    'an error response': { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'x' } },
    'an error response without an id': { jsonrpc: '2.0', error: { code: -1, message: 'x' } },
  }
  for (const [what, message] of Object.entries(silent)) {
    it(`may be ${what}, which gets 202 without a body (MCP 2025-11-25 basic/transports)`, async t => {
      const { server, token } = await start(t)
      const response = await postMcp(server, token, message)
      assert.equal(response.status, 202)
      assert.equal(await response.text(), '')
    })
  }

  it('runs no tool as a notification', async t => {
    let calls = 0
    const server = await startServer(t, {}, { tools: [{
      name: 'count', title: '', description: '', inputSchema: { type: 'object' }, outputSchema: { type: 'object' },
      run: () => ({ text: String(++calls), structuredContent: {} }),
    }] })
    const response = await postMcp(server, craftToken(server), { jsonrpc: '2.0', method: 'tools/call', params: { name: 'count' } })
    assert.equal(response.status, 202)
    assert.equal(calls, 0)
  })
})

describe('POST /mcp/initialize', () => {
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } }

  it('needs no token and starts no session', async t => {
    const server = await startServer(t)
    const response = await postJson(`${server.url}/mcp/initialize`, initialize)
    assert.equal(response.headers.get('mcp-session-id'), null)
    assert.equal((await readJson(response))['result'].protocolVersion, '2025-11-25')
  })

  it('accepts a token', async t => {
    const { server, token } = await start(t)
    assert.equal((await postJson(`${server.url}/mcp/initialize`, initialize, bearer(token))).status, 200)
  })

  const others: Record<string, unknown> = {
    'tools/list': { ...initialize, method: 'tools/list' },
    'tools/call': { ...initialize, method: 'tools/call', params: { name: 'get_user_profile' } },
    'ping': ping,
    'a notification': { jsonrpc: '2.0', method: 'notifications/initialized' },
    'a response': { jsonrpc: '2.0', id: 1, result: {} },
    'a batch that begins with initialize': [initialize, { ...initialize, id: 2, method: 'tools/list' }],
    'a batch of one': [initialize],
    'an empty batch': [],
  }
  for (const [what, message] of Object.entries(others)) {
    it(`rejects ${what}, with a token or without`, async t => {
      const { server, token } = await start(t)
      await assertRpcError(await postJson(`${server.url}/mcp/initialize`, message), 'method-fits-path', -32600, 400)
      await assertRpcError(await postJson(`${server.url}/mcp/initialize`, message, bearer(token)), 'method-fits-path', -32600, 400)
    })
  }
})

describe('POST /mcp/tools/list', () => {
  it('answers tools/list', async t => {
    const { server, token } = await start(t)
    const response = await postJson(`${server.url}/mcp/tools/list`, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, bearer(token))
    assert.equal((await readJson(response))['result'].tools.length, 3)
  })

  it('rejects another method', async t => {
    const { server, token } = await start(t)
    const message = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'list_files' } }
    const { id } = await assertRpcError(
      await postJson(`${server.url}/mcp/tools/list`, message, bearer(token)), 'method-fits-path', -32600, 400,
    )
    assert.equal(id, 7)
  })
})

describe('POST /mcp/tools/call', () => {
  it('answers tools/call', async t => {
    const { server, token } = await start(t)
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_user_profile' } }
    const response = await postJson(`${server.url}/mcp/tools/call`, message, bearer(token))
    assert.equal((await readJson(response))['result'].structuredContent.sub, 'demo-user')
  })

  it('rejects another method', async t => {
    const { server, token } = await start(t)
    const response = await postJson(`${server.url}/mcp/tools/call`, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, bearer(token))
    await assertRpcError(response, 'method-fits-path', -32600, 400)
  })

  it('accepts no other HTTP method (RFC 9110 section 15.5.6)', async t => {
    const { server, token } = await start(t)
    const response = await get(`${server.url}/mcp/tools/call`, bearer(token))
    assert.equal(response.headers.get('allow'), 'POST')
    await assertRefused(response, 'method-is-allowed', 'method_not_allowed', 405)
  })
})

describe('An error that a tool throws', () => {
  const failing = {
    name: 'fail', title: '', description: '', inputSchema: { type: 'object' }, outputSchema: { type: 'object' },
    run: () => { throw new Error('the password of the database is hunter2') },
  }

  it('gets 500 without details, with the id of the request (JSON-RPC 2.0 section 5.1)', async t => {
    const server = await startServer(t, {}, { tools: [failing] })
    const response = await callMcp(server, craftToken(server), 'tools/call', { name: 'fail' })
    assert.equal(response.status, 500)
    const text = await response.text()
    assert.doesNotMatch(text, /hunter2|Error:|\.ts|\.js/)
    const { id, error } = JSON.parse(text) as Members
    assert.deepEqual({ id, code: error.code }, { id: 1, code: -32603 })
  })

  it('goes to the log', async t => {
    const server = await startServer(t, {}, { tools: [failing] })
    await callMcp(server, craftToken(server), 'tools/call', { name: 'fail' })
    assert.ok(server.log.some(line => line.includes('"level":"error"') && line.includes('hunter2')))
  })

  it('does not stop the server', async t => {
    const server = await startServer(t, {}, { tools: [failing] })
    await callMcp(server, craftToken(server), 'tools/call', { name: 'fail' })
    assert.equal((await callMcp(server, craftToken(server), 'ping')).status, 200)
  })
})
