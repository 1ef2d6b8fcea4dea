import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertEnds, decideAt, makeHome, startClient, succeed, type RunningClient, type Home } from '../run-client.ts'
import { startHonestPeer } from '../peer.ts'
import { startServer, type TestContext, type TestServer } from '../harness.ts'

describe('client --authorize --headless', { concurrency: 4 }, () => {
  it('follows redirects if the server asks nothing, and prints what it got as JSON', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless'])
    const { server: url, scope, expires_at } = JSON.parse(stdout)
    assert.deepEqual({ url, scope }, { url: `${server.url}/mcp`, scope: 'mcp:tools:read mcp:tools:execute' })
    assert.ok(Number.isInteger(expires_at) && expires_at > Date.now() / 1000, expires_at)
    assert.equal(await home.opened(), undefined)
  })

  /** A client that waits for the user of a server that shows a consent page. */
  async function waiting(t: TestContext): Promise<{ server: TestServer; home: Home; client: RunningClient; url: string }> {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const home = await makeHome(t)
    const client = startClient(t, home, ['--server-url', server.url, '--authorize', '--headless'])
    const [, url] = await client.says(/^ {2}(http:\S+)$/m)
    await client.says(/Paste that whole address here/)
    return { server, home, client, url: url! }
  }

  it('prints the URL and accepts the pasted callback', async t => {
    const { server, client, url, home } = await waiting(t)
    client.write(await decideAt(server, url, 'approve'))
    assert.equal((await client.ended).code, 0)
    assert.ok((await home.stored()).servers[`${server.url}/mcp`]?.access_token)
    assert.equal(await home.opened(), undefined)
  })

  it('asks again if something else is pasted', async t => {
    const { server, client, url } = await waiting(t)
    for (const wrong of ['', 'what?', `${new URL(url).searchParams.get('redirect_uri')}?code=forged&state=forged`]) client.write(wrong)
    await client.says(/(?:This is not the response to the URL above[^]*){3}/)
    client.write(`  ${await decideAt(server, url, 'approve')}  `)
    assert.equal((await client.ended).code, 0)
  })

  it('accepts the second of two lines that are pasted at once', async t => {
    const { server, client, url } = await waiting(t)
    client.write(`wrong\n${await decideAt(server, url, 'approve')}`)
    assert.equal((await client.ended).code, 0)
  })

  it('reports that the user denied access', async t => {
    const { server, client, url } = await waiting(t)
    client.write(await decideAt(server, url, 'deny'))
    assertEnds(await client.ended, 4, /^Error: the authorization server refused: access_denied/m)
  })

  it('ends if nothing is pasted', async t => {
    const { client } = await waiting(t)
    client.endInput()
    assertEnds(await client.ended, 3, /^Error: no address was pasted$/m)
  })

  it('uses the redirect URI of --callback-host and --callback-port', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--callback-port', '7777', '--callback-host', 'localhost'])
    assert.equal((await home.stored()).registrations[server.url]?.redirect_uri, 'http://localhost:7777/callback')
  })

  it('sends no resource with --no-resource', async t => {
    const peer = await startHonestPeer(t)
    await succeed(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--no-resource'])
    assert.equal(peer.to('GET /authorize')[0]?.query.has('resource'), false)
  })
})
