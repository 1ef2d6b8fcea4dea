import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { discoverResource, type ProtectedResource } from '../../src/core/client/discovery.ts'
import { Trace } from '../../src/base/client/trace.ts'
import type { Members } from '../harness.ts'
import { assertUntrusted, html, json, record, redirectTo, startPeer, type Peer } from '../peer.ts'

const resourcePath = '/.well-known/oauth-protected-resource'

function resourceDocument(peer: Peer, changes: Members = {}): Members {
  return { resource: `${peer.url}/mcp`, authorization_servers: [peer.url], ...changes }
}

/** Discovers the protected resource metadata of `<url>/mcp`. */
function findResource(peer: Peer, resource_metadata?: string, trace = new Trace()): Promise<ProtectedResource | undefined> {
  return discoverResource(`${peer.url}/mcp`, resource_metadata, trace)
}

describe('discoverResource(): where it looks', () => {
  it('reads only the URL that the challenge names (RFC 9728 section 5.1)', async t => {
    const peer = await startPeer(t)
    peer.on('GET /somewhere/else', json(resourceDocument(peer)))
    await findResource(peer, `${peer.url}/somewhere/else`)
    assert.deepEqual(peer.targets(), ['GET /somewhere/else'])
  })

  it('requests the form with the path first, and nothing else if that answers (RFC 9728 section 3.1)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}/mcp`, json(resourceDocument(peer)))
    await findResource(peer)
    assert.deepEqual(peer.targets(), [`GET ${resourcePath}/mcp`])
  })

  it('requests the root form second (MCP 2026-07-28 basic/authorization, Protected Resource Metadata Discovery Requirements)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}`, json(resourceDocument(peer)))
    await findResource(peer)
    assert.deepEqual(peer.targets(), [`GET ${resourcePath}/mcp`, `GET ${resourcePath}`])
  })

  it('finds nothing if neither form exists', async t => {
    const peer = await startPeer(t)
    assert.equal(await findResource(peer), undefined)
    assert.equal(peer.received.length, 2)
  })

  it('skips a catch-all page at the form with the path', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}/mcp`, html())
    peer.on(`GET ${resourcePath}`, json(resourceDocument(peer)))
    assert.equal((await findResource(peer))?.resource, `${peer.url}/mcp`)
  })

  it('notes what it tried, with status and content type', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}/mcp`, html())
    const { trace, notes } = record()
    await findResource(peer, undefined, trace)
    assert.deepEqual(notes, [
      `${peer.url}${resourcePath}/mcp answered 200 with text/html`, `${peer.url}${resourcePath} answered 404 with no content type`,
    ])
  })

  it('follows no redirect to another origin', async t => {
    const [peer, other] = [await startPeer(t), await startPeer(t)]
    peer.on(`GET ${resourcePath}/mcp`, redirectTo(`${other.url}/elsewhere`))
    other.on('GET /elsewhere', json(resourceDocument(peer)))
    assert.equal(await findResource(peer), undefined)
    assert.equal(other.received.length, 0)
  })

  it('sends the protocol version (MCP 2025-03-26 basic/authorization, Server Metadata Discovery Headers)', async t => {
    const peer = await startPeer(t)
    await findResource(peer)
    assert.equal(peer.received[0]?.headers['mcp-protocol-version'], '2026-07-28')
  })
})

describe('discoverResource(): what it accepts', () => {
  async function read(t: Parameters<typeof startPeer>[0], changes: (peer: Peer) => Members): Promise<ProtectedResource | undefined> {
    const peer = await startPeer(t)
    peer.on('GET /metadata', json(resourceDocument(peer, changes(peer))))
    return findResource(peer, `${peer.url}/metadata`)
  }

  const accepted: readonly (readonly [string, (url: string) => string])[] = [
    ['the server itself', url => `${url}/mcp`],
    ['the origin, like metadata at the root', url => url],
    ['the origin with a trailing slash', url => `${url}/`],
    ['the server with a trailing slash', url => `${url}/mcp/`],
    ['the server with its scheme in capitals', url => url.replace('http', 'HTTP') + '/mcp'],
  ]
  for (const [what, resource] of accepted) {
    it(`accepts metadata for ${what}, and keeps the resource byte for byte (RFC 8707 section 2)`, async t => {
      const found = await read(t, ({ url }) => ({ resource: resource(url) }))
      assert.match(found?.resource ?? '', /^http/i)
      const port = new URL(found!.resource).port
      assert.equal(found!.resource, resource(`http://127.0.0.1:${port}`))
    })
  }

  const noted: readonly (readonly [string, (url: string) => string, RegExp])[] = [
    ['a trailing slash', url => `${url}/mcp/`, /is not identical to \S+\/mcp \(it has an extra slash at the end\): /],
    ['a missing path', url => url, /is not identical to \S+\/mcp(?: \(.+\))?: /],
  ]
  for (const [what, resource, expected] of noted) {
    it(`notes ${what}, which stricter clients refuse (RFC 9728 section 3.3)`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /metadata', json(resourceDocument(peer, { resource: resource(peer.url) })))
      const { trace, notes } = record()
      await findResource(peer, `${peer.url}/metadata`, trace)
      assert.match(notes[1] ?? '', expected)
      assert.match(notes[1] ?? '', /RFC 9728 section 3\.3 requires an identical URL, and stricter clients refuse it$/)
    })
  }

  it('notes nothing if the two are the same URL, like an origin with and without a slash', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', json(resourceDocument(peer, { resource: `${peer.url}/` })))
    const { trace, notes } = record()
    await discoverResource(peer.url, `${peer.url}/metadata`, trace)
    assert.equal(notes.length, 1)
  })

  it('accepts metadata for a parent of a longer path', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', json(resourceDocument(peer, { resource: `${peer.url}/tenant` })))
    const found = await discoverResource(`${peer.url}/tenant/a/mcp`, `${peer.url}/metadata`, new Trace())
    assert.equal(found?.resource, `${peer.url}/tenant`)
  })

  const refused: readonly (readonly [string, (url: string) => unknown])[] = [
    ['another host', () => 'https://honest.example/mcp'],
    ['another port', url => `${url}1/mcp`],
    ['another scheme', url => `${url.replace('http:', 'https:')}/mcp`],
    ['localhost instead of 127.0.0.1', url => `${url.replace('127.0.0.1', 'localhost')}/mcp`],
    ['another path', url => `${url}/other`],
    ['a path below that of the server', url => `${url}/mcp/below`],
    ['a path that ends within a segment', url => `${url}/mc`],
    ['the path in capitals', url => `${url}/MCP`],
    ['a query', url => `${url}/mcp?tenant=1`],
    ['a fragment', url => `${url}/mcp#x`],
    ['an empty fragment', url => `${url}/mcp#`],
    ['something that is not a URL', () => 'mcp'],
    ['something that is not a string', () => 7],
    ['nothing', () => undefined],
  ]
  for (const [what, resource] of refused) {
    it(`refuses metadata for ${what} (RFC 9728 section 3.3)`, async t => {
      await assertUntrusted(read(t, ({ url }) => ({ resource: resource(url) })), 'resource-metadata-matches')
    })
  }

  const unnamed: readonly (readonly [string, unknown])[] = [
    ['no authorization_servers', undefined], ['an empty list', []], ['a string instead of an array', 'https://a.example'],
    ['a list that contains null', [null]],
  ]
  for (const [what, authorization_servers] of unnamed) {
    it(`refuses metadata with ${what} (MCP 2026-07-28 basic/authorization, Authorization Server Location)`, async t => {
      await assertUntrusted(read(t, () => ({ authorization_servers })), 'authorization-server-is-named')
    })
  }

  it('names the resource and the server URL when they differ', async t => {
    const { message } = await assertUntrusted(read(t, () => ({ resource: 'https://honest.example/mcp' })), 'resource-metadata-matches')
    assert.match(message, /https:\/\/honest\.example\/mcp, not for http:\/\/127\.0\.0\.1:\d+\/mcp/)
  })

  it('ignores scopes_supported if it is not a list of strings', async t => {
    assert.equal((await read(t, () => ({ scopes_supported: 'a b' })))?.scopes_supported, undefined)
  })

  const documents: readonly (readonly [string, Parameters<Peer['on']>[1]])[] = [
    ['HTML', html()],
    ['HTML with a JSON content type', { headers: { 'content-type': 'application/json' }, body: '<!doctype html>' }],
    ['JSON with a text content type', { headers: { 'content-type': 'text/plain' }, body: '{}' }],
    ['no content type', { body: '{}' }],
    ['nothing', { headers: { 'content-type': 'application/json' } }],
    ['a JSON array', json([])],
    ['JSON null', json(null)],
    ['a repeated member', { headers: { 'content-type': 'application/json' }, body: '{"resource":"a","resource":"b"}' }],
  ]
  for (const [what, answer] of documents) {
    it(`refuses ${what} instead of metadata (RFC 9728 section 3.2)`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /metadata', answer)
      await assertUntrusted(findResource(peer, `${peer.url}/metadata`), 'document-is-json')
    })
  }

  it('says what the server sent instead of JSON', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', html())
    const { message } = await assertUntrusted(findResource(peer, `${peer.url}/metadata`), 'document-is-json')
    assert.equal(message, `${peer.url}/metadata answered with text/html instead of JSON`)
  })

  it('reads a document whose content type has a parameter and upper-case letters', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', { ...json(resourceDocument(peer)), headers: { 'content-type': 'Application/JSON; charset=utf-8' } })
    assert.ok(await findResource(peer, `${peer.url}/metadata`))
  })

  it('stops reading a document that does not end (RFC 9700 section 4.16)', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', { headers: { 'content-type': 'application/json' }, body: endless() })
    await assertUntrusted(findResource(peer, `${peer.url}/metadata`), 'answer-is-bounded')
  })
})

/** Sends more than any limit of the client, but not forever, so that a client without a limit fails the test. */
async function* endless(): AsyncGenerator<string> {
  yield '{"resource":"'
  for (let sent = 0; sent < 48; sent++) {
    yield 'x'.repeat(256 * 1024)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}
