/** The client of the official SDK 1.x, with an `OAuthClientProvider` and nothing else of its own. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  assertToolsWork, Browser, defer, freePort, interop, MemoryProvider, recordingFetch, revokeToken, scopes, startServer,
} from './harness.mjs'

interop('@modelcontextprotocol/sdk 1.x', async () => {
  const { UnauthorizedError } = await import('@modelcontextprotocol/sdk/client/auth.js')
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js')
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js')

  /** A program that uses the SDK, with what it remembers. */
  function createProgram(server, clientMetadata = {}) {
    const provider = new MemoryProvider(clientMetadata)
    const { fetch, exchanges, lines } = recordingFetch()
    const url = new URL(server.mcpUrl)
    const open = options => new StreamableHTTPClientTransport(url, { authProvider: provider, fetch, ...options })
    return { provider, exchanges, lines, open }
  }

  /** Connects without asking the user, and closes after the test. */
  async function connect(t, program, options) {
    const client = new Client({ name: 'interop', version: '1' })
    const transport = program.open(options)
    defer(t, () => client.close())
    await client.connect(transport)
    return { client, transport }
  }

  /** The first connection is refused and sends the user away; once he is back there are tokens for a second one. */
  async function login(t, program) {
    const transport = program.open()
    await assert.rejects(new Client({ name: 'interop', version: '1' }).connect(transport), UnauthorizedError)
    const response = await new Browser().visit(program.provider.visits.at(-1))
    await transport.finishAuth(response.get('code'))
    return connect(t, program)
  }

  it('goes from the first 401 to the three tools in the requests of the specification', async t => {
    const server = await startServer(t)
    const program = createProgram(server)
    const { client } = await login(t, program)
    await assertToolsWork(client)
    assert.deepEqual(program.lines().slice(0, 7), [
      'POST /mcp 401',
      'GET /.well-known/oauth-protected-resource/mcp 200',
      'GET /.well-known/oauth-authorization-server 200',
      'POST /oauth/register 201',
      'POST /oauth/token 200',
      'POST /mcp 200',
      'POST /mcp 202',
    ])
    assert.equal(client.getServerVersion().name, 'mcp-authorization')
  })

  it('asks for both scopes and for this resource at its first login, so that it never has to step up', async t => {
    const server = await startServer(t)
    const program = createProgram(server)
    await login(t, program)
    const { searchParams } = program.provider.visits[0]
    assert.equal(searchParams.get('scope'), scopes.join(' '))
    assert.equal(searchParams.get('resource'), server.mcpUrl)
    assert.equal(program.provider.tokens().scope, scopes.join(' '))
  })

  it('refreshes when its access token has ended, and asks nobody', async t => {
    const server = await startServer(t)
    const program = createProgram(server)
    const { client } = await login(t, program)
    const before = program.provider.tokens()
    await revokeToken(server, program.provider.clientInformation(), before.access_token)
    await assertToolsWork(client)
    const after = program.provider.tokens()
    assert.notEqual(after.access_token, before.access_token)
    assert.notEqual(after.refresh_token, before.refresh_token)
    assert.equal(program.provider.visits.length, 1)
  })

  it('logs in again, with the same registration, when its refresh token has ended as well', async t => {
    const server = await startServer(t)
    const program = createProgram(server)
    const { client } = await login(t, program)
    await revokeToken(server, program.provider.clientInformation(), program.provider.tokens().refresh_token)
    await assert.rejects(client.listTools(), UnauthorizedError)
    await assertToolsWork((await login(t, program)).client)
    assert.equal(program.provider.registrations.length, 1)
  })

  it('registers again by itself when a restart of the server has forgotten it', async t => {
    const server = await startServer(t)
    const program = createProgram(server)
    const { client } = await login(t, program)
    await server.stop()
    await startServer(t, { SERVER_PORT: server.port })
    await assert.rejects(client.listTools(), UnauthorizedError)
    await assertToolsWork((await login(t, program)).client)
    const [first, second] = program.provider.registrations
    assert.notEqual(first.client_id, second.client_id)
  })

  it('ends its session, which is then unknown (404), and begins another', async t => {
    const server = await startServer(t)
    const program = createProgram(server)
    const { client, transport } = await login(t, program)
    const { sessionId } = transport
    await transport.terminateSession()
    assert.equal(program.lines().at(-1), 'DELETE /mcp 204')
    await client.close()
    const late = await connect(t, program, { sessionId })
    await assert.rejects(late.client.listTools(), { code: 404 })
    const next = await connect(t, program)
    assert.notEqual(next.transport.sessionId, sessionId)
    await assertToolsWork(next.client)
  })

  it('authenticates with client_secret_basic when it registered that, and refreshes with it', async t => {
    const isBasic = ({ headers }) => headers.get('authorization')?.startsWith('Basic ')
    await assertConfidentialClientWorks(t, 'client_secret_basic', isBasic)
  })

  it('authenticates with client_secret_post when it registered that, and refreshes with it', async t => {
    const isPost = ({ body }) => new URLSearchParams(body).has('client_secret')
    await assertConfidentialClientWorks(t, 'client_secret_post', isPost)
  })

  async function assertConfidentialClientWorks(t, token_endpoint_auth_method, isAuthenticated) {
    const server = await startServer(t)
    const program = createProgram(server, { token_endpoint_auth_method })
    const { client } = await login(t, program)
    await revokeToken(server, program.provider.clientInformation(), program.provider.tokens().access_token)
    await assertToolsWork(client)
    const requests = program.exchanges.filter(({ pathname }) => pathname === '/oauth/token')
    assert.deepEqual(requests.map(({ status }) => status), [200, 200])
    assert.ok(requests.every(isAuthenticated))
  }

  it('finds a server whose issuer has a path', async t => {
    const port = await freePort()
    const server = await startServer(t, { SERVER_PORT: port, SERVER_URL: `http://localhost:${port}/tenant` })
    const program = createProgram(server)
    const { client } = await login(t, program)
    await assertToolsWork(client)
    assert.deepEqual(program.lines().slice(0, 4), [
      'POST /tenant/mcp 401',
      'GET /.well-known/oauth-protected-resource/tenant/mcp 200',
      'GET /.well-known/oauth-authorization-server/tenant 200',
      'POST /tenant/oauth/register 201',
    ])
  })
})
