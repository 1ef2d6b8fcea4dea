import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { McpClient, type McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import { FileStorage } from '../../src/client/storage/file-storage.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { ClientStorage } from '../../src/core/client/seams/storage.ts'
import { Trace } from '../../src/base/client/trace.ts'
import { getTokens, redirect_uri, startServer, type Members, type TestContext, type TestServer } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, assertFails, assertRefusal, assertUntrusted, clientOf, formOf, headlessRedirectUri,
  record, startHonestPeer, startPeer, type Peer, type Received,
} from '../peer.ts'

const both = 'mcp:tools:read mcp:tools:execute'

/** The requests for a path in the log, which the server writes with DEBUG. */
function requestsFor(server: TestServer, path: string): number {
  return server.log.filter(line => line.includes(`"path":"${path}"`)).length
}

/** Ends a server, and waits until this process knows that its connections are gone. */
async function closeFor(server: TestServer): Promise<void> {
  await server.close()
  await assert.rejects(fetch(`${server.url}/health`))
}

async function fileStorage(t: TestContext): Promise<() => FileStorage> {
  const home = await mkdtemp(join(tmpdir(), 'mcp-flow-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  return () => new FileStorage(join(home, 'clients.json'), text => assert.fail(text))
}

function textOf(result: Readonly<Record<string, unknown>>): string {
  return (result['content'] as Members[])[0]!['text']
}

describe('the flow against our own server', () => {
  it('discovers, registers, authorizes and calls a tool (MCP 2026-07-28 basic/authorization, Authorization Flow Steps)', async t => {
    const server = await startServer(t)
    const { trace, steps } = record()
    const client = clientOf(server.url, { trace })
    await client.connect()
    assert.match(textOf(await client.callTool('get_weather', { location: 'Lisbon' })), /Lisbon/)
    assert.deepEqual(steps.map(({ title }) => title), [
      'Ask the server which versions it supports', 'Read the protected resource metadata', 'Read the authorization server metadata',
      'Register the client', 'Ask the user', 'Exchange the code for tokens', 'Call get_weather', 'List the tools',
    ])
  })

  for (const version of ['2025-11-25', '2025-06-18', '2025-03-26']) {
    it(`takes the same steps with MCP ${version}`, async t => {
      const server = await startServer(t)
      const client = clientOf(server.url, { protocolVersions: [version] })
      assert.equal((await client.connect()).protocolVersion, version)
      assert.match(textOf(await client.callTool('get_weather', { location: 'Lisbon' })), /Lisbon/)
      await client.close()
    })
  }

  it('holds every rule that it checks', async t => {
    const server = await startServer(t)
    const { trace, verdicts } = record()
    await clientOf(server.url, { trace }).connect()
    assert.deepEqual(verdicts.filter(({ passed }) => !passed), [])
    const ids = new Set(verdicts.map(({ rule }) => rule.id))
    for (const id of ['resource-metadata-matches', 'issuer-is-identical', 'pkce-is-advertised', 'state-is-ours', 'issuer-of-response-matches']) {
      assert.ok(ids.has(id), id)
    }
  })

  it('stores the tokens with everything that a refresh needs', async t => {
    const server = await startServer(t)
    const storage = new MemoryStorage()
    await clientOf(server.url, { storage }).authorizer.authorize()
    const { servers, registrations } = await storage.read()
    const { access_token, refresh_token, expires_at, ...rest } = servers[`${server.url}/mcp`]!
    assert.deepEqual(rest, {
      issuer: server.url, registration: registrations[server.url], token_endpoint: `${server.url}/oauth/token`, revocation_endpoint: `${server.url}/oauth/revoke`,
      resource: `${server.url}/mcp`, token_type: 'Bearer', scope: both,
      requested_scopes: [...both.split(' '), 'offline_access'],
    })
    assert.ok(access_token && refresh_token && expires_at! > Date.now() / 1000)
  })

  it('uses stored tokens without asking the user', async t => {
    const server = await startServer(t)
    const storage = new MemoryStorage()
    await clientOf(server.url, { storage }).authorizer.authorize()
    const { trace, exchanges } = record()
    await clientOf(server.url, { storage, trace }).connect()
    assert.deepEqual(exchanges.map(({ method, url, status }) => `${method} ${url} ${status}`), [`POST ${server.url}/mcp 200`])
  })

  it('refreshes the tokens before they expire (OAuth 2.1 section 4.3)', async t => {
    const server = await startServer(t)
    const storage = new MemoryStorage()
    await clientOf(server.url, { storage }).authorizer.authorize()
    const { trace, exchanges } = record()
    const later = (): number => Date.now() / 1000 + 3580
    await clientOf(server.url, { storage, trace, now: later }).connect()
    assert.deepEqual(exchanges.map(({ method, url, status }) => `${method} ${url} ${status}`), [
      `POST ${server.url}/oauth/token 200`, `POST ${server.url}/mcp 200`,
    ])
  })

  it('refreshes the tokens after a 401, once', async t => {
    const server = await startServer(t)
    const storage = new MemoryStorage()
    await clientOf(server.url, { storage }).authorizer.authorize()
    server.advance(4000)
    const { trace, exchanges } = record()
    await clientOf(server.url, { storage, trace }).connect()
    assert.deepEqual(exchanges.map(({ method, url, status }) => `${method} ${url} ${status}`), [
      `POST ${server.url}/mcp 401`, `POST ${server.url}/oauth/token 200`, `POST ${server.url}/mcp 200`,
    ])
  })

  it('registers and logs in again after the server has forgotten everything', async t => {
    const first = await startServer(t)
    const storage = new MemoryStorage()
    await clientOf(first.url, { storage }).authorizer.authorize()
    const before = (await storage.read()).registrations[first.url]?.client_id
    await closeFor(first)
    const second = await startServer(t, { SERVER_PORT: String(first.port), JWT_SECRET_KEY: 'another test key of 32 bytes or more, not secret' })
    assert.equal(second.url, first.url)
    const client = clientOf(second.url, { storage })
    await client.connect()
    assert.equal((await client.listTools()).length, 3)
    assert.notEqual((await storage.read()).registrations[first.url]?.client_id, before)
  })

  it('registers again before it asks the user, if the server has forgotten the client (RFC 7592 section 2.1)', async t => {
    const first = await startServer(t)
    const storage = new MemoryStorage()
    await clientOf(first.url, { storage }).authorizer.register()
    await closeFor(first)
    const second = await startServer(t, { SERVER_PORT: String(first.port) })
    const { trace, exchanges } = record()
    await clientOf(second.url, { storage, trace }).authorizer.authorize()
    assert.equal(exchanges.filter(({ url }) => url.startsWith(`${first.url}/oauth/authorize`)).length, 1)
  })

  it('requests the union of scopes after a 403, not only the missing one (MCP 2026-07-28 basic/authorization, Step-Up Authorization Flow)', async t => {
    const server = await startServer(t)
    const storage = new MemoryStorage()
    await storeNarrowTokens(server, storage)
    const { trace, exchanges, steps } = record()
    const client = clientOf(server.url, { storage, trace })
    await client.connect()
    assert.match(textOf(await client.callTool('get_weather', { location: 'Lisbon' })), /Lisbon/)
    assert.ok(steps.some(({ title }) => title === 'Ask for more scopes'))
    const request = exchanges.find(({ url }) => url.startsWith(`${server.url}/oauth/authorize`))
    assert.match(request?.url ?? '', /[?&]scope=mcp:tools:read mcp:tools:execute offline_access&/)
    assert.equal((await storage.read()).servers[`${server.url}/mcp`]?.scope, both)
  })

  it('survives an earlier refresh by another process (OAuth 2.1 section 4.3.1)', async t => {
    const server = await startServer(t, { OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    const storage = new MemoryStorage()
    await clientOf(server.url, { storage }).authorizer.authorize()
    const [one, two] = [clientOf(server.url, { storage }), clientOf(server.url, { storage })]
    const known = (await one.authorizer.tokens.find())!
    await one.authorizer.tokens.refresh(known)
    await two.authorizer.tokens.refresh(known)
    await two.connect()
  })

  for (const [what, advance] of [['have run out', 0], ['the server refuses', 4000]] as const) {
    it(`refreshes tokens that ${what} once for 20 clients that share a file, although the server allows no second refresh`, async t => {
      const server = await startServer(t, { DEBUG: 'true', LOG_LEVEL: 'debug', OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
      const open = await fileStorage(t)
      await clientOf(server.url, { storage: open() }).authorizer.authorize()
      const before = requestsFor(server, '/oauth/token')
      assert.equal(before, 1)
      server.advance(advance)
      const now = (): number => Date.now() / 1000 + (advance === 0 ? 4000 : 0)
      const clients = Array.from({ length: 20 }, () => clientOf(server.url, { storage: open(), now }))
      const lists = await Promise.all(clients.map(async client => {
        await client.connect()
        return client.listTools()
      }))
      assert.deepEqual(lists.map(({ length }) => length), Array.from({ length: 20 }, () => 3))
      assert.equal(requestsFor(server, '/oauth/token') - before, 1)
    })
  }
})

describe('a client that must not ask the user', () => {
  it('remembers the scopes of a step-up for the next authorization, which requests all of them', async t => {
    const server = await startServer(t)
    const storage = new MemoryStorage()
    await storeNarrowTokens(server, storage)
    const mute = new McpClient(`${server.url}/mcp`, { storage, trace: new Trace() })
    await mute.connect()
    await assertFails(mute.callTool('get_weather', { location: 'Oslo' }), { exitCode: 3 })
    assert.deepEqual((await storage.read()).servers[`${server.url}/mcp`]!.requested_scopes.slice(0, 2), both.split(' '))
  })
})

/** Stores a registration, and tokens that can list tools but not call them. */
async function storeNarrowTokens(server: TestServer, storage: ClientStorage): Promise<void> {
  const scope = 'mcp:tools:read'
  const { client, tokens } = await getTokens(server, {}, { scope })
  const registration = { client_id: client['client_id'], token_endpoint_auth_method: 'none', redirect_uri }
  await storage.update(() => ({
    registrations: { [server.url]: registration },
    servers: {
      [`${server.url}/mcp`]: {
        issuer: server.url, registration, token_endpoint: `${server.url}/oauth/token`, access_token: tokens['access_token'], token_type: 'Bearer',
        refresh_token: tokens['refresh_token'], requested_scopes: [scope], scope,
      },
    },
  }))
}

/** The parameters of the authorization requests that a peer received. */
function authorizationRequests(peer: Peer): readonly Members[] {
  return peer.to('GET /authorize').map(({ query }) => Object.fromEntries(query))
}

function connected(peer: Peer, options: Partial<McpClientOptions> = {}): Promise<McpClient> {
  const client = clientOf(peer.url, options)
  return client.connect().then(() => client)
}

describe('the code', () => {
  it('is exchanged with the verifier and the redirect URI of its request (OAuth 2.1 section 4.1.3)', async t => {
    const peer = await startHonestPeer(t)
    await connected(peer)
    const { code, code_verifier, redirect_uri, grant_type } = formOf(peer.to('POST /token')[0]!)
    assert.deepEqual({ grant_type, code, redirect_uri }, { grant_type: 'authorization_code', code: peer.secrets[0], redirect_uri: headlessRedirectUri })
    assert.match(code_verifier, /^[\w-]{43}$/)
  })

  for (const [what, response, rule] of [
    ['another state', { state: 'forged' }, 'state-is-ours'],
    ['another iss', { iss: 'https://evil.example' }, 'issuer-of-response-matches'],
    ['no iss', { iss: undefined }, 'issuer-of-response-is-sent'],
  ] as const) {
    it(`is not sent to a token endpoint if it arrives with ${what} (RFC 9207 section 2.4)`, async t => {
      const peer = await startHonestPeer(t, { response })
      await assertUntrusted(connected(peer), rule)
      assert.equal(peer.to('POST /token').length, 0)
    })
  }
})

describe('two authorization servers', () => {
  it('never see what the other one issued (MCP 2026-07-28 basic/authorization, Token Handling)', async t => {
    const [mcp, first, second] = [await startPeer(t), await startPeer(t), await startPeer(t)]
    const server = addAuthorizationServer(first)
    addAuthorizationServer(second)
    addMcpServer(mcp, first.url)
    const storage = new MemoryStorage()
    await connected(mcp, { storage })
    addMcpServer(mcp, second.url, { accepts: token => token.includes(`-${new URL(second.url).port}-`) })
    await connected(mcp, { storage })
    const seen = second.received.map(({ body, query, headers }: Received) => `${body} ${query} ${JSON.stringify(headers)}`).join(' ')
    assert.ok(server.secrets.length >= 3)
    for (const secret of server.secrets) assert.equal(seen.includes(secret), false, secret)
    assert.equal(seen.includes(`client-${new URL(first.url).port}-`), false)
    assert.equal((await storage.read()).servers[`${mcp.url}/mcp`]?.issuer, second.url)
  })

  it('keep their registrations side by side', async t => {
    const [first, second] = [await startHonestPeer(t), await startHonestPeer(t)]
    const storage = new MemoryStorage()
    for (const peer of [first, second]) await connected(peer, { storage })
    const { registrations, servers } = await storage.read()
    assert.deepEqual(Object.keys(registrations), [first.url, second.url])
    assert.deepEqual(Object.keys(servers), [`${first.url}/mcp`, `${second.url}/mcp`])
  })
})

describe('a server of MCP 2025-03-26', () => {
  it('is its own authorization server, at the default paths (MCP 2025-03-26 basic/authorization, Fallbacks for Servers without Metadata Discovery)', async t => {
    const peer = await startHonestPeer(t, { challenge: '' })
    peer.on('GET /.well-known/oauth-protected-resource/mcp', { status: 404 })
    peer.on('GET /.well-known/oauth-authorization-server', { status: 404 })
    await connected(peer)
    assert.deepEqual(peer.targets().slice(1, 7), [
      'GET /.well-known/oauth-protected-resource/mcp', 'GET /.well-known/oauth-protected-resource',
      'GET /.well-known/oauth-authorization-server', 'POST /register', 'GET /authorize', 'POST /token',
    ])
    assert.equal(authorizationRequests(peer)[0]?.['resource'], `${peer.url}/mcp`)
  })

  it('is noted as one that newer clients may refuse', async t => {
    const peer = await startHonestPeer(t, { challenge: '' })
    peer.on('GET /.well-known/oauth-protected-resource/mcp', { status: 404 })
    const { trace, notes } = record()
    await connected(peer, { trace })
    assert.match(notes.join('\n'), /there is no protected resource metadata: .*Newer clients may stop here\. Serve the metadata \(RFC 9728\)/)
  })
})

describe('an authorization server that refuses', () => {
  it('is reported with its own words (RFC 6749 section 4.1.2.1)', async t => {
    const peer = await startHonestPeer(t, { response: { code: undefined, error: 'access_denied' } })
    await assertRefusal(connected(peer), 'authorization-is-granted', 'access_denied')
  })

  it('keeps the registration for the next attempt', async t => {
    const peer = await startHonestPeer(t, { response: { code: undefined, error: 'access_denied' } })
    const storage = new MemoryStorage()
    await assertRefusal(connected(peer, { storage }), 'authorization-is-granted', 'access_denied')
    await assertRefusal(connected(peer, { storage }), 'authorization-is-granted', 'access_denied')
    assert.equal(peer.to('POST /register').length, 1)
  })
})
