import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertEnds, makeHome, runClient, runProgram, startClient, succeed, type RunningClient, type Home } from '../run-client.ts'
import { startServer, type TestContext } from '../harness.ts'
import { addAuthorizationServer, addMcpServer, startPeer } from '../peer.ts'

describe('client --authorize', { concurrency: 4 }, () => {
  it('opens the browser once and receives the response on loopback (RFC 8252 section 7.3)', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('require("node:fs").appendFileSync("visits", url + "\\n"); await fetch(url)')
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    assert.equal(JSON.parse(stdout).server, `${server.url}/mcp`)
    const visits = (await readFile(join(home.path, 'visits'), 'utf8')).trim().split('\n')
    assert.equal(visits.length, 1)
    assert.match(new URL(visits[0]!).searchParams.get('redirect_uri')!, /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  })

  it('uses the port of its registration again', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('await fetch(url)')
    await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    const before = await home.stored()
    await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    assert.deepEqual((await home.stored()).registrations, before.registrations)
  })

  it('passes the URL to the opener as one argument, without a shell', async t => {
    const peer = await startPeer(t)
    const evil = '?a=$(touch${IFS}evil)&b=`touch${IFS}evil`;touch${IFS}evil'
    addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize${evil}` } })
    addMcpServer(peer, peer.url)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('require("node:fs").writeFileSync("arguments", String(process.argv.length)); await fetch(url)')
    assert.equal((await runProgram(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize'], { BROWSER })).code, 0)
    assert.equal(await readFile(join(home.path, 'arguments'), 'utf8'), '3')
    assert.equal((await readdir(home.path)).includes('evil'), false)
  })

  /** A client that waits for the browser; the test plays it. */
  async function waiting(t: TestContext, ...args: readonly string[]): Promise<{ home: Home; client: RunningClient; url: string; redirect_uri: string }> {
    const server = await startServer(t)
    const home = await makeHome(t)
    const client = startClient(t, home, ['--server-url', server.url, '--authorize', ...args])
    const [, url] = await client.says(/If no browser opens, go to (http:\S+)$/m)
    await client.says(/waiting for your decision in the browser/)
    return { home, client, url: url!, redirect_uri: new URL(url!).searchParams.get('redirect_uri')! }
  }

  it('prints the URL in case no browser opens', async t => {
    const { client, url } = await waiting(t)
    await fetch(url)
    assert.equal((await client.ended).code, 0)
  })

  it('keeps waiting after stray and forged callbacks (RFC 6749 section 10.12)', async t => {
    const { client, url, redirect_uri, home } = await waiting(t)
    const statuses = []
    for (const query of ['', '?code=forged', '?code=forged&state=forged', '?error=access_denied&state=forged']) {
      statuses.push((await fetch(`${redirect_uri}${query}`)).status)
    }
    statuses.push((await fetch(new URL('/favicon.ico', redirect_uri))).status)
    assert.deepEqual(statuses, [400, 400, 400, 400, 404])
    await fetch(url)
    assert.equal((await client.ended).code, 0)
    assert.equal(Object.keys((await home.stored()).servers).length, 1)
  })

  it('reports a callback from another issuer without quoting its error (RFC 9207 section 2.4)', async t => {
    const { client, url, redirect_uri } = await waiting(t)
    const state = new URL(url).searchParams.get('state')!
    await fetch(`${redirect_uri}?${new URLSearchParams({ error: 'evil', error_description: 'evil', state, iss: 'https://other.example' })}`)
    const ended = await client.ended
    assertEnds(ended, 5, /rule issuer-of-response-matches, RFC 9207 section 2\.4/)
    assert.equal(ended.stderr.includes('evil'), false)
  })

  it('uses localhost with --callback-host localhost', async t => {
    const { client, url, redirect_uri } = await waiting(t, '--callback-host', 'localhost')
    assert.match(redirect_uri, /^http:\/\/localhost:\d+\/callback$/)
    await fetch(url)
    assert.equal((await client.ended).code, 0)
  })

  it('reports that the callback port is taken, and opens no browser', async t => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    t.after(() => new Promise<void>(resolve => { other.close(() => resolve()) }))
    const { port } = other.address() as AddressInfo
    const server = await startServer(t)
    const home = await makeHome(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--authorize', '--callback-port', String(port)])
    assertEnds(ended, 1, new RegExp(`^Error: port ${port} of 127\\.0\\.0\\.1 is used by another program$`, 'm'))
    assert.equal(await home.opened(), undefined)
  })

  it('reports a missing opener, suggests --headless and keeps waiting', async t => {
    const server = await startServer(t)
    const client = startClient(t, await makeHome(t), ['--server-url', server.url, '--authorize'], { BROWSER: '/nowhere/browser' })
    const [, url] = await client.says(/go to (http:\S+)$/m)
    await client.says(/The browser did not open: \/nowhere\/browser cannot be started \(ENOENT\)\.\n.+on this machine, .+--headless/)
    await fetch(url!)
    assert.equal((await client.ended).code, 0)
  })

  it('reports an opener that failed and keeps waiting', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('process.exit(3)')
    const client = startClient(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    const [, url] = await client.says(/go to (http:\S+)$/m)
    await client.says(/The browser did not open: \S+ ended with exit code 3\./)
    await fetch(url!)
    assert.equal((await client.ended).code, 0)
  })

  it('says nothing about an opener that succeeds', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('await fetch(url)')
    const { stderr } = await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    assert.doesNotMatch(stderr, /The browser did not open/)
  })
})
