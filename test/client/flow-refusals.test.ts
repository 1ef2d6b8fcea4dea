import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { McpClient, type McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  assertFails, assertUntrusted, changeTokens, clientOf, formOf, json, jsonOf, record, startHonestPeer, type Answer, type Peer,
} from '../peer.ts'

/** The parameters of the authorization requests that a peer received. */
function authorizationRequests(peer: Peer): readonly Members[] {
  return peer.to('GET /authorize').map(({ query }) => Object.fromEntries(query))
}

function connected(peer: Peer, options: Partial<McpClientOptions> = {}): Promise<McpClient> {
  const client = clientOf(peer.url, options)
  return client.connect().then(() => client)
}

describe('a 401', () => {
  const refusal: Answer = { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }

  it('to a token that was just issued ends the attempts, with the reason that the server gives', async t => {
    const peer = await startHonestPeer(t, { challenge: 'error="invalid_token", error_description="wrong audience"', accepts: () => false })
    const { message, remedy } = await assertFails(connected(peer), { exitCode: 4 })
    assert.match(message, /wrong audience$/)
    assert.match(remedy ?? '', /RFC 7662/)
    assert.equal(authorizationRequests(peer).length, 1)
  })

  it('to a JWT points to its audience', async t => {
    const peer = await startHonestPeer(t, { accepts: () => false, tokens: { access_token: 'eyJhbGciOiJub25lIn0.e30.c2ln' } })
    assert.match((await assertFails(connected(peer), { exitCode: 4 })).remedy ?? '', /with aud in the token/)
  })

  it('to a token that is not a JWT does not mention its audience, which the user cannot read', async t => {
    const peer = await startHonestPeer(t, { accepts: () => false })
    assert.doesNotMatch((await assertFails(connected(peer), { exitCode: 4 })).remedy ?? '', /\baud/)
  })

  it('leads to one refresh, then to one login, and no further', async t => {
    const peer = await startHonestPeer(t)
    const storage = new MemoryStorage()
    await connected(peer, { storage })
    peer.on('POST /mcp', refusal)
    await assertFails(connected(peer, { storage }), { exitCode: 4 })
    assert.deepEqual(peer.to('POST /token').map(received => formOf(received)['grant_type']), [
      'authorization_code', 'refresh_token', 'authorization_code',
    ])
  })

  it('leads to a login if the refresh token no longer works (RFC 6749 section 5.2)', async t => {
    const peer = await startHonestPeer(t, { accepts: token => token !== 'ended' })
    const storage = new MemoryStorage()
    await connected(peer, { storage })
    await changeTokens(storage, peer.url, { access_token: 'ended', refresh_token: undefined })
    await connected(peer, { storage })
    assert.equal(authorizationRequests(peer).length, 2)
  })

  it('neither asks the user nor registers if the client must not ask', async t => {
    const peer = await startHonestPeer(t)
    const client = new McpClient(`${peer.url}/mcp`, { storage: new MemoryStorage(), trace: record().trace })
    const { remedy } = await assertFails(client.connect(), { exitCode: 3 })
    assert.match(remedy ?? '', /--authorize/)
    assert.equal(peer.to('POST /register').length, 0)
  })
})

describe('a 403', () => {
  const challenge = (scope: string): Answer => ({
    status: 403, headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })

  /** A peer that first accepts everything and then answers calls by demanding `scopes`, one by one. */
  async function demanding(t: TestContext, scopes: readonly string[]): Promise<{ peer: Peer; client: McpClient }> {
    const peer = await startHonestPeer(t, { challenge: 'scope="read"' })
    const client = await connected(peer)
    await client.listTools()
    let call = 0
    peer.on('POST /mcp', received => {
      const scope = scopes[call++]
      return scope === undefined
        ? json({ jsonrpc: '2.0', id: jsonOf(received)['id'], result: { resultType: 'complete', content: [] } }) : challenge(scope)
    })
    return { peer, client }
  }

  it('leads to a new login for the earlier scopes and those of the challenge (MCP 2026-07-28 basic/authorization, Step-Up Authorization Flow)', async t => {
    const { peer, client } = await demanding(t, ['write'])
    await client.callTool('echo', {})
    assert.deepEqual(authorizationRequests(peer).map(({ scope }) => scope), ['read', 'read write'])
    assert.equal(peer.to('POST /token').some(received => formOf(received)['grant_type'] === 'refresh_token'), false)
  })

  it('may happen twice, and the scopes add up', async t => {
    const { peer, client } = await demanding(t, ['write', 'delete'])
    await client.callTool('echo', {})
    assert.deepEqual(authorizationRequests(peer).map(({ scope }) => scope), ['read', 'read write', 'read write delete'])
  })

  it('ends the attempts the third time (MCP 2026-07-28 basic/authorization, Step-Up Authorization Flow)', async t => {
    const { peer, client } = await demanding(t, ['write', 'write', 'write', 'write'])
    await assertUntrusted(client.callTool('echo', {}), 'step-up-is-bounded')
    assert.equal(authorizationRequests(peer).length, 3)
  })

  it('of another kind is an ordinary response', async t => {
    const { peer, client } = await demanding(t, [])
    peer.on('POST /mcp', { status: 403, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    await assertUntrusted(client.callTool('echo', {}), 'answer-is-json-rpc')
    assert.equal(authorizationRequests(peer).length, 1)
  })

  it('instead of a 401 starts no authorization, and the error says so (RFC 9728 section 5.1)', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /mcp', json({}, 403))
    const { message, remedy } = await assertUntrusted(connected(peer), 'answer-is-json-rpc')
    assert.equal(message, `the MCP server answered HTTP 403 (application/json) without a JSON-RPC response at ${peer.url}/mcp`)
    assert.match(remedy ?? '', /must answer 401 with WWW-Authenticate \(RFC 9728 section 5\.1\).*403 with error="insufficient_scope"/)
    assert.equal(authorizationRequests(peer).length, 0)
  })
})
