/** Headers of an answer that arrive twice, or without a value: proxies and frameworks add them to what a server sends. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from '../harness.ts'
import {
  addOpenServer, assertUntrusted, clientOf, eventStream, jsonOf, legacyMethods, result, sessionId, startHonestPeer, startPeer, type Answer, type Peer,
} from '../peer.ts'

const json = 'application/json'

/** Sends a route's answer with other headers. */
function withHeaders(peer: Peer, target: string, headers: Record<string, string | string[]>): void {
  const body = JSON.stringify(bodies(peer)[target])
  peer.on(target, { status: target === 'POST /register' ? 201 : 200, headers, body })
}

function bodies({ url }: Peer): Record<string, unknown> {
  return {
    'GET /.well-known/oauth-protected-resource/mcp': { resource: `${url}/mcp`, authorization_servers: [url] },
    'POST /register': { client_id: 'c', token_endpoint_auth_method: 'none' },
    'POST /token': { access_token: 'access-0', token_type: 'Bearer' },
  }
}

async function listTools(t: TestContext, answer: (id: unknown) => Answer): Promise<number> {
  const peer = await startPeer(t)
  addOpenServer(peer, { 'tools/list': ({ id }) => answer(id) })
  const client = clientOf(peer.url)
  await client.connect()
  return (await client.listTools()).length
}

const tools = (id: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', tools: [{ name: 'a', inputSchema: {} }] } })

describe('A header of an answer that was sent twice with equal values counts once (RFC 9110 section 5.2, section 8.3)', () => {
  const rows: Record<string, Record<string, string | string[]>> = {
    'Content-Type: application/json on two lines': { 'content-type': [json, json] },
    'Content-Type: application/json, application/json on one line': { 'content-type': `${json}, ${json}` },
    'Content-Type on three lines': { 'content-type': [json, json, json] },
    'Content-Type on two lines, in another case': { 'content-type': [json, 'Application/JSON'] },
    'Content-Type with the same charset twice, spaced differently': { 'content-type': [`${json}; charset=utf-8`, `${json};charset=UTF-8`] },
    'Content-Type with and without the charset that JSON has anyway': { 'content-type': [json, `${json}; charset=utf-8`] },
    'Content-Encoding: identity on two lines': { 'content-type': json, 'content-encoding': ['identity', 'identity'] },
    'Content-Encoding without a value': { 'content-type': json, 'content-encoding': '' },
  }
  for (const [what, headers] of Object.entries(rows)) {
    it(`${what}, of a JSON-RPC response`, async t => {
      assert.equal(await listTools(t, id => ({ headers, body: tools(id) })), 1)
    })

    for (const target of ['GET /.well-known/oauth-protected-resource/mcp', 'POST /register', 'POST /token']) {
      it(`${what}, of the answer to ${target}`, async t => {
        const peer = await startHonestPeer(t)
        withHeaders(peer, target, headers)
        assert.ok((await clientOf(peer.url).authorizer.authorize()).access_token)
      })
    }
  }

  for (const type of [['text/event-stream', 'text/event-stream'], 'text/event-stream, text/event-stream']) {
    it(`Content-Type of an event stream, ${JSON.stringify(type)}`, async t => {
      assert.equal(await listTools(t, id => ({ ...eventStream(`data: ${tools(id)}\n\n`), headers: { 'content-type': type } })), 1)
    })
  }

  it('Mcp-Session-Id on two lines', async t => {
    const peer = await startPeer(t)
    addOpenServer(peer, legacyMethods({
      'initialize': ({ id }) => ({
        ...result(id, { protocolVersion: '2025-11-25', capabilities: {} }),
        headers: { 'content-type': json, 'mcp-session-id': [sessionId, sessionId] },
      }),
    }))
    const client = clientOf(peer.url)
    await client.connect()
    await client.listTools()
    assert.equal(peer.received.find(request => jsonOf(request)['method'] === 'tools/list')?.headers['mcp-session-id'], sessionId)
  })

  it('WWW-Authenticate on two lines', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /mcp', { status: 401, headers: { 'www-authenticate': Array<string>(2).fill(`Bearer scope="a", resource_metadata="${peer.url}/m"`) } })
    peer.on('GET /m', { headers: { 'content-type': json }, body: JSON.stringify(bodies(peer)['GET /.well-known/oauth-protected-resource/mcp']) })
    assert.deepEqual((await clientOf(peer.url).authorizer.authorize()).requested_scopes, ['a'])
  })
})

describe('Two values of a Content-Type that differ are refused, and the refusal shows both (RFC 9110 section 8.3)', () => {
  const rows: Record<string, string | string[]> = {
    'application/json and text/html on two lines': [json, 'text/html'],
    'text/html and application/json on two lines': ['text/html', json],
    'application/json, text/html on one line': `${json}, text/html`,
    'application/json with a charset, and text/html': [`${json}; charset=utf-8`, 'text/html'],
    'application/json and text/event-stream': [json, 'text/event-stream'],
    'text/event-stream and application/json': ['text/event-stream; charset=utf-8', json],
  }
  for (const [what, type] of Object.entries(rows)) {
    const shown = [type].flat().join(', ')
    it(`${what}, of a JSON-RPC response`, async t => {
      const { message } = await assertUntrusted(listTools(t, id => ({ headers: { 'content-type': type }, body: tools(id) })), 'answer-is-json-rpc')
      assert.ok(message.includes(`HTTP 200 (${shown})`), message)
    })

    it(`${what}, of a token response`, async t => {
      const peer = await startHonestPeer(t)
      withHeaders(peer, 'POST /token', { 'content-type': type })
      const { message } = await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'document-is-json')
      assert.ok(message.includes(`answered with ${shown} instead of JSON`), message)
    })
  }
})
