import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metaKeys } from '../../src/base/protocol/mcp.ts'
import {
  assertRpcError, bearer, callModern, craftToken, eventsOf, modernMeta, postMcp, startServer, type TestServer,
} from '../harness.ts'

const notifications = { toolsListChanged: true, resourceSubscriptions: ['file:///a'] }

function listen(server: TestServer, id: string | number = 1): Promise<Response> {
  return postMcp(
    server, craftToken(server),
    { jsonrpc: '2.0', id, method: 'subscriptions/listen', params: { _meta: modernMeta(), notifications } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' },
  )
}

const acknowledgment = {
  jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged',
  params: { _meta: { [metaKeys.subscriptionId]: 1 }, notifications: {} },
}

describe('subscriptions/listen', () => {
  it('acknowledges first, and subscribes to nothing (MCP 2026-07-28 basic/patterns/subscriptions)', async t => {
    const server = await startServer(t)
    const response = await listen(server)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const { value } = await response.body!.getReader().read()
    assert.deepEqual(eventsOf(Buffer.from(value!).toString()), [acknowledgment])
  })

  it('is not buffered by proxies (MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages)', async t => {
    const response = await listen(await startServer(t))
    assert.equal(response.headers.get('x-accel-buffering'), 'no')
    assert.equal(response.headers.get('cache-control'), 'no-store')
  })

  it('identifies the subscription by the id of its request (MCP 2026-07-28 basic/patterns/subscriptions)', async t => {
    const response = await listen(await startServer(t), 'listen-1')
    const { value } = await response.body!.getReader().read()
    assert.equal(eventsOf(Buffer.from(value!).toString())[0]!['params']._meta[metaKeys.subscriptionId], 'listen-1')
  })

  it('ends with its result when the server stops (MCP 2026-07-28 basic/patterns/subscriptions, Graceful Closure)', async t => {
    const server = await startServer(t)
    const serverInfo = { name: server.config.serverName, version: server.config.serverVersion }
    const response = await listen(server)
    const [text] = await Promise.all([response.text(), server.close()])
    assert.deepEqual(eventsOf(text), [
      acknowledgment,
      { jsonrpc: '2.0', id: 1, result: { resultType: 'complete', _meta: { [metaKeys.subscriptionId]: 1, [metaKeys.serverInfo]: serverInfo } } },
    ])
  })

  it('ends when the client disconnects, and the server continues', async t => {
    const server = await startServer(t)
    const abort = new AbortController()
    const params = { _meta: modernMeta(), notifications }
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST', signal: abort.signal,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params }),
      headers: {
        ...bearer(craftToken(server)), 'content-type': 'application/json', 'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'subscriptions/listen',
      },
    })
    abort.abort()
    await assert.rejects(response.text())
    assert.equal((await callModern(server, craftToken(server), 'tools/list')).status, 200)
  })

  it('can be open more than once', async t => {
    const server = await startServer(t)
    const ids = Array.from({ length: 20 }, (_, i) => i)
    const responses = await Promise.all(ids.map(id => listen(server, id)))
    const [texts] = await Promise.all([Promise.all(responses.map(response => response.text())), server.close()])
    assert.deepEqual(texts.map(text => eventsOf(text).at(-1)!['id']), ids)
  })

  it('rejects a request that names no notifications (MCP 2026-07-28 basic/patterns/subscriptions)', async t => {
    const server = await startServer(t)
    await assertRpcError(await callModern(server, craftToken(server), 'subscriptions/listen'), 'params-are-valid', -32602, 200)
  })

  it('needs a token', async t => {
    assert.equal((await callModern(await startServer(t), undefined, 'subscriptions/listen', { notifications })).status, 401)
  })
})
