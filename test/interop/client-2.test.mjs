/** The client of the official SDK 2.x in each of its modes: with sessions as before 2026-07-28, and without. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  assertToolsWork, Browser, defer, freePort, interop, MemoryProvider, recordingFetch, revokeToken, scopes, startServer,
} from './harness.mjs'

interop('@modelcontextprotocol/client 2.x', async () => {
  const {
    Client, IssuerMismatchError, OAuthError, StreamableHTTPClientTransport, UnauthorizedError,
  } = await import('@modelcontextprotocol/client')
  const modern = '2026-07-28'

  /** A program that uses the SDK, with what it remembers. */
  function createProgram(server, mode, clientMetadata = {}) {
    const provider = new MemoryProvider(clientMetadata)
    const { fetch, lines } = recordingFetch()
    const createClient = () => new Client({ name: 'interop', version: '1' }, { versionNegotiation: { mode } })
    const open = () => new StreamableHTTPClientTransport(new URL(server.mcpUrl), { authProvider: provider, fetch })
    return { provider, lines, createClient, open }
  }

  /** Connects without asking the user, and closes after the test. */
  async function connect(t, program) {
    const client = program.createClient()
    const transport = program.open()
    defer(t, () => client.close())
    await client.connect(transport)
    return { client, transport }
  }

  /** The first connection is refused and sends the user away, to where `visit` says; the response is for `transport`. */
  async function sendAway(program) {
    const transport = program.open()
    await assert.rejects(program.createClient().connect(transport), UnauthorizedError)
    return { transport, url: new URL(program.provider.visits.at(-1)) }
  }

  /** The SDK gets the whole query of the response, so that it judges `iss` before it believes `code` or `error`. */
  async function login(t, program, change = url => url) {
    const { transport, url } = await sendAway(program)
    await transport.finishAuth(await new Browser().visit(change(url)))
    return connect(t, program)
  }

  it('begins a session of 2025-11-25 in its legacy mode, calls the three tools and ends the session', async t => {
    const program = createProgram(await startServer(t), 'legacy')
    const { client, transport } = await login(t, program)
    assert.ok(transport.sessionId)
    await assertToolsWork(client)
    assert.equal(client.getNegotiatedProtocolVersion(), '2025-11-25')
    await transport.terminateSession()
    assert.equal(program.lines().at(-1), 'DELETE /mcp 204')
  })

  it('finds out in its auto mode that the server speaks 2026-07-28, and needs no session', async t => {
    await assertModernFlow(t, 'auto')
  })

  it('speaks 2026-07-28 when it is pinned to it', async t => {
    await assertModernFlow(t, { pin: modern })
  })

  async function assertModernFlow(t, mode) {
    const program = createProgram(await startServer(t), mode)
    const { client, transport } = await login(t, program)
    await assertToolsWork(client)
    assert.equal(client.getNegotiatedProtocolVersion(), modern)
    assert.equal(client.getServerVersion().name, 'mcp-authorization')
    assert.equal(transport.sessionId, undefined)
    assert.deepEqual(program.lines(), [
      'POST /mcp 401 server/discover',
      'GET /.well-known/oauth-protected-resource/mcp 200',
      'GET /.well-known/oauth-authorization-server 200',
      'POST /oauth/register 201',
      'POST /oauth/token 200',
      'POST /mcp 200 server/discover',
      'POST /mcp 200 tools/list',
      'POST /mcp 200 tools/call get_weather',
      'POST /mcp 200 tools/call list_files',
      'POST /mcp 200 tools/call get_user_profile',
    ])
  }

  it('refreshes when its access token has ended, and asks nobody', async t => {
    const server = await startServer(t)
    const program = createProgram(server, 'auto')
    const { client } = await login(t, program)
    const before = program.provider.tokens()
    await revokeToken(server, program.provider.clientInformation(), before.access_token)
    await assertToolsWork(client)
    assert.notEqual(program.provider.tokens().refresh_token, before.refresh_token)
    assert.equal(program.provider.visits.length, 1)
  })

  it('registers again by itself when a restart of the server has forgotten it', async t => {
    const server = await startServer(t)
    const program = createProgram(server, 'auto')
    const { client } = await login(t, program)
    await server.stop()
    await startServer(t, { SERVER_PORT: server.port })
    await assert.rejects(client.listTools(), UnauthorizedError)
    await assertToolsWork((await login(t, program)).client)
    const [first, second] = program.provider.registrations
    assert.notEqual(first.client_id, second.client_id)
  })

  it('steps up: a call beyond the scope that was granted sends the user away once more, and then works', async t => {
    const program = createProgram(await startServer(t), 'auto')
    const { client, transport } = await login(t, program, grantOnly('mcp:tools:read'))
    await client.listTools()
    const call = () => client.callTool({ name: 'get_weather', arguments: { location: 'Lisbon' } })
    await assert.rejects(call(), UnauthorizedError)
    const [, url] = program.provider.visits
    assert.equal(url.searchParams.get('scope'), scopes.join(' '))
    await transport.finishAuth(await new Browser().visit(url))
    assert.equal((await call()).structuredContent.location, 'Lisbon')
    assert.equal(program.provider.registrations.length, 1)
  })

  function grantOnly(scope) {
    return url => {
      url.searchParams.set('scope', scope)
      return url
    }
  }

  it('asks for offline_access when it registers for refresh tokens, and is granted the scopes of the tools', async t => {
    const program = createProgram(await startServer(t), 'auto', { grant_types: ['authorization_code', 'refresh_token'] })
    const { client } = await login(t, program)
    const { searchParams } = program.provider.visits[0]
    assert.deepEqual([searchParams.get('scope'), searchParams.get('prompt')], [[...scopes, 'offline_access'].join(' '), 'consent'])
    assert.equal(program.provider.tokens().scope, scopes.join(' '))
    await assertToolsWork(client)
  })

  it('accepts the response for its iss, and refuses the same one with the iss of another server', async t => {
    const server = await startServer(t)
    const { transport, url } = await sendAway(createProgram(server, 'auto'))
    const response = await new Browser().visit(url)
    assert.equal(response.get('iss'), server.url)
    const forged = new URLSearchParams(response)
    forged.set('iss', `${server.url}/`)
    await assert.rejects(transport.finishAuth(forged), IssuerMismatchError)
    await transport.finishAuth(response)
  })

  it('refuses a response without iss, since the metadata promises one', async t => {
    const { transport, url } = await sendAway(createProgram(await startServer(t), 'auto'))
    const response = await new Browser().visit(url)
    response.delete('iss')
    await assert.rejects(transport.finishAuth(response), IssuerMismatchError)
  })

  it('learns from an authentic response that the user has denied', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false', DEBUG: 'true' })
    const { transport, url } = await sendAway(createProgram(server, 'auto'))
    const response = await new Browser(() => ({ decision: 'deny' })).visit(url)
    await assert.rejects(transport.finishAuth(response), error => error instanceof OAuthError && error.code === 'access_denied')
  })

  it('gets its tokens when the user approves on the consent page', async t => {
    const program = createProgram(await startServer(t, { OAUTH_AUTO_APPROVE: 'false', DEBUG: 'true' }), 'auto')
    const { transport, url } = await sendAway(program)
    await transport.finishAuth(await new Browser(() => ({ decision: 'approve' })).visit(url))
    await assertToolsWork((await connect(t, program)).client)
  })

  it('finds a server whose issuer has a path', async t => {
    const port = await freePort()
    const server = await startServer(t, { SERVER_PORT: port, SERVER_URL: `http://localhost:${port}/tenant` })
    const program = createProgram(server, 'auto')
    await assertToolsWork((await login(t, program)).client)
    assert.deepEqual(program.lines().slice(1, 3), [
      'GET /.well-known/oauth-protected-resource/tenant/mcp 200',
      'GET /.well-known/oauth-authorization-server/tenant 200',
    ])
  })
})
