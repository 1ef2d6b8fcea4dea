/** Our client, as a library and on the command line, at a server made of the official SDK 1.x. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { answerInBrowser, createOpener, dist, interop, runClient, temporaryFolder } from './harness.mjs'
import { startSdkServer } from './sdk-1-server.mjs'

interop('our client at a server of @modelcontextprotocol/sdk 1.x', async () => {
  const { HeadlessUserAgent, McpClient, MemoryStorage, Trace } = await import(dist('client/mcp/mcp-client.js'))

  function createClient(server) {
    const userAgent = new HeadlessUserAgent({ write: assert.fail })
    return new McpClient(server.mcpUrl, { trace: new Trace(), storage: new MemoryStorage(), userAgent })
  }

  async function add(client) {
    const { content } = await client.callTool('add', { a: 1, b: 2 })
    assert.deepEqual(content, [{ type: 'text', text: '3' }])
  }

  /** The requests to one path, as the server received them. */
  function requestsTo(server, path) {
    return server.received.filter(({ line }) => line.split(' ')[1] === path)
  }

  it('learns that the server does not speak 2026-07-28, and calls a tool in a session of 2025-11-25', async t => {
    const server = await startSdkServer(t)
    const client = createClient(server)
    const { protocolVersion } = await client.connect()
    assert.equal(protocolVersion, '2025-11-25')
    assert.deepEqual((await client.listTools()).map(({ name }) => name), ['add', 'fail'])
    await add(client)
    await client.close()
    assert.deepEqual(server.lines(), [
      'POST /mcp 401',
      'GET /.well-known/oauth-protected-resource/mcp 200',
      'GET /.well-known/oauth-authorization-server 200',
      'POST /register 201',
      'GET /authorize 302',
      'POST /token 200',
      'POST /mcp 400',
      'POST /mcp 200',
      'POST /mcp 202',
      'POST /mcp 200',
      'POST /mcp 200',
      'DELETE /mcp 200',
    ])
  })

  it('registers as a native public client and authorizes for the resource and the scope that it was told', async t => {
    const server = await startSdkServer(t)
    await createClient(server).authorizer.authorize()
    const [{ body: metadata }] = requestsTo(server, '/register')
    assert.deepEqual(
      [metadata.application_type, metadata.token_endpoint_auth_method, metadata.grant_types],
      ['native', 'none', ['authorization_code', 'refresh_token']],
    )
    const [{ query }] = requestsTo(server, '/authorize')
    assert.deepEqual([query.scope, query.resource, query.code_challenge_method], ['tools', server.mcpUrl, 'S256'])
    const [{ body, headers }] = requestsTo(server, '/token')
    assert.deepEqual([body.resource, body.client_secret, headers.authorization], [server.mcpUrl, undefined, undefined])
  })

  it('sends its secret in the body where the server knows client_secret_post alone', async t => {
    const server = await startSdkServer(t, { metadata: { token_endpoint_auth_methods_supported: ['client_secret_post'] } })
    const client = createClient(server)
    await client.connect()
    await client.authorizer.tokens.renew()
    await add(client)
    const [{ client_secret }] = server.provider.clients.values()
    assert.deepEqual(requestsTo(server, '/token').map(({ body }) => body.client_secret), [client_secret, client_secret])
  })

  it('refreshes when the server does not know its access token any more', async t => {
    const server = await startSdkServer(t)
    const client = createClient(server)
    await client.connect()
    server.provider.accessTokens.clear()
    await add(client)
    assert.deepEqual(requestsTo(server, '/token').map(({ body }) => body.grant_type), ['authorization_code', 'refresh_token'])
  })

  it('registers and authorizes again when the server has forgotten everything', async t => {
    const server = await startSdkServer(t)
    const client = createClient(server)
    await client.connect()
    server.provider.accessTokens.clear()
    server.provider.clients.clear()
    await add(client)
    assert.equal(requestsTo(server, '/register').length, 2)
  })

  it('registers again when the authorization endpoint does not know it', async t => {
    const server = await startSdkServer(t)
    const client = createClient(server)
    await client.authorizer.register()
    server.provider.clients.clear()
    await client.connect()
    await add(client)
    assert.deepEqual(requestsTo(server, '/authorize').map(({ line }) => line), ['GET /authorize 400', 'GET /authorize 302'])
  })

  it('steps up: it authorizes once more, for what it has and what the call needs', async t => {
    const server = await startSdkServer(t, { scopesOfCalls: ['tools', 'calls'] })
    const client = createClient(server)
    await client.connect()
    await add(client)
    assert.deepEqual(requestsTo(server, '/authorize').map(({ query }) => query.scope), ['tools', 'tools calls'])
    assert.equal(requestsTo(server, '/register').length, 1)
  })

  it('does all of it on the command line: authorize, list, call, refresh, remove', async t => {
    const server = await startSdkServer(t)
    const folder = await temporaryFolder(t)
    const run = (...args) => runClient(t, folder, ['--server-url', server.mcpUrl, ...args])

    assert.equal((await run('--list-tools')).exitCode, 3)
    const authorized = await run('--authorize', '--headless')
    assert.equal(authorized.exitCode, 0, authorized.narration)
    assert.equal(JSON.parse(authorized.output).scope, 'tools')
    assert.equal((await run('--list-tools')).output, 'add\tAdds two numbers\nfail\tFails')
    assert.equal((await run('--call-tool', 'add', '--args', '{"a": 1, "b": 2}')).output, '3')
    const failed = await run('--call-tool', 'fail')
    assert.deepEqual([failed.exitCode, failed.output], [7, 'it failed'])
    assert.equal((await run('--refresh')).exitCode, 0)
    assert.equal((await run('--call-tool', 'add', '--args', '{"a": 2, "b": 2}')).output, '4')
    assert.equal((await run('--remove-client', server.mcpUrl)).exitCode, 0)
    assert.equal(server.provider.refreshTokens.size, 0)
    assert.equal((await run('--list-clients')).output, '')
  })

  it('opens a browser on the command line, and waits for its answer', async t => {
    const server = await startSdkServer(t)
    const folder = await temporaryFolder(t)
    const opener = await createOpener(folder)
    const [{ exitCode, output }] = await Promise.all([
      runClient(t, folder, ['--server-url', server.mcpUrl, '--authorize'], opener),
      answerInBrowser(opener),
    ])
    assert.deepEqual([exitCode, JSON.parse(output).scope], [0, 'tools'])
  })

  it('gets the scope that a call lacked by running --authorize again', async t => {
    const server = await startSdkServer(t, { scopesOfCalls: ['tools', 'calls'] })
    const folder = await temporaryFolder(t)
    const run = (...args) => runClient(t, folder, ['--server-url', server.mcpUrl, ...args])
    const call = () => run('--call-tool', 'add', '--args', '{"a": 1, "b": 2}')
    await run('--authorize', '--headless')
    assert.equal((await call()).exitCode, 3)
    await run('--authorize', '--headless')
    assert.equal((await call()).output, '3')
  })
})
