import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { McpClient, McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addOpenServer, assertFails, assertUntrusted, clientOf, echoTool, eventStream, failure, html, json, legacyMethods, messagesTo,
  record, redirectTo, result, startPeer, type Answer, type Method, type Peer,
} from '../peer.ts'

/** A client connected to a peer with `methods`. */
async function connect(
  t: TestContext, methods: Readonly<Record<string, Method>> = {}, options: Partial<McpClientOptions> = {},
): Promise<{ peer: Peer; client: McpClient }> {
  const peer = await startPeer(t)
  addOpenServer(peer, methods)
  const client = clientOf(peer.url, options)
  await client.connect()
  return { peer, client }
}

function callsTo(peer: Peer, method = 'tools/call'): readonly Members[] {
  return messagesTo(peer).filter(message => message['method'] === method)
}

describe('a request', () => {
  it('has an id of its own (JSON-RPC 2.0 section 4)', async t => {
    const { peer, client } = await connect(t)
    await client.callTool('echo', {})
    await client.callTool('echo', {})
    const ids = messagesTo(peer).map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.every(id => Number.isSafeInteger(id)), String(ids))
  })

  it('fails with the error that the server sent (JSON-RPC 2.0 section 5.1)', async t => {
    const { client } = await connect(t, { 'tools/list': ({ id }) => failure(id, -32603, 'out of order', 500, { a: 1 }) })
    await assert.rejects(client.listTools(), { name: 'JsonRpcError', code: -32603, message: 'out of order', status: 500, data: { a: 1 } })
  })

  it('accepts an error with id null as its own, because the server could not read the id (JSON-RPC 2.0 section 5)', async t => {
    const { client } = await connect(t, { 'tools/list': failure(null, -32700, 'unreadable') })
    await assert.rejects(client.listTools(), { code: -32700 })
  })

  it('accepts an error without an id as its own (MCP 2026-07-28 basic, Error Responses)', async t => {
    const { client } = await connect(t, { 'tools/list': failure(undefined, -32700, 'unreadable') })
    await assert.rejects(client.listTools(), { code: -32700 })
  })

  it('finds its response in a batch (MCP 2025-03-26 basic, Batching)', async t => {
    const { client } = await connect(t, {
      'tools/list': ({ id }) => json([{ jsonrpc: '2.0', method: 'notifications/message' }, { jsonrpc: '2.0', id, result: { tools: [] } }]),
    })
    assert.deepEqual(await client.listTools(), [])
  })

  const refused: readonly (readonly [string, (id: number) => Answer])[] = [
    ['a page', () => html()],
    ['nothing', () => ({ status: 200 })],
    ['202, which is for notifications', () => ({ status: 202 })],
    ['a page with status 500', () => html('<h1>Sorry', 500)],
    ['JSON of a proxy with status 502', () => json({ error: 'bad gateway' }, 502)],
    ['a redirect', () => redirectTo('/elsewhere', 307)],
    ['JSON that is not an object', () => json('pong')],
    ['JSON that is not JSON-RPC', () => json({ tools: [] })],
    ['JSON-RPC 1.0', id => json({ id, result: { tools: [] } })],
    ['half a JSON text', () => ({ headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0"' })],
    ['the response to another request', id => json({ jsonrpc: '2.0', id: id + 1, result: { tools: [] } })],
    ['its id as a string', id => json({ jsonrpc: '2.0', id: String(id), result: { tools: [] } })],
    ['a result without id', () => json({ jsonrpc: '2.0', result: { tools: [] } })],
    ['a result that is not an object', id => json({ jsonrpc: '2.0', id, result: [] })],
    ['an error without a code', id => json({ jsonrpc: '2.0', id, error: 'no' }, 400)],
    ['an error without a message', id => json({ jsonrpc: '2.0', id, error: { code: 1 } }, 400)],
    ['neither result nor error', id => json({ jsonrpc: '2.0', id })],
    ['a notification', () => json({ jsonrpc: '2.0', method: 'notifications/message' })],
  ]
  for (const [what, answer] of refused) {
    it(`rejects ${what} instead of its response (MCP 2026-07-28 basic, Messages)`, async t => {
      const { client } = await connect(t, { 'tools/list': ({ id }) => answer(id) })
      await assertUntrusted(client.listTools(), 'answer-is-json-rpc')
    })
  }

  it('follows no redirect to another origin', async t => {
    const other = await startPeer(t)
    const { client } = await connect(t, { 'tools/list': redirectTo(`${other.url}/elsewhere`, 307) })
    await assert.rejects(client.listTools())
    assert.equal(other.received.length, 0)
  })

  it('stops reading a response that is too long (RFC 9700 section 4.16)', async t => {
    const { client } = await connect(t, { 'tools/list': ({ id }) => result(id, { tools: [], filler: 'x'.repeat(5 * 1024 * 1024) }) })
    await assertUntrusted(client.listTools(), 'answer-is-bounded')
  })

  it('stops reading an event stream that is too long (RFC 9700 section 4.16)', async t => {
    const comment = `: ${'x'.repeat(256 * 1024)}\n`
    const { client } = await connect(t, { 'tools/list': eventStream(...Array.from({ length: 20 }, () => comment)) })
    await assertUntrusted(client.listTools(), 'answer-is-bounded')
  })

  it('reports that the server cannot be reached', async t => {
    const { peer, client } = await connect(t)
    await peer.close()
    const { message } = await assertFails(client.listTools(), { exitCode: 6 })
    assert.ok(message.startsWith(`${peer.url} cannot be reached: `), message)
  })
})

describe('listTools()', () => {
  const tool = (name: string): Members => ({ ...echoTool, name })

  it('reads page by page and sends each cursor unchanged (MCP 2026-07-28 server/utilities/pagination)', async t => {
    const pages: Readonly<Record<string, Members>> = {
      first: { tools: [tool('a')], nextCursor: 'päge 2' }, 'päge 2': { tools: [tool('b')], nextCursor: '' }, '': { tools: [tool('c')] },
    }
    const { peer, client } = await connect(t, { 'tools/list': ({ id, params }) => result(id, pages[params.cursor ?? 'first']!) })
    assert.deepEqual((await client.listTools()).map(({ name }) => name), ['a', 'b', 'c'])
    assert.deepEqual(callsTo(peer, 'tools/list').map(({ params }) => params.cursor), [undefined, 'päge 2', ''])
  })

  it('accepts null as the end of the pages', async t => {
    const { client } = await connect(t, { 'tools/list': ({ id }) => result(id, { tools: [], nextCursor: null }) })
    assert.deepEqual(await client.listTools(), [])
  })

  it('stops if every page names another one (MCP 2026-07-28 server/utilities/pagination)', async t => {
    const { client } = await connect(t, { 'tools/list': ({ id }) => result(id, { tools: [], nextCursor: 'again' }) })
    await assertFails(client.listTools(), { exitCode: 4 })
  })

  it('rejects a result without tools (MCP 2026-07-28 server/tools)', async t => {
    const { client } = await connect(t, { 'tools/list': ({ id }) => result(id, {}) })
    await assertUntrusted(client.listTools(), 'answer-is-json-rpc')
  })

  it('leaves out entries that are not tools', async t => {
    const tools = [null, {}, { name: 'a' }, { name: 7, inputSchema: {} }, { name: 'b', inputSchema: 'x' }, tool('c')]
    const { client } = await connect(t, { 'tools/list': ({ id }) => result(id, { tools }) })
    assert.deepEqual((await client.listTools()).map(({ name }) => name), ['c'])
  })
})

describe('callTool()', () => {
  it('sends name and arguments, and the name in a header (MCP 2026-07-28 basic/transports/streamable-http, Standard Request Headers)', async t => {
    const { peer, client } = await connect(t)
    assert.deepEqual((await client.callTool('echo', { a: [1] }))['content'], [{ type: 'text', text: '{"a":[1]}' }])
    const { _meta, ...params } = callsTo(peer)[0]!['params']
    assert.deepEqual(params, { name: 'echo', arguments: { a: [1] } })
    assert.equal(peer.received.at(-1)?.headers['mcp-method'], 'tools/call')
    assert.equal(peer.received.at(-1)?.headers['mcp-name'], 'echo')
  })

  it('encodes a name that cannot stand in a header (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)', async t => {
    const { peer, client } = await connect(t)
    await client.callTool('Hello, 世界', {})
    assert.equal(peer.received.at(-1)?.headers['mcp-name'], '=?base64?SGVsbG8sIOS4lueVjA==?=')
  })

  it('returns a result with isError unchanged (MCP 2026-07-28 server/tools, Error Handling)', async t => {
    const { client } = await connect(t, { 'tools/call': ({ id }) => result(id, { content: [], isError: true }) })
    assert.equal((await client.callTool('echo', {}))['isError'], true)
  })

  it('lists the tools of a modern server first, once', async t => {
    const { peer, client } = await connect(t)
    await client.callTool('echo', {})
    await client.callTool('echo', {})
    assert.equal(callsTo(peer, 'tools/list').length, 1)
  })

  it('calls a tool of a legacy server at once, without modern headers', async t => {
    const { peer, client } = await connect(t, legacyMethods())
    await client.callTool('echo', { a: 1 })
    assert.equal(callsTo(peer, 'tools/list').length, 0)
    assert.deepEqual(callsTo(peer)[0]!['params'], { name: 'echo', arguments: { a: 1 } })
    for (const name of ['mcp-method', 'mcp-name']) assert.equal(peer.received.at(-1)?.headers[name], undefined)
  })
})

// MCP 2026-07-28 basic/patterns/mrtr, Client Requirements
describe('a result that needs input', () => {
  const elicit = { method: 'elicitation/create', params: { message: 'Your name?' } }
  const state = 'eyJ ünveränderlich"}=='

  /** A tool that returns `rounds` one after the other, and then its result. */
  async function call(
    t: TestContext, rounds: readonly Members[], options: Partial<McpClientOptions> = {},
  ): Promise<{ peer: Peer; client: McpClient; work: () => Promise<Members> }> {
    let round = 0
    const { peer, client } = await connect(t, {
      'tools/call': ({ id }) => result(id, rounds[round++] ?? { content: [{ type: 'text', text: 'done' }] }),
    }, { handlers: { 'elicitation/create': params => ({ action: 'accept', content: { asked: params['message'] } }) }, ...options })
    return { peer, client, work: () => client.callTool('echo', { a: 1 }) }
  }

  it('is followed by the same request with the input (MCP 2026-07-28 basic/patterns/mrtr)', async t => {
    const { peer, work } = await call(t, [{ resultType: 'input_required', inputRequests: { first: elicit, second: elicit } }])
    assert.deepEqual((await work())['content'], [{ type: 'text', text: 'done' }])
    const { _meta, ...params } = callsTo(peer)[1]!['params']
    const input = { action: 'accept', content: { asked: 'Your name?' } }
    assert.deepEqual(params, { name: 'echo', arguments: { a: 1 }, inputResponses: { first: input, second: input } })
  })

  it('is followed by a request with another id (MCP 2026-07-28 basic/patterns/mrtr)', async t => {
    const { peer, work } = await call(t, [{ resultType: 'input_required', inputRequests: { first: elicit } }])
    await work()
    const [one, two] = callsTo(peer)
    assert.notEqual(one!['id'], two!['id'])
  })

  it('gets its requestState back unchanged (MCP 2026-07-28 basic/patterns/mrtr)', async t => {
    const { peer, work } = await call(t, [{ resultType: 'input_required', inputRequests: { first: elicit }, requestState: state }])
    await work()
    assert.equal(callsTo(peer)[1]!['params'].requestState, state)
  })

  it('gets no requestState if it has none (MCP 2026-07-28 basic/patterns/mrtr)', async t => {
    const { peer, work } = await call(t, [
      { resultType: 'input_required', inputRequests: { first: elicit }, requestState: state },
      { resultType: 'input_required', inputRequests: { second: elicit } },
    ])
    await work()
    const last = callsTo(peer)[2]!['params']
    assert.equal('requestState' in last, false)
    assert.deepEqual(Object.keys(last.inputResponses), ['second'])
  })

  it('is repeated at once if it only has a requestState (MCP 2026-07-28 basic/patterns/mrtr)', async t => {
    const { peer, work } = await call(t, [{ resultType: 'input_required', requestState: state }])
    await work()
    const { _meta, ...params } = callsTo(peer)[1]!['params']
    assert.deepEqual(params, { name: 'echo', arguments: { a: 1 }, requestState: state })
  })

  it('does not affect the next request (MCP 2026-07-28 basic/patterns/mrtr)', async t => {
    const { peer, work } = await call(t, [{ resultType: 'input_required', inputRequests: { first: elicit }, requestState: state }])
    await work()
    await work()
    const { _meta, ...params } = callsTo(peer)[2]!['params']
    assert.deepEqual(params, { name: 'echo', arguments: { a: 1 } })
  })

  it('keeps the headers of the call', async t => {
    const { peer, work } = await call(t, [{ resultType: 'input_required', requestState: state }])
    await work()
    assert.equal(peer.received.at(-1)?.headers['mcp-name'], 'echo')
  })

  it('fails if the client cannot provide the input', async t => {
    const { peer, work } = await call(t, [{ resultType: 'input_required', inputRequests: { a: { method: 'sampling/createMessage', params: {} } } }])
    const { message } = await assertFails(work, { exitCode: 4 })
    assert.match(message, /sampling\/createMessage/)
    assert.equal(callsTo(peer).length, 1)
  })

  for (const method of ['toString', 'constructor', '__proto__', 7, undefined]) {
    it(`fails if it asks for ${method}, which has no handler`, async t => {
      const { work } = await call(t, [{ resultType: 'input_required', inputRequests: { a: { method, params: {} } } }])
      await assertFails(work, { exitCode: 4 })
    })
  }

  it('may use any names for its requests', async t => {
    const inputRequests = { constructor: elicit } as Members
    const { peer, work } = await call(t, [{ resultType: 'input_required', inputRequests }])
    await work()
    assert.ok(Object.hasOwn(callsTo(peer)[1]!['params'].inputResponses, 'constructor'))
  })

  it('is given up after ten rounds', async t => {
    const { peer, work } = await call(t, Array.from({ length: 50 }, () => ({ resultType: 'input_required', requestState: state })))
    await assertFails(work, { exitCode: 4 })
    assert.equal(callsTo(peer).length, 11)
  })

  for (const resultType of ['task', 'COMPLETE', '', 7, null]) {
    it(`is rejected with the resultType ${JSON.stringify(resultType)} (MCP 2026-07-28 basic, ResultType)`, async t => {
      const { work } = await call(t, [{ resultType }])
      await assertUntrusted(work, 'result-type-is-known')
    })
  }

  it('is complete without a resultType (MCP 2026-07-28 basic, ResultType)', async t => {
    const { client } = await connect(t, { 'tools/call': ({ id }) => json({ jsonrpc: '2.0', id, result: { content: [] } }) })
    assert.deepEqual(await client.callTool('echo', {}), { content: [] })
  })
})

describe('the trace of a call', () => {
  it('names each step with its clause', async t => {
    const { trace, steps } = record()
    const { client } = await connect(t, {}, { trace })
    await client.callTool('echo', {})
    assert.deepEqual(steps, [
      { title: 'Ask the server which versions it supports', clause: 'MCP 2026-07-28 server/discover' },
      { title: 'Call echo', clause: 'MCP 2026-07-28 server/tools, Calling Tools' },
      { title: 'List the tools', clause: 'MCP 2026-07-28 server/tools, Listing Tools' },
    ])
  })
})
