import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { McpClient, type McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import type { Members } from '../harness.ts'
import { addAuthorizationServer, addMcpServer, clientOf, formOf, startHonestPeer, startPeer, type Peer } from '../peer.ts'

/** The parameters of the authorization requests that a peer received. */
function authorizationRequests(peer: Peer): readonly Members[] {
  return peer.to('GET /authorize').map(({ query }) => Object.fromEntries(query))
}

function connected(peer: Peer, options: Partial<McpClientOptions> = {}): Promise<McpClient> {
  const client = clientOf(peer.url, options)
  return client.connect().then(() => client)
}

describe('the scope of the authorization request (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
  const cases: readonly (readonly [string, Parameters<typeof startHonestPeer>[1], string | undefined])[] = [
    ['the scope of the challenge', { challenge: 'scope="a b"', resource: { scopes_supported: ['c'] } }, 'a b'],
    ['the scopes of the resource if the challenge has none', { challenge: '', resource: { scopes_supported: ['c', 'd'] } }, 'c d'],
    ['absent if neither has any', { challenge: '' }, undefined],
    ['extended by offline_access if the authorization server supports it',
      { challenge: 'scope="a"', metadata: { scopes_supported: ['a', 'offline_access'] } }, 'a offline_access'],
  ]
  for (const [what, changes, scope] of cases) {
    it(`is ${what}`, async t => {
      const peer = await startHonestPeer(t, changes)
      await connected(peer)
      assert.equal(authorizationRequests(peer)[0]?.['scope'], scope)
    })
  }
})

describe('the resource of the requests (RFC 8707 section 2)', () => {
  for (const [what, resource] of [
    ['a trailing slash', (url: string) => `${url}/mcp/`], ['no path', (url: string) => url], ['only a slash as the path', (url: string) => `${url}/`],
  ] as const) {
    it(`is exactly what the metadata says, with ${what}, in the authorization, token and refresh requests (MCP 2026-07-28 basic/authorization, Resource Parameter Implementation)`, async t => {
      const peer = await startPeer(t)
      addAuthorizationServer(peer)
      addMcpServer(peer, peer.url, { resource: { resource: resource(peer.url) } })
      const client = await connected(peer)
      await client.authorizer.tokens.renew()
      const sent = [authorizationRequests(peer)[0], ...peer.to('POST /token').map(formOf)].map(members => members?.['resource'])
      assert.deepEqual(sent, Array.from({ length: 3 }, () => resource(peer.url)))
    })
  }

  it('is not sent at all if that is configured', async t => {
    const peer = await startHonestPeer(t)
    const client = await connected(peer, { sendResource: false })
    await client.authorizer.tokens.renew()
    const sent = [authorizationRequests(peer)[0], ...peer.to('POST /token').map(formOf)].map(members => members?.['resource'])
    assert.deepEqual(sent, [undefined, undefined, undefined])
  })
})
