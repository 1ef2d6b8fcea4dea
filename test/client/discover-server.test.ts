import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkCodeGrantSupport, discoverAuthorizationServer, wellKnownOfIssuer, wellKnownOfResource, type AuthorizationServer,
} from '../../src/core/client/discovery.ts'
import { discoverLegacyServer } from '../../src/client/extensions/legacy-discovery.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import { Trace } from '../../src/base/client/trace.ts'
import type { Members } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, assertFails, assertUntrusted, clientOf, headlessRedirectUri, html, json, redirectTo,
  startPeer, validMetadata, type Peer,
} from '../peer.ts'

const serverPath = '/.well-known/oauth-authorization-server'

const openidPath = '/.well-known/openid-configuration'

/** Discovers the metadata of the authorization server at `<url><path>`. */
function findServer(peer: Peer, path = '', trace = new Trace()): Promise<AuthorizationServer> {
  return discoverAuthorizationServer(`${peer.url}${path}`, `${peer.url}/mcp`, trace)
}

describe('discoverAuthorizationServer(): where it looks', () => {
  it('reproduces the order for an issuer with a path (MCP 2026-07-28 basic/authorization, Authorization Server Metadata Discovery)', () => {
    assert.deepEqual(wellKnownOfIssuer('https://auth.example.com/tenant1'), [
      'https://auth.example.com/.well-known/oauth-authorization-server/tenant1',
      'https://auth.example.com/.well-known/openid-configuration/tenant1',
      'https://auth.example.com/tenant1/.well-known/openid-configuration',
    ])
  })

  it('reproduces the order for an issuer without a path (MCP 2026-07-28 basic/authorization, Authorization Server Metadata Discovery)', () => {
    assert.deepEqual(wellKnownOfIssuer('https://auth.example.com'), [
      'https://auth.example.com/.well-known/oauth-authorization-server',
      'https://auth.example.com/.well-known/openid-configuration',
    ])
  })

  it('drops a trailing slash of the issuer before it inserts the suffix (RFC 8414 section 3.1)', () => {
    assert.equal(wellKnownOfIssuer('https://auth.example.com/tenant1/')[0], wellKnownOfIssuer('https://auth.example.com/tenant1')[0])
    assert.deepEqual(wellKnownOfIssuer('https://auth.example.com/'), wellKnownOfIssuer('https://auth.example.com'))
  })

  it('inserts the suffix before the path, and keeps the query of the resource (RFC 9728 section 3.1)', () => {
    assert.deepEqual(wellKnownOfResource('https://resource.example.com/resource1?tenant=a'), [
      'https://resource.example.com/.well-known/oauth-protected-resource/resource1?tenant=a',
      'https://resource.example.com/.well-known/oauth-protected-resource',
    ])
  })

  it('uses a single form for a resource without a path (RFC 9728 section 3.1)', () => {
    assert.deepEqual(wellKnownOfResource('https://resource.example.com'), [
      'https://resource.example.com/.well-known/oauth-protected-resource',
    ])
  })

  it('stops at the first form that answers', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url)))
    await findServer(peer)
    assert.deepEqual(peer.targets(), [`GET ${serverPath}`])
  })

  it('requests the OpenID Connect form second (MCP 2026-07-28 basic/authorization, Authorization Server Metadata Discovery)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${openidPath}`, json(validMetadata(peer.url)))
    await findServer(peer)
    assert.deepEqual(peer.targets(), [`GET ${serverPath}`, `GET ${openidPath}`])
  })

  it('requests the appended form last if the issuer has a path (OpenID Connect Discovery 1.0 section 4)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET /tenant1${openidPath}`, json(validMetadata(`${peer.url}/tenant1`)))
    assert.equal((await findServer(peer, '/tenant1')).issuer, `${peer.url}/tenant1`)
    assert.deepEqual(peer.targets(), [`GET ${serverPath}/tenant1`, `GET ${openidPath}/tenant1`, `GET /tenant1${openidPath}`])
  })

  it('skips a catch-all page at an earlier form', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, html())
    peer.on(`GET ${openidPath}`, json(validMetadata(peer.url)))
    assert.equal((await findServer(peer)).issuer, peer.url)
  })

  it('follows no redirect to another origin', async t => {
    const [peer, other] = [await startPeer(t), await startPeer(t)]
    peer.on(`GET ${serverPath}`, redirectTo(`${other.url}/elsewhere`))
    other.on('GET /elsewhere', json(validMetadata(peer.url)))
    await assertFails(findServer(peer), { exitCode: 6 })
    assert.equal(other.received.length, 0)
  })

  it('lists what it tried if no form answers', async t => {
    const peer = await startPeer(t)
    const { message } = await assertFails(findServer(peer, '/tenant1'), { exitCode: 6 })
    for (const url of wellKnownOfIssuer(`${peer.url}/tenant1`)) assert.ok(message.includes(url), url)
  })

  it('reports a server that cannot be reached', async t => {
    const peer = await startPeer(t)
    await peer.close()
    const { message } = await assertFails(findServer(peer), { exitCode: 6 })
    assert.equal(message, `${peer.url} cannot be reached: ECONNREFUSED`)
  })
})

describe('discoverAuthorizationServer(): what it accepts', () => {
  async function read(t: Parameters<typeof startPeer>[0], changes: Members): Promise<AuthorizationServer> {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, changes)))
    return findServer(peer)
  }

  async function readForCodeGrant(t: Parameters<typeof startPeer>[0], changes: Members): Promise<string> {
    return checkCodeGrantSupport(await read(t, changes), new Trace())
  }

  const issuers: readonly (readonly [string, (url: string) => unknown])[] = [
    ['an extra slash', url => `${url}/`],
    ['another host', () => 'https://honest.example'],
    ['localhost instead of 127.0.0.1', url => url.replace('127.0.0.1', 'localhost')],
    ['an upper-case scheme', url => url.replace('http', 'HTTP')],
    ['a path', url => `${url}/tenant1`],
    ['no issuer', () => undefined],
    ['a list of issuers', url => [url]],
  ]
  for (const [what, issuer] of issuers) {
    it(`refuses metadata with ${what} (RFC 8414 section 3.3)`, async t => {
      const peer = await startPeer(t)
      peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { issuer: issuer(peer.url) })))
      await assertUntrusted(findServer(peer), 'issuer-is-identical')
    })
  }

  it('refuses metadata without the trailing slash that the resource names (RFC 8414 section 3.3)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url)))
    const { message } = await assertUntrusted(findServer(peer, '/'), 'issuer-is-identical')
    assert.equal(message, `the authorization server metadata names the issuer ${peer.url}, but the client looked it up for ${peer.url}/`)
  })

  it('accepts an issuer that ends in a slash in both documents', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { issuer: `${peer.url}/` })))
    assert.equal((await findServer(peer, '/')).issuer, `${peer.url}/`)
  })

  const challengeMethods: readonly (readonly [string, unknown])[] = [
    ['advertises no method', undefined], ['advertises only plain', ['plain']], ['advertises an empty list', []],
    ['advertises a string', 'S256'], ['advertises s256 in lower case', ['s256']],
  ]
  for (const [what, code_challenge_methods_supported] of challengeMethods) {
    it(`refuses a server that ${what} (MCP 2026-07-28 basic/authorization, Authorization Code Protection)`, async t => {
      await assertUntrusted(readForCodeGrant(t, { code_challenge_methods_supported }), 'pkce-is-advertised')
    })
  }

  it('accepts a server that advertises S256 and plain', async t => {
    assert.match(await readForCodeGrant(t, { code_challenge_methods_supported: ['plain', 'S256'] }), /\/authorize$/)
  })

  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    it(`refuses metadata without ${name} (RFC 8414 section 2)`, async t => {
      const { message } = await assertUntrusted(readForCodeGrant(t, { [name]: undefined }), 'metadata-is-complete')
      assert.match(message, new RegExp(name))
    })
  }

  it('treats null as an absent endpoint', async t => {
    assert.equal((await read(t, { registration_endpoint: null })).registration_endpoint, undefined)
  })

  const endpoints: readonly (readonly [string, unknown])[] = [
    ['a javascript: URL', 'javascript:alert(1)//https://a.example'], ['a file: URL', 'file:///etc/passwd'],
    ['a data: URL', 'data:text/html,x'], ['a private-use scheme', 'cursor://x'],
    ['http to another host', 'http://auth.example.com/authorize'], ['a relative URL', '/authorize'], ['a number', 7],
    ['a user name', 'https://user@auth.example.com/'], ['a fragment', 'https://auth.example.com/#x'],
  ]
  for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint']) {
    for (const [what, url] of endpoints) {
      it(`refuses ${what} as ${name} (OAuth 2.1 section 1.5)`, async t => {
        await assertUntrusted(read(t, { [name]: url }), 'endpoint-is-secure')
      })
    }
  }

  it('treats an absent token_endpoint_auth_methods_supported as client_secret_basic (RFC 8414 section 2)', async t => {
    const server = await read(t, { token_endpoint_auth_methods_supported: undefined })
    assert.deepEqual(server.token_endpoint_auth_methods_supported, ['client_secret_basic'])
  })

  it('treats only true as the promise of iss (RFC 9207 section 3)', async t => {
    const server = await read(t, { authorization_response_iss_parameter_supported: 'true' })
    assert.equal(server.authorization_response_iss_parameter_supported, false)
  })
})

describe('discoverLegacyServer()', () => {
  const find = (peer: Peer): Promise<AuthorizationServer> => discoverLegacyServer(`${peer.url}/v1/mcp`, new Trace())

  it('reads the metadata at the origin of the MCP server (MCP 2025-03-26 basic/authorization, Authorization Base URL)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url)))
    assert.equal((await find(peer)).token_endpoint, `${peer.url}/token`)
    assert.deepEqual(peer.targets(), [`GET ${serverPath}`])
  })

  it('uses the default paths if there is no metadata (MCP 2025-03-26 basic/authorization, Fallbacks for Servers without Metadata Discovery)', async t => {
    const peer = await startPeer(t)
    const { issuer, authorization_endpoint, token_endpoint, registration_endpoint } = await find(peer)
    assert.deepEqual({ issuer, authorization_endpoint, token_endpoint, registration_endpoint }, {
      issuer: peer.url, authorization_endpoint: `${peer.url}/authorize`, token_endpoint: `${peer.url}/token`,
      registration_endpoint: `${peer.url}/register`,
    })
  })

  it('accepts the origin with a trailing slash as the issuer, because no document named it without', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { issuer: `${peer.url}/` })))
    assert.equal((await find(peer)).issuer, `${peer.url}/`)
  })

  it('refuses the issuer of another origin (RFC 8414 section 3.3)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { issuer: 'https://honest.example' })))
    await assertUntrusted(find(peer), 'issuer-is-identical')
  })

  it('refuses metadata that does not advertise S256', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { code_challenge_methods_supported: undefined })))
    const server = await find(peer)
    await assertUntrusted((async () => checkCodeGrantSupport(server, new Trace()))(), 'pkce-is-advertised')
  })
})

describe('the choice of the authorization server', () => {
  it('takes the first one that the resource names (RFC 9728 section 7.6)', async t => {
    const [mcp, first, second] = [await startPeer(t), await startPeer(t), await startPeer(t)]
    for (const peer of [first, second]) addAuthorizationServer(peer)
    addMcpServer(mcp, first.url, { resource: { authorization_servers: [first.url, second.url] } })
    assert.equal((await clientOf(mcp.url).authorizer.register()).issuer, first.url)
    assert.equal(second.received.length, 0)
  })

  it('prefers one where the client is already registered', async t => {
    const [mcp, first, second] = [await startPeer(t), await startPeer(t), await startPeer(t)]
    for (const peer of [first, second]) addAuthorizationServer(peer)
    addMcpServer(mcp, first.url, { resource: { authorization_servers: [first.url, second.url] } })
    const storage = new MemoryStorage()
    const registration = { client_id: 'known', token_endpoint_auth_method: 'none', redirect_uri: headlessRedirectUri }
    await storage.update(state => ({ ...state, registrations: { [second.url]: registration } }))
    assert.equal((await clientOf(mcp.url, { storage }).authorizer.register()).registration.client_id, 'known')
    assert.equal(first.received.length, 0)
  })
})
