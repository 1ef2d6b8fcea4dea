import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkCodeGrantSupport, discoverAuthorizationServer, discoverLegacyAuthorizationServer, discoverResource, selectInitialScopes, wellKnownOfIssuer,
  wellKnownOfResource, type AuthorizationServer, type ProtectedResource,
} from '../../src/core/client/discovery.ts'
import { checkEndpoint } from '../../src/core/client/endpoint.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import { Trace } from '../../src/base/client/trace.ts'
import type { Members } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, assertFails, assertUntrusted, clientOf, headlessRedirectUri, html, json, record,
  redirectTo, startPeer, validMetadata, type Peer,
} from '../peer.ts'

const resourcePath = '/.well-known/oauth-protected-resource'
const serverPath = '/.well-known/oauth-authorization-server'
const openidPath = '/.well-known/openid-configuration'

function resourceDocument(peer: Peer, changes: Members = {}): Members {
  return { resource: `${peer.url}/mcp`, authorization_servers: [peer.url], ...changes }
}

/** Looks for the protected resource metadata of `<url>/mcp`. */
function findResource(peer: Peer, resource_metadata?: string, trace = new Trace()): Promise<ProtectedResource | undefined> {
  return discoverResource(`${peer.url}/mcp`, resource_metadata, trace)
}

/** Looks for the metadata of the authorization server at `<url><path>`. */
function findServer(peer: Peer, path = '', trace = new Trace()): Promise<AuthorizationServer> {
  return discoverAuthorizationServer(`${peer.url}${path}`, `${peer.url}/mcp`, trace)
}

describe('discoverResource(): where it looks', () => {
  it('reads the URL of the challenge and no other (RFC 9728 section 5.1)', async t => {
    const peer = await startPeer(t)
    peer.on('GET /somewhere/else', json(resourceDocument(peer)))
    await findResource(peer, `${peer.url}/somewhere/else`)
    assert.deepEqual(peer.targets(), ['GET /somewhere/else'])
  })

  it('asks for the form with the path first and, without a challenge, for no other where it answers (RFC 9728 section 3.1)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}/mcp`, json(resourceDocument(peer)))
    await findResource(peer)
    assert.deepEqual(peer.targets(), [`GET ${resourcePath}/mcp`])
  })

  it('asks for the root form second (MCP 2026-07-28 basic/authorization, Protected Resource Metadata Discovery Requirements)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}`, json(resourceDocument(peer)))
    await findResource(peer)
    assert.deepEqual(peer.targets(), [`GET ${resourcePath}/mcp`, `GET ${resourcePath}`])
  })

  it('finds nothing where neither form is there', async t => {
    const peer = await startPeer(t)
    assert.equal(await findResource(peer), undefined)
    assert.equal(peer.received.length, 2)
  })

  it('passes over a catch-all page in place of the form with the path', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}/mcp`, html())
    peer.on(`GET ${resourcePath}`, json(resourceDocument(peer)))
    assert.equal((await findResource(peer))?.resource, `${peer.url}/mcp`)
  })

  it('notes what was tried, with status and content type', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}/mcp`, html())
    const { trace, notes } = record()
    await findResource(peer, undefined, trace)
    assert.deepEqual(notes, [
      `${peer.url}${resourcePath}/mcp answered 200 with text/html`, `${peer.url}${resourcePath} answered 404 with no content type`,
    ])
  })

  it('follows no redirect', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${resourcePath}/mcp`, redirectTo('/elsewhere'))
    peer.on('GET /elsewhere', json(resourceDocument(peer)))
    assert.equal(await findResource(peer), undefined)
    assert.equal(peer.to('GET /elsewhere').length, 0)
  })

  it('names the protocol version (MCP 2025-03-26 basic/authorization, Server Metadata Discovery Headers)', async t => {
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
    ['the origin, as metadata at the root does', url => url],
    ['the origin with a slash', url => `${url}/`],
    ['the server with a slash', url => `${url}/mcp/`],
    ['the server with its scheme in capitals', url => url.replace('http', 'HTTP') + '/mcp'],
  ]
  for (const [what, resource] of accepted) {
    it(`accepts metadata that speaks of ${what}, and keeps its text (RFC 8707 section 2)`, async t => {
      const found = await read(t, ({ url }) => ({ resource: resource(url) }))
      assert.match(found?.resource ?? '', /^http/i)
      const port = new URL(found!.resource).port
      assert.equal(found!.resource, resource(`http://127.0.0.1:${port}`))
    })
  }

  const noted: readonly (readonly [string, (url: string) => string, RegExp])[] = [
    ['a slash at the end', url => `${url}/mcp/`, /is not identical to \S+\/mcp \(it has an extra slash at the end\): /],
    ['the path that is missing', url => url, /is not identical to \S+\/mcp(?: \(.+\))?: /],
  ]
  for (const [what, resource, expected] of noted) {
    it(`notes ${what}, which stricter clients refuse (RFC 9728 section 3.3)`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /metadata', json(resourceDocument(peer, { resource: resource(peer.url) })))
      const { trace, notes } = record()
      await findResource(peer, `${peer.url}/metadata`, trace)
      assert.match(notes[1] ?? '', expected)
      assert.match(notes[1] ?? '', /RFC 9728 section 3\.3 wants the two identical, and stricter clients refuse it$/)
    })
  }

  it('notes nothing where the two are one URL, as an origin with and without its slash is', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', json(resourceDocument(peer, { resource: `${peer.url}/` })))
    const { trace, notes } = record()
    await discoverResource(peer.url, `${peer.url}/metadata`, trace)
    assert.equal(notes.length, 1)
  })

  it('accepts metadata of a parent of a longer path', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', json(resourceDocument(peer, { resource: `${peer.url}/tenant` })))
    const found = await discoverResource(`${peer.url}/tenant/a/mcp`, `${peer.url}/metadata`, new Trace())
    assert.equal(found?.resource, `${peer.url}/tenant`)
  })

  const refused: readonly (readonly [string, (url: string) => unknown])[] = [
    ['another host', () => 'https://honest.example/mcp'],
    ['another port', url => `${url}1/mcp`],
    ['another scheme', url => `${url.replace('http:', 'https:')}/mcp`],
    ['localhost in place of 127.0.0.1', url => `${url.replace('127.0.0.1', 'localhost')}/mcp`],
    ['another path', url => `${url}/other`],
    ['a path below that of the server', url => `${url}/mcp/below`],
    ['a path that is part of a segment', url => `${url}/mc`],
    ['the path in capitals', url => `${url}/MCP`],
    ['a query', url => `${url}/mcp?tenant=1`],
    ['a fragment', url => `${url}/mcp#x`],
    ['an empty fragment', url => `${url}/mcp#`],
    ['no URL', () => 'mcp'],
    ['no text', () => 7],
    ['nothing', () => undefined],
  ]
  for (const [what, resource] of refused) {
    it(`refuses metadata that speaks of ${what} (RFC 9728 section 3.3)`, async t => {
      await assertUntrusted(read(t, ({ url }) => ({ resource: resource(url) })), 'resource-metadata-matches')
    })
  }

  const unnamed: readonly (readonly [string, unknown])[] = [
    ['no authorization_servers', undefined], ['none in it', []], ['a string in place of the array', 'https://a.example'],
    ['something that is no string in it', [null]],
  ]
  for (const [what, authorization_servers] of unnamed) {
    it(`refuses metadata with ${what} (MCP 2026-07-28 basic/authorization, Authorization Server Location)`, async t => {
      await assertUntrusted(read(t, () => ({ authorization_servers })), 'authorization-server-is-named')
    })
  }

  it('names the resource and the server URL when they differ', async t => {
    const { message } = await assertUntrusted(read(t, () => ({ resource: 'https://honest.example/mcp' })), 'resource-metadata-matches')
    assert.match(message, /https:\/\/honest\.example\/mcp, not of http:\/\/127\.0\.0\.1:\d+\/mcp/)
  })

  it('ignores scopes_supported that are no list of strings', async t => {
    assert.equal((await read(t, () => ({ scopes_supported: 'a b' })))?.scopes_supported, undefined)
  })

  const documents: readonly (readonly [string, Parameters<Peer['on']>[1]])[] = [
    ['HTML', html()],
    ['HTML that says it is JSON', { headers: { 'content-type': 'application/json' }, body: '<!doctype html>' }],
    ['JSON that says it is text', { headers: { 'content-type': 'text/plain' }, body: '{}' }],
    ['no content type', { body: '{}' }],
    ['nothing', { headers: { 'content-type': 'application/json' } }],
    ['a JSON array', json([])],
    ['JSON null', json(null)],
    ['a member that comes twice', { headers: { 'content-type': 'application/json' }, body: '{"resource":"a","resource":"b"}' }],
  ]
  for (const [what, answer] of documents) {
    it(`refuses ${what} where the metadata was expected (RFC 9728 section 3.2)`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /metadata', answer)
      await assertUntrusted(findResource(peer, `${peer.url}/metadata`), 'document-is-json')
    })
  }

  it('says what came where JSON was expected', async t => {
    const peer = await startPeer(t)
    peer.on('GET /metadata', html())
    const { message } = await assertUntrusted(findResource(peer, `${peer.url}/metadata`), 'document-is-json')
    assert.equal(message, `${peer.url}/metadata answered with text/html where JSON was expected`)
  })

  it('reads a document whose content type has a parameter and capitals', async t => {
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

/** Goes on for as long as it is read; what is sent is bounded, so that a client without a limit ends in an error too. */
async function* endless(): AsyncGenerator<string> {
  yield '{"resource":"'
  for (let sent = 0; sent < 48; sent++) {
    yield 'x'.repeat(256 * 1024)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
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

  it('drops a slash at the end of the issuer before it inserts (RFC 8414 section 3.1)', () => {
    assert.equal(wellKnownOfIssuer('https://auth.example.com/tenant1/')[0], wellKnownOfIssuer('https://auth.example.com/tenant1')[0])
    assert.deepEqual(wellKnownOfIssuer('https://auth.example.com/'), wellKnownOfIssuer('https://auth.example.com'))
  })

  it('inserts before the path and keeps the query of the resource (RFC 9728 section 3.1)', () => {
    assert.deepEqual(wellKnownOfResource('https://resource.example.com/resource1?tenant=a'), [
      'https://resource.example.com/.well-known/oauth-protected-resource/resource1?tenant=a',
      'https://resource.example.com/.well-known/oauth-protected-resource',
    ])
  })

  it('knows one form for a resource without a path (RFC 9728 section 3.1)', () => {
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

  it('asks for the OpenID Connect form second (MCP 2026-07-28 basic/authorization, Authorization Server Metadata Discovery)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${openidPath}`, json(validMetadata(peer.url)))
    await findServer(peer)
    assert.deepEqual(peer.targets(), [`GET ${serverPath}`, `GET ${openidPath}`])
  })

  it('asks for the appended form last where the issuer has a path (OpenID Connect Discovery 1.0 section 4)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET /tenant1${openidPath}`, json(validMetadata(`${peer.url}/tenant1`)))
    assert.equal((await findServer(peer, '/tenant1')).issuer, `${peer.url}/tenant1`)
    assert.deepEqual(peer.targets(), [`GET ${serverPath}/tenant1`, `GET ${openidPath}/tenant1`, `GET /tenant1${openidPath}`])
  })

  it('passes over a catch-all page in place of an earlier form', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, html())
    peer.on(`GET ${openidPath}`, json(validMetadata(peer.url)))
    assert.equal((await findServer(peer)).issuer, peer.url)
  })

  it('follows no redirect', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, redirectTo('/elsewhere'))
    peer.on('GET /elsewhere', json(validMetadata(peer.url)))
    await assertFails(findServer(peer), { exitCode: 6 })
    assert.equal(peer.to('GET /elsewhere').length, 0)
  })

  it('lists what it tried where no form answers', async t => {
    const peer = await startPeer(t)
    const { message } = await assertFails(findServer(peer, '/tenant1'), { exitCode: 6 })
    for (const url of wellKnownOfIssuer(`${peer.url}/tenant1`)) assert.ok(message.includes(url), url)
  })

  it('says that a server cannot be reached', async t => {
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
    ['a slash more', url => `${url}/`],
    ['another host', () => 'https://honest.example'],
    ['localhost in place of 127.0.0.1', url => url.replace('127.0.0.1', 'localhost')],
    ['capitals in the scheme', url => url.replace('http', 'HTTP')],
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

  it('refuses metadata without the slash that the resource named (RFC 8414 section 3.3)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url)))
    const { message } = await assertUntrusted(findServer(peer, '/'), 'issuer-is-identical')
    assert.equal(message, `the authorization server metadata names the issuer ${peer.url}, but was looked up for ${peer.url}/`)
  })

  it('accepts an issuer that ends in a slash in both documents', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { issuer: `${peer.url}/` })))
    assert.equal((await findServer(peer, '/')).issuer, `${peer.url}/`)
  })

  const challengeMethods: readonly (readonly [string, unknown])[] = [
    ['announces no method', undefined], ['announces plain alone', ['plain']], ['announces an empty list', []],
    ['announces a string', 'S256'], ['announces s256 in small letters', ['s256']],
  ]
  for (const [what, code_challenge_methods_supported] of challengeMethods) {
    it(`refuses a server that ${what} (MCP 2026-07-28 basic/authorization, Authorization Code Protection)`, async t => {
      await assertUntrusted(readForCodeGrant(t, { code_challenge_methods_supported }), 'pkce-is-advertised')
    })
  }

  it('accepts a server that announces S256 beside plain', async t => {
    assert.match(await readForCodeGrant(t, { code_challenge_methods_supported: ['plain', 'S256'] }), /\/authorize$/)
  })

  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    it(`refuses metadata without ${name} (RFC 8414 section 2)`, async t => {
      const { message } = await assertUntrusted(readForCodeGrant(t, { [name]: undefined }), 'metadata-is-complete')
      assert.match(message, new RegExp(name))
    })
  }

  it('takes null for an endpoint that is not there', async t => {
    assert.equal((await read(t, { registration_endpoint: null })).registration_endpoint, undefined)
  })

  const endpoints: readonly (readonly [string, unknown])[] = [
    ['a javascript: URL', 'javascript:alert(1)//https://a.example'], ['a file: URL', 'file:///etc/passwd'],
    ['a data: URL', 'data:text/html,x'], ['a private-use scheme', 'cursor://x'],
    ['http beyond loopback', 'http://auth.example.com/authorize'], ['a relative URL', '/authorize'], ['a number', 7],
    ['a user name', 'https://user@auth.example.com/'], ['a fragment', 'https://auth.example.com/#x'],
  ]
  for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint']) {
    for (const [what, url] of endpoints) {
      it(`refuses ${what} as ${name} (OAuth 2.1 section 1.5)`, async t => {
        await assertUntrusted(read(t, { [name]: url }), 'endpoint-is-secure')
      })
    }
  }

  it('takes an absent token_endpoint_auth_methods_supported for client_secret_basic (RFC 8414 section 2)', async t => {
    const server = await read(t, { token_endpoint_auth_methods_supported: undefined })
    assert.deepEqual(server.token_endpoint_auth_methods_supported, ['client_secret_basic'])
  })

  it('takes nothing but true for the promise of iss (RFC 9207 section 3)', async t => {
    const server = await read(t, { authorization_response_iss_parameter_supported: 'true' })
    assert.equal(server.authorization_response_iss_parameter_supported, false)
  })
})

describe('discoverLegacyAuthorizationServer()', () => {
  const find = (peer: Peer): Promise<AuthorizationServer> => discoverLegacyAuthorizationServer(`${peer.url}/v1/mcp`, new Trace())

  it('reads the metadata at the origin of the MCP server (MCP 2025-03-26 basic/authorization, Authorization Base URL)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url)))
    assert.equal((await find(peer)).token_endpoint, `${peer.url}/token`)
    assert.deepEqual(peer.targets(), [`GET ${serverPath}`])
  })

  it('uses the default paths where there is no metadata (MCP 2025-03-26 basic/authorization, Fallbacks for Servers without Metadata Discovery)', async t => {
    const peer = await startPeer(t)
    const { issuer, authorization_endpoint, token_endpoint, registration_endpoint } = await find(peer)
    assert.deepEqual({ issuer, authorization_endpoint, token_endpoint, registration_endpoint }, {
      issuer: peer.url, authorization_endpoint: `${peer.url}/authorize`, token_endpoint: `${peer.url}/token`,
      registration_endpoint: `${peer.url}/register`,
    })
  })

  it('accepts an issuer that is the origin with a slash, as no document named it without', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { issuer: `${peer.url}/` })))
    assert.equal((await find(peer)).issuer, `${peer.url}/`)
  })

  it('refuses the issuer of another origin (RFC 8414 section 3.3)', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { issuer: 'https://honest.example' })))
    await assertUntrusted(find(peer), 'issuer-is-identical')
  })

  it('refuses metadata that does not announce S256', async t => {
    const peer = await startPeer(t)
    peer.on(`GET ${serverPath}`, json(validMetadata(peer.url, { code_challenge_methods_supported: undefined })))
    const server = await find(peer)
    await assertUntrusted((async () => checkCodeGrantSupport(server, new Trace()))(), 'pkce-is-advertised')
  })
})

describe('the choice of the authorization server', () => {
  it('takes the first that the resource names (RFC 9728 section 7.6)', async t => {
    const [mcp, first, second] = [await startPeer(t), await startPeer(t), await startPeer(t)]
    for (const peer of [first, second]) addAuthorizationServer(peer)
    addMcpServer(mcp, first.url, { resource: { authorization_servers: [first.url, second.url] } })
    assert.equal((await clientOf(mcp.url).authorizer.register()).issuer, first.url)
    assert.equal(second.received.length, 0)
  })

  it('prefers one where the client is registered already', async t => {
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

describe('checkEndpoint()', () => {
  const check = (url: unknown, namedBy: string) => async (): Promise<void> => checkEndpoint(url, namedBy, new Trace())
  const internet = 'https://mcp.example.com/mcp'

  for (const url of [
    'https://auth.example.com/token', 'https://auth.example.com:8443/token?tenant=1', 'https://8.8.8.8/token',
    'https://172.32.0.1/token', 'https://100.128.0.1/token', 'https://11.0.0.1/', 'https://[2606:4700::1111]/token',
  ]) {
    it(`lets a server on the internet name ${url}`, check(url, internet))
  }

  const hidden: readonly string[] = [
    'http://localhost:8000/token', 'http://127.0.0.1/token', 'https://localhost/token', 'https://auth.localhost/token',
    'https://127.0.0.2/token', 'https://127.1/token', 'https://2130706433/token', 'https://0x7f.0.0.1/token', 'https://0.0.0.0/token',
    'https://10.0.0.1/token', 'https://172.16.0.1/token', 'https://172.31.255.255/token', 'https://192.168.1.1/token',
    'https://169.254.169.254/latest/meta-data', 'https://100.64.0.1/token', 'https://[::1]/token', 'https://[::]/token',
    'https://[::ffff:10.0.0.1]/token', 'https://[fd00::1]/token', 'https://[fe80::1]/token', 'https://localhost./token',
  ]
  for (const url of hidden) {
    it(`does not let a server on the internet name ${url} (RFC 9728 section 7.7)`, async () => {
      await assertUntrusted(check(url, internet), 'endpoint-is-secure')
    })
  }

  for (const url of ['http://localhost:9000/token', 'http://127.0.0.1:9000/token', 'http://[::1]:9000/token', 'https://8.8.8.8/token']) {
    it(`lets a server on this machine name ${url}`, check(url, 'http://localhost:8000/mcp'))
  }

  it('lets a server in a private network name another there', check('https://10.0.0.2/token', 'https://10.0.0.1/mcp'))

  for (const url of [
    'https://10.0.0.1/token', 'https://192.168.0.1/token', 'https://[fd00::1]/token', 'https://169.254.169.254/latest/meta-data',
    'https://0.0.0.0/token', 'https://[::]/token', 'https://[::ffff:10.0.0.1]/token', 'https://[fe80::1]/token', 'https://255.255.255.255/',
  ]) {
    it(`does not let a server on this machine name ${url}, which is not its own`, async () => {
      await assertUntrusted(check(url, 'http://localhost:8000/mcp'), 'endpoint-is-secure')
    })
  }

  for (const url of ['https://169.254.169.254/latest/meta-data', 'http://127.0.0.1:9000/token', 'https://127.0.0.1/token', 'https://0.0.0.0/token']) {
    it(`does not let a server in a private network name ${url}`, async () => {
      await assertUntrusted(check(url, 'https://10.0.0.1/mcp'), 'endpoint-is-secure')
    })
  }

  const never: readonly string[] = [
    'http://auth.example.com/token', 'http://10.0.0.1/token', 'http://localhost.example.com/token', 'HTTP://auth.example.com/token',
    'javascript:alert(1)', 'file:///etc/passwd', 'ftp://auth.example.com/', 'https:auth.example.com', 'https:///token', '//a.example/token', '',
    'https://user:secret@auth.example.com/', 'https://:secret@auth.example.com/', 'https://auth.example.com/#', 'https://auth.example.com/a b',
    'https://auth.example.com/\ntoken', ' https://auth.example.com/', 'https://exämple.com/', 'https://auth.example.com:99999/',
    'https://good.example\\@evil.example/', 'https:\\\\auth.example.com/', '--foo', '-oProxyCommand=x', 'data:text/html,x', 'http://127.1:9000/token',
    'http://2130706433/token', 'http://0x7f000001/token', 'http://127.0.0.1./token', 'http://localhost%2f/', 'https://@auth.example.com/',
    'http://[::ffff:127.0.0.1]/token', 'http://[0:0:0:0:0:0:0:1]/token', 'http://①②⑦.0.0.1/token', `https://auth.example.com/${'x'.repeat(8000)}`,
  ]
  for (const url of never) {
    it(`lets nobody name ${JSON.stringify(url).slice(0, 80)} (OAuth 2.1 section 1.5)`, async () => {
      await assertUntrusted(check(url, 'http://localhost:8000/mcp'), 'endpoint-is-secure')
    })
  }

  it('says what is wrong', async () => {
    const { message } = await assertUntrusted(check('https://10.0.0.1/token', internet), 'endpoint-is-secure')
    assert.match(message, /^https:\/\/10\.0\.0\.1\/token cannot be trusted: it is nearer to this machine than https:\/\/mcp\.example\.com\/mcp/)
  })
})

describe('selectInitialScopes()', () => {
  const resource: ProtectedResource = { resource: 'https://a.example', authorization_servers: [], scopes_supported: ['a', 'b'] }
  const serverWith = (scopes_supported: readonly string[]): AuthorizationServer => ({
    issuer: 'https://a.example', authorization_endpoint: '', token_endpoint: '', code_challenge_methods_supported: undefined, registration_endpoint: undefined,
    revocation_endpoint: undefined, scopes_supported, grant_types_supported: undefined, token_endpoint_auth_methods_supported: [],
    client_id_metadata_document_supported: false, authorization_response_iss_parameter_supported: false,
  })

  it('takes the scope of the challenge first (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
    assert.deepEqual(selectInitialScopes('c d', resource, serverWith(['a'])), ['c', 'd'])
  })

  it('takes scopes_supported of the resource second (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
    assert.deepEqual(selectInitialScopes(undefined, resource, serverWith(['x'])), ['a', 'b'])
  })

  it('takes none where neither says so (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
    assert.deepEqual(selectInitialScopes(undefined, { ...resource, scopes_supported: undefined }, serverWith(['x'])), [])
  })

  it('adds offline_access where the authorization server has it (MCP 2026-07-28 basic/authorization, Refresh Tokens)', () => {
    assert.deepEqual(selectInitialScopes('c', resource, serverWith(['offline_access'])), ['c', 'offline_access'])
  })

  it('does not add offline_access on the word of the resource', () => {
    assert.deepEqual(selectInitialScopes('c', { ...resource, scopes_supported: ['offline_access'] }, serverWith([])), ['c'])
  })

  it('names offline_access once', () => {
    assert.deepEqual(selectInitialScopes('offline_access', resource, serverWith(['offline_access'])), ['offline_access'])
  })
})
