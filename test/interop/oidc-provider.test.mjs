/**
 * Our client with oidc-provider as an external authorization server, at an MCP server made of the official SDK 2.x.
 * The user logs in and consents on the pages of oidc-provider, with its cookies and redirects.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  answerInBrowser, Browser, createOpener, dist, interop, redirect_uri, runClient, startClient, temporaryFolder, until,
} from './harness.mjs'
import { startOidcProvider } from './oidc-provider.mjs'
import { startResourceServer } from './sdk-2-resource-server.mjs'

interop('our client with oidc-provider, at a server of @modelcontextprotocol/server 2.x', async () => {
  const { McpClient, MemoryStorage, Trace } = await import(dist('client/mcp/mcp-client.js'))

  async function startServers(t, { path, legacy } = {}) {
    const authorizationServer = await startOidcProvider(t, path)
    const server = await startResourceServer(t, authorizationServer.issuer, { legacy })
    authorizationServer.resources.add(server.mcpUrl)
    return { authorizationServer, server }
  }

  /** Fills in the login, and agrees to what is asked. */
  const alice = html => html.includes('name="login"') ? { login: 'alice', password: 'any' } : {}

  function createClient({ mcpUrl }, { decide = alice, ...options } = {}) {
    const visit = { redirect_uri, go: ({ url }) => new Browser(decide).visit(url), end: async () => {} }
    const userAgent = { begin: async () => visit }
    return new McpClient(mcpUrl, { trace: new Trace(), storage: new MemoryStorage(), userAgent, ...options })
  }

  async function call(client, tool, args = {}) {
    const { content } = await client.callTool(tool, args)
    return content[0].text
  }

  it('discovers, registers, logs in through the pages and calls a tool in the protocol of 2026-07-28', async t => {
    const { server } = await startServers(t)
    const client = createClient(server)
    const { protocolVersion, serverInfo } = await client.connect()
    assert.deepEqual([protocolVersion, serverInfo.name], ['2026-07-28', 'SDK 2.x'])
    assert.equal(await call(client, 'add', { a: 1, b: 2 }), '3')
    assert.deepEqual(server.lines, [
      'POST /mcp 401 server/discover',
      'GET /.well-known/oauth-protected-resource/mcp 200',
      'POST /mcp 200 server/discover',
      'POST /mcp 200 tools/list',
      'POST /mcp 200 tools/call',
    ])
  })

  it('speaks with a server that refuses every earlier revision', async t => {
    const { server } = await startServers(t, { legacy: 'reject' })
    const client = createClient(server)
    await client.connect()
    assert.equal(await call(client, 'add', { a: 1, b: 2 }), '3')
  })

  it('speaks 2025-11-25 with the same server when it is told to', async t => {
    const { server } = await startServers(t)
    const client = createClient(server, { protocolVersions: ['2025-11-25'] })
    assert.equal((await client.connect()).protocolVersion, '2025-11-25')
    assert.equal(await call(client, 'add', { a: 1, b: 2 }), '3')
  })

  it('mirrors an argument into a header where the schema of the tool asks for it', async t => {
    const { server } = await startServers(t)
    const client = createClient(server)
    await client.connect()
    assert.equal(await call(client, 'greet', { name: 'Zoë' }), 'Hello Zoë')
  })

  it('finds an issuer with a path at the last of the three well-known URIs', async t => {
    const { authorizationServer, server } = await startServers(t, { path: '/tenant1' })
    const client = createClient(server)
    await client.connect()
    assert.equal(await call(client, 'add', { a: 1, b: 2 }), '3')
    assert.deepEqual(authorizationServer.lines().slice(0, 4), [
      'GET /.well-known/oauth-authorization-server/tenant1 404',
      'GET /.well-known/openid-configuration/tenant1 404',
      'GET /tenant1/.well-known/openid-configuration 200',
      'POST /tenant1/reg 201',
    ])
  })

  it('asks for offline_access with consent, and gets tokens for the resource that it can refresh', async t => {
    const { authorizationServer, server } = await startServers(t)
    const client = createClient(server)
    await client.connect()
    const { query } = authorizationServer.received.find(({ line }) => line === 'GET /auth 303')
    assert.deepEqual([query.scope, query.prompt, query.resource], ['tools offline_access', 'consent', server.mcpUrl])
    const before = await client.authorizer.tokens.find()
    const after = await client.authorizer.tokens.renew()
    assert.notEqual(after.refresh_token, before.refresh_token)
    assert.equal(await call(client, 'add', { a: 1, b: 2 }), '3')
  })

  it('steps up: it authorizes once more, for what it has and what the call needs', async t => {
    const { authorizationServer, server } = await startServers(t)
    const client = createClient(server)
    await client.connect()
    const client_id = await call(client, 'whoami')
    const requests = authorizationServer.received.filter(({ line }) => line === 'GET /auth 303')
    assert.deepEqual(requests.map(({ query }) => query.scope), ['tools offline_access', 'tools offline_access profile'])
    assert.deepEqual(requests.map(({ query }) => query.client_id), [client_id, client_id])
  })

  it('says that the user has cancelled', async t => {
    const { server } = await startServers(t)
    const decide = html => /href="([^"]+\/abort)"/.exec(html)[1]
    await assert.rejects(createClient(server, { decide }).connect(), { code: 'access_denied' })
  })

  it('says that the authorization server does not know the resource', async t => {
    const { authorizationServer, server } = await startServers(t)
    authorizationServer.resources.clear()
    await assert.rejects(createClient(server).connect(), { code: 'invalid_target' })
  })

  it('does all of it on the command line, with a browser: authorize, list, call, refresh, remove', async t => {
    const { authorizationServer, server } = await startServers(t)
    const folder = await temporaryFolder(t)
    const opener = await createOpener(folder)
    const run = (...args) => runClient(t, folder, ['--server-url', server.mcpUrl, ...args], opener)

    const [authorized] = await Promise.all([run('--authorize'), answerInBrowser(opener, { browser: new Browser(alice) })])
    assert.deepEqual([authorized.exitCode, JSON.parse(authorized.output).scope], [0, 'tools'])
    assert.deepEqual((await run('--list-tools')).output.split('\n').map(line => line.trim()), ['add', 'greet', 'whoami'])
    assert.equal((await run('--call-tool', 'add', '--args', '{"a": 1, "b": 2}')).output, '3')
    assert.equal((await run('--refresh')).exitCode, 0)
    assert.equal((await run('--call-tool', 'greet', '--args', '{"name": "Zoë"}')).output, 'Hello Zoë')
    assert.equal((await run('--remove-client', server.mcpUrl)).exitCode, 0)
    const [revocation, deletion] = authorizationServer.lines().slice(-2)
    assert.equal(revocation, 'POST /token/revocation 200')
    assert.match(deletion, /^DELETE \/reg\/\S+ 204$/)
    assert.equal((await opener.visits()).length, 1)
  })

  it('opens a browser in the demo where a login is needed', async t => {
    const { server } = await startServers(t)
    const folder = await temporaryFolder(t)
    const opener = await createOpener(folder)
    const [{ exitCode, output }] = await Promise.all([
      runClient(t, folder, ['--server-url', server.mcpUrl, '--demo'], opener),
      answerInBrowser(opener, { browser: new Browser(alice) }),
    ])
    assert.equal(exitCode, 0, output)
  })

  it('takes the redirect URI that the user pastes, on the command line without a browser', async t => {
    const { server } = await startServers(t)
    const client = startClient(t, await temporaryFolder(t), ['--server-url', server.mcpUrl, '--authorize', '--headless'])
    const url = await until(
      () => client.errors.map(line => /http:\S+\/auth\?\S+/.exec(line)?.[0]).find(Boolean),
      () => `it prints no URL: ${client.errors.join('\n')}`,
    )
    const destination = new URL(url).searchParams.get('redirect_uri')
    client.stdin.write(`${destination}?${await new Browser(alice).visit(url, destination)}\n`)
    assert.equal(await client.exited, 0)
    assert.equal(JSON.parse(client.lines.join('')).scope, 'tools')
  })
})
