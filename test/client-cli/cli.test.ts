import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { version } from '../../src/base/config/version.ts'
import {
  assertEnds, decideAt, makeHome, runClient, secretsOf, startClient, succeed, type ClientProcess, type Home,
} from '../client-process.ts'
import { startServer, type TestContext, type TestServer } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, addOpenServer, echoTool, failure, html, json, result, startHonestPeer, startPeer, type Method,
} from '../peer.ts'

/** A server and a folder in which the client has tokens for it. */
async function authorized(t: TestContext, env: Record<string, string> = {}): Promise<{ server: TestServer; home: Home }> {
  const server = await startServer(t, env)
  const home = await makeHome(t)
  await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless'])
  return { server, home }
}

describe('client --demo', { concurrency: 4 }, () => {
  // Somebody may use the default port of this machine: the child sees nobody there.
  const nobodyAtDefault = `--import=data:text/javascript,${encodeURIComponent(`
    import http from 'node:http'
    import { syncBuiltinESMExports } from 'node:module'
    const real = http.request
    http.request = (url, options) => real(url.startsWith('http://localhost:8000/') ? 'http://127.0.0.1:1/' : url, options)
    syncBuiltinESMExports()
  `)}`

  it('does everything with a server of its own, and stores nothing', async t => {
    const home = await makeHome(t)
    const { stdout, stderr } = await succeed(t, home, ['--demo'], { NODE_OPTIONS: nobodyAtDefault })
    assert.match(stdout, /^No server at http:\/\/localhost:8000: using one of my own at http:\/\/localhost:\d+\n/)
    assert.match(stdout, /\nDone: discovered, registered, authorized, called and refreshed\.\n$/)
    assert.equal(stderr, '')
    await assert.rejects(stat(home.storage), { code: 'ENOENT' })
    assert.equal(await home.opened(), undefined)
  })

  it('numbers its steps and names the clause behind each', async t => {
    const { stdout } = await succeed(t, await makeHome(t), ['--demo'], { NODE_OPTIONS: nobodyAtDefault })
    const steps = [...stdout.matchAll(/^(\d+)\. (.+?) {2}\[(.+)\]$/gm)].map(([, number, title]) => `${number} ${title}`)
    for (const [i, title] of [
      'Ask the server what it speaks', 'Read the protected resource metadata', 'Read the authorization server metadata',
      'Register the client', 'Ask the user', 'Exchange the code for tokens', 'List the tools', 'Call get_weather', 'Call list_files',
      'Call get_user_profile', 'Refresh the access token',
    ].entries()) assert.equal(steps[i], `${i + 1} ${title}`)
  })

  it('uses the server that is named', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--demo', '--server-url', server.url])
    assert.match(stdout, new RegExp(`^Using the server at ${server.url}\n`))
    assert.deepEqual(Object.keys((await home.stored()).servers), [`${server.url}/mcp`])
  })

  it('does as well with a server that knows nothing of the tools', async t => {
    const peer = await startHonestPeer(t)
    const { stdout } = await succeed(t, await makeHome(t), ['--demo', '--server-url', `${peer.url}/mcp`])
    assert.match(stdout, /\nDone: /)
  })
})

describe('client --authorize --headless', { concurrency: 4 }, () => {
  it('follows redirects where the server asks nothing, and prints what it got for programs', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless'])
    const { server: url, scope, expires_at } = JSON.parse(stdout)
    assert.deepEqual({ url, scope }, { url: `${server.url}/mcp`, scope: 'mcp:tools:read mcp:tools:execute' })
    assert.ok(Number.isInteger(expires_at) && expires_at > Date.now() / 1000, expires_at)
    assert.equal(await home.opened(), undefined)
  })

  /** A client that waits for the user of a server that shows a consent page. */
  async function waiting(t: TestContext): Promise<{ server: TestServer; home: Home; client: ClientProcess; url: string }> {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const home = await makeHome(t)
    const client = startClient(t, home, ['--server-url', server.url, '--authorize', '--headless'])
    const [, url] = await client.says(/^ {2}(http:\S+)$/m)
    await client.says(/Paste that whole address here/)
    return { server, home, client, url: url! }
  }

  it('prints the URL and takes the callback that is pasted', async t => {
    const { server, client, url, home } = await waiting(t)
    client.write(await decideAt(server, url, 'approve'))
    assert.equal((await client.ended).code, 0)
    assert.ok((await home.stored()).servers[`${server.url}/mcp`]?.access_token)
    assert.equal(await home.opened(), undefined)
  })

  it('asks again after something else was pasted', async t => {
    const { server, client, url } = await waiting(t)
    for (const wrong of ['', 'what?', `${new URL(url).searchParams.get('redirect_uri')}?code=forged&state=forged`]) client.write(wrong)
    await client.says(/(?:That is not the answer to this request[^]*){3}/)
    client.write(`  ${await decideAt(server, url, 'approve')}  `)
    assert.equal((await client.ended).code, 0)
  })

  it('takes a paste in two lines of which the first is wrong, sent at once', async t => {
    const { server, client, url } = await waiting(t)
    client.write(`wrong\n${await decideAt(server, url, 'approve')}`)
    assert.equal((await client.ended).code, 0)
  })

  it('says that the user said no', async t => {
    const { server, client, url } = await waiting(t)
    client.write(await decideAt(server, url, 'deny'))
    assertEnds(await client.ended, 4, /^Error: the authorization server refused: access_denied/m)
  })

  it('ends when nothing is pasted', async t => {
    const { client } = await waiting(t)
    client.endInput()
    assertEnds(await client.ended, 3, /^Error: no redirect URI with an answer was pasted$/m)
  })

  it('uses the redirect URI that is asked for', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--callback-port', '7777', '--callback-host', 'localhost'])
    assert.equal((await home.stored()).registrations[server.url]?.redirect_uri, 'http://localhost:7777/callback')
  })
})

describe('client --authorize', { concurrency: 4 }, () => {
  it('opens the browser, once, and takes the answer on loopback (RFC 8252 section 7.3)', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('require("node:fs").appendFileSync("visits", url + "\\n"); await fetch(url)')
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    assert.equal(JSON.parse(stdout).server, `${server.url}/mcp`)
    const visits = (await readFile(join(home.path, 'visits'), 'utf8')).trim().split('\n')
    assert.equal(visits.length, 1)
    assert.match(new URL(visits[0]!).searchParams.get('redirect_uri')!, /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  })

  it('takes up the port of its registration again', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('await fetch(url)')
    await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    const before = await home.stored()
    await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    assert.deepEqual((await home.stored()).registrations, before.registrations)
  })

  it('gives the URL to the opener as one argument, without a shell', async t => {
    const peer = await startPeer(t)
    const evil = '?a=$(touch${IFS}evil)&b=`touch${IFS}evil`;touch${IFS}evil'
    addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize${evil}` } })
    addMcpServer(peer, peer.url)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('require("node:fs").writeFileSync("arguments", String(process.argv.length)); await fetch(url)')
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize'], { BROWSER })
    assert.equal(await readFile(join(home.path, 'arguments'), 'utf8'), '3')
    assert.equal((await readdir(home.path)).includes('evil'), false)
  })

  /** A client that waits for the browser; the test plays it. */
  async function waiting(t: TestContext, ...args: readonly string[]): Promise<{ home: Home; client: ClientProcess; url: string; redirect_uri: string }> {
    const server = await startServer(t)
    const home = await makeHome(t)
    const client = startClient(t, home, ['--server-url', server.url, '--authorize', ...args])
    const [, url] = await client.says(/If no browser opens, go to (http:\S+)$/m)
    await client.says(/waiting for your decision in the browser/)
    return { home, client, url: url!, redirect_uri: new URL(url!).searchParams.get('redirect_uri')! }
  }

  it('prints the URL for a user whose browser does not open', async t => {
    const { client, url } = await waiting(t)
    await fetch(url)
    assert.equal((await client.ended).code, 0)
  })

  it('goes on waiting after stray and forged callbacks (RFC 6749 section 10.12)', async t => {
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

  it('reports a callback that names another issuer, without its error (RFC 9207 section 2.4)', async t => {
    const { client, url, redirect_uri } = await waiting(t)
    const state = new URL(url).searchParams.get('state')!
    await fetch(`${redirect_uri}?${new URLSearchParams({ error: 'evil', error_description: 'evil', state, iss: 'https://other.example' })}`)
    const ended = await client.ended
    assertEnds(ended, 5, /rule issuer-of-response-matches, RFC 9207 section 2\.4/)
    assert.equal(ended.stderr.includes('evil'), false)
  })

  it('uses localhost when asked to', async t => {
    const { client, url, redirect_uri } = await waiting(t, '--callback-host', 'localhost')
    assert.match(redirect_uri, /^http:\/\/localhost:\d+\/callback$/)
    await fetch(url)
    assert.equal((await client.ended).code, 0)
  })

  it('says that the callback port is taken, and opens no browser', async t => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    t.after(() => new Promise<void>(resolve => { other.close(() => resolve()) }))
    const { port } = other.address() as AddressInfo
    const server = await startServer(t)
    const home = await makeHome(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--authorize', '--callback-port', String(port)])
    assertEnds(ended, 1, new RegExp(`^Error: port ${port} of 127\\.0\\.0\\.1 is taken by another program$`, 'm'))
    assert.equal(await home.opened(), undefined)
  })

  it('says that an opener is not there, names --headless and goes on waiting', async t => {
    const server = await startServer(t)
    const client = startClient(t, await makeHome(t), ['--server-url', server.url, '--authorize'], { BROWSER: '/nowhere/browser' })
    const [, url] = await client.says(/go to (http:\S+)$/m)
    await client.says(/No browser could be started: \/nowhere\/browser cannot be started \(ENOENT\)\.\n.+on this machine\..+--headless/)
    await fetch(url!)
    assert.equal((await client.ended).code, 0)
  })

  it('says that an opener failed, as one does that finds no browser, and goes on waiting', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('process.exit(3)')
    const client = startClient(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    const [, url] = await client.says(/go to (http:\S+)$/m)
    await client.says(/No browser could be started: \S+ ended with exit code 3\./)
    await fetch(url!)
    assert.equal((await client.ended).code, 0)
  })

  it('says nothing of an opener that ends well', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('await fetch(url)')
    const { stderr } = await succeed(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    assert.doesNotMatch(stderr, /No browser could be started/)
  })
})

describe('client --register', { concurrency: 4 }, () => {
  it('registers, says as what, and gets no tokens', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--register', '--headless'])
    const { registrations, servers } = await home.stored()
    assert.equal(JSON.parse(stdout).client_id, registrations[server.url]?.client_id)
    assert.deepEqual(servers, {})
  })

  it('registers once', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const args = ['--server-url', server.url, '--register', '--headless']
    assert.equal((await succeed(t, home, args)).stdout, (await succeed(t, home, args)).stdout)
  })
})

describe('client --list-tools', { concurrency: 4 }, () => {
  it('prints a line for each tool', async t => {
    const { server, home } = await authorized(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--list-tools'])
    assert.deepEqual(stdout.trim().split('\n').map(line => line.split('\t')[0]).sort(), ['get_user_profile', 'get_weather', 'list_files'])
  })

  it('asks nobody where there are no tokens, and opens no browser', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--list-tools'])
    assertEnds(ended, 3, /Run --authorize first/)
    assert.equal(ended.stdout, '')
    assert.equal(await home.opened(), undefined)
  })

  it('finds the endpoint below a URL without a path, and takes one with a path as it is', async t => {
    const { server, home } = await authorized(t)
    for (const url of [server.url, `${server.url}/`, `${server.url}/mcp`]) await succeed(t, home, ['--server-url', url, '--list-tools'])
  })

  it('works in five processes at once with tokens that must be renewed once', async t => {
    const { server, home } = await authorized(t, { DEBUG: 'true', LOG_LEVEL: 'debug', OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    server.advance(4000)
    await Promise.all(Array.from({ length: 5 }, () => succeed(t, home, ['--server-url', server.url, '--list-tools'])))
    assert.equal(server.log.filter(line => line.includes('"path":"/oauth/token"')).length, 2)
  })

  it('lets its reader go away', async t => {
    const { server, home } = await authorized(t)
    const client = startClient(t, home, ['--server-url', server.url, '--list-tools'])
    client.closeOutput()
    assert.equal((await client.ended).code, 0)
  })
})

describe('client --call-tool', { concurrency: 4 }, () => {
  it('prints the result', async t => {
    const { server, home } = await authorized(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--call-tool', 'get_weather', '--args', '{"location":"Lisbon"}'])
    assert.match(stdout, /Lisbon/)
  })

  it('ends with 4 when the server refuses', async t => {
    const { server, home } = await authorized(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--call-tool', 'unknown'])
    assertEnds(ended, 4, /^Error: the server answered with error -32602: /m)
  })

  /** The exit of a call to a peer that asks for no token. */
  async function call(t: TestContext, methods: Readonly<Record<string, Method>>, ...args: readonly string[]) {
    const peer = await startPeer(t)
    addOpenServer(peer, methods)
    return runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--call-tool', 'echo', ...args])
  }

  it('ends with 7 when the tool reports an error, and prints it', async t => {
    const ended = await call(t, { 'tools/call': ({ id }) => result(id, { content: [{ type: 'text', text: 'no such city' }], isError: true }) })
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 7, stdout: 'no such city\n' })
  })

  it('ends with 5 when a check fails, and names the rule', async t => {
    assertEnds(await call(t, { 'tools/call': html() }), 5, /rule answer-is-json-rpc, MCP 2026-07-28 basic, Messages/)
  })

  it('ends with 6 when nobody is there', async t => {
    const peer = await startPeer(t)
    await peer.close()
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--call-tool', 'echo'])
    assertEnds(ended, 6, /cannot be reached: ECONNREFUSED/)
  })

  it('prints structured content where there is no text', async t => {
    const { stdout } = await call(t, { 'tools/call': ({ id }) => result(id, { content: [], structuredContent: { a: 1 } }) })
    assert.equal(stdout, '{"a":1}\n')
  })

  it('prints several texts one below the other, with their tabs', async t => {
    const content = [{ type: 'text', text: 'a\tb' }, { type: 'image', data: 'x' }, { type: 'text', text: 'c' }]
    const { stdout } = await call(t, { 'tools/call': ({ id }) => result(id, { content }) })
    assert.equal(stdout, 'a\tb\nc\n')
  })

  it('shows what would steer the terminal as its code', async t => {
    const { stdout } = await call(t, { 'tools/call': ({ id }) => result(id, { content: [{ type: 'text', text: '\u001b[2Jhello\u202e' }] }) })
    assert.equal(stdout, '\\u001b[2Jhello\\u202e\n')
  })

  it('shows an error of the server without what would steer the terminal', async t => {
    const ended = await call(t, { 'tools/call': ({ id }) => failure(id, -32603, '\u001b]0;evil\u0007') })
    assertEnds(ended, 4, /^Error: the server answered with error -32603: \\u001b\]0;evil\\u0007$/m)
  })

  for (const [what, args] of [['half a JSON text', '{'], ['a list', '[]'], ['a number', '7']] as const) {
    it(`ends with 2 when --args are ${what}`, async t => {
      const ended = await runClient(t, await makeHome(t), ['--call-tool', 'x', '--args', args])
      assertEnds(ended, 2, /^Error: --args must be a JSON object/m)
    })
  }
})

describe('client --refresh', { concurrency: 4 }, () => {
  it('renews the tokens', async t => {
    const { server, home } = await authorized(t)
    const before = (await home.stored()).servers[`${server.url}/mcp`]
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--refresh'])
    const after = (await home.stored()).servers[`${server.url}/mcp`]
    assert.notEqual(after?.access_token, before?.access_token)
    assert.notEqual(after?.refresh_token, before?.refresh_token)
    assert.equal(JSON.parse(stdout).expires_at, Math.floor(after!.expires_at!))
  })

  it('ends with 3 where there is nothing to renew', async t => {
    const server = await startServer(t)
    assertEnds(await runClient(t, await makeHome(t), ['--server-url', server.url, '--refresh']), 3, /Run --authorize, or repeat the --grant/)
  })
})

describe('client --list-clients', { concurrency: 4 }, () => {
  it('prints registrations and tokens, without a secret', async t => {
    const { server, home } = await authorized(t)
    const { stdout, stderr } = await succeed(t, home, ['--list-clients'])
    const { registrations } = await home.stored()
    assert.deepEqual(stdout.trim().split('\n').map(line => line.split('\t').slice(0, 3)), [
      ['registration', server.url, registrations[server.url]!.client_id], ['tokens', `${server.url}/mcp`, server.url],
    ])
    const secrets = secretsOf(await home.stored())
    assert.equal(secrets.length, 3)
    for (const secret of secrets) assert.equal(`${stdout}${stderr}`.includes(secret), false)
  })

  it('prints nothing where nothing is stored', async t => {
    assert.equal((await succeed(t, await makeHome(t), ['--list-clients'])).stdout, '')
  })

  it('warns of a file that it cannot read, and keeps it', async t => {
    const home = await makeHome(t)
    await writeFile(home.storage, 'precious')
    const { stderr } = await succeed(t, home, ['--list-clients'])
    assert.match(stderr, /is not readable as client storage\. It was moved to /)
    const aside = (await readdir(home.path)).find(name => name.includes('.corrupt-'))!
    assert.equal(await readFile(join(home.path, aside), 'utf8'), 'precious')
  })
})

describe('client --remove-client', { concurrency: 4 }, () => {
  for (const [what, url] of [['the MCP server', '/mcp'], ['the server', ''], ['the server with a slash', '/']] as const) {
    it(`revokes the tokens, deletes the registration and forgets both, by the URL of ${what} (RFC 7009 section 2, RFC 7592 section 2.3)`, async t => {
      const { server, home } = await authorized(t)
      const { registrations, servers } = await home.stored()
      await succeed(t, home, ['--remove-client', `${server.url}${url}`])
      const { registration_client_uri, registration_access_token } = registrations[server.url]!
      const registration = await fetch(registration_client_uri!, { headers: { authorization: `Bearer ${registration_access_token}` } })
      const { access_token } = servers[`${server.url}/mcp`]!
      const tools = await fetch(`${server.url}/mcp`, { headers: { authorization: `Bearer ${access_token}` } })
      assert.deepEqual([registration.status, tools.status], [401, 401])
      const after = await home.stored()
      assert.deepEqual([after.registrations, after.servers], [{}, {}])
    })
  }

  it('forgets all the same when the server is gone', async t => {
    const { server, home } = await authorized(t)
    await server.close()
    const { stderr } = await succeed(t, home, ['--remove-client', server.url])
    assert.match(stderr, /they stay valid until they expire/)
    assert.deepEqual((await home.stored()).servers, {})
  })

  it('leaves other servers alone', async t => {
    const { server, home } = await authorized(t)
    const other = await startServer(t)
    await succeed(t, home, ['--server-url', other.url, '--authorize', '--headless'])
    await succeed(t, home, ['--remove-client', server.url])
    await succeed(t, home, ['--server-url', other.url, '--list-tools'])
  })

  it('ends with 1 where nothing is stored', async t => {
    assertEnds(await runClient(t, await makeHome(t), ['--remove-client', 'https://a.example']), 1, /nothing is stored for https:\/\/a\.example/)
  })
})

describe('client --trace', { concurrency: 4 }, () => {
  it('shows every exchange with what was checked, and no secret', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout, stderr } = await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--trace'])
    for (const line of [
      '> GET http://localhost', '< 401', '> POST http://localhost', '< 201', '< 302', '> grant_type=authorization_code', '✓ issuer-is-identical',
      '✓ pkce-is-advertised', '✓ state-is-ours', '✓ issuer-of-response-matches', 'sha256:',
    ]) assert.ok(stderr.includes(line), `${line} in\n${stderr}`)
    for (const secret of secretsOf(await home.stored())) assert.equal(`${stdout}${stderr}`.includes(secret), false)
  })

  it('shows the check that failed', async t => {
    const peer = await startPeer(t)
    addAuthorizationServer(peer, { metadata: { issuer: `${peer.url}/` } })
    addMcpServer(peer, peer.url)
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
    assertEnds(ended, 5, new RegExp([
      '✗ issuer-is-identical {2}\\[RFC 8414 section 3\\.3\\] {2}broken', ` +came +${peer.url}/`, ' +\\^', ` +expected +${peer.url}`, ' +\\^',
      ' +difference +there is a slash too many at the end',
    ].join('\\n')))
  })

  it('shows the error that the other side sent', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /token', json({ error: 'invalid_grant', error_description: 'code is expired' }, 400))
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
    assertEnds(ended, 4, /✗ tokens-are-granted {2}\[RFC 6749 section 5\.2\] {2}broken\n +came +the token endpoint refused: invalid_grant: code is expired/)
  })
})

describe('client', { concurrency: 4 }, () => {
  it('prints how it is used', async t => {
    const { stdout } = await succeed(t, await makeHome(t), ['--help'])
    assert.match(stdout, /^Usage: [^]*--demo[^]*Exit codes/)
  })

  it('prints its version', async t => {
    assert.equal((await succeed(t, await makeHome(t), ['--version'])).stdout, `${version}\n`)
  })

  it('ends with 2 without a command', async t => {
    assertEnds(await runClient(t, await makeHome(t), []), 2, /^Error: a command is missing\n {2}See --help\.\n$/)
  })

  it('keeps its storage in the folder where it runs, for its owner alone', async t => {
    const { home } = await authorized(t)
    assert.equal((await stat(home.storage)).mode & 0o777, 0o600)
    assert.deepEqual((await readdir(home.path)).filter(name => name.startsWith('.')), ['.mcp_clients.json'])
  })

  it('keeps its storage where it is told to', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const storage = join(home.path, 'below', 'clients.json')
    await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--storage', storage])
    await succeed(t, home, ['--server-url', server.url, '--list-tools', '--storage', storage])
  })

  it('names a storage that it cannot use', async t => {
    const home = await makeHome(t)
    assertEnds(await runClient(t, home, ['--list-clients', '--storage', home.path]), 1, /^Error: the client storage .+ cannot be used: EISDIR$/m)
  })

  it('writes no colours where nobody looks', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout, stderr } = await succeed(t, home, ['--demo', '--server-url', server.url, '--trace'])
    assert.equal(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(`${stdout}${stderr}`), false)
  })

  it('shows the name of a tool, its description and the notes about it without what would steer the terminal', async t => {
    const peer = await startPeer(t)
    const tools = [{ ...echoTool, name: 'a\u001b[2J', description: 'b\u001b[31m\tc\nd' }]
    addOpenServer(peer, { 'tools/list': ({ id }) => result(id, { tools }) })
    const { stdout } = await succeed(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--list-tools'])
    assert.equal(stdout, 'a\\u001b[2J\tb\\u001b[31m c d\n')
  })

  it('sends no resource with --no-resource', async t => {
    const peer = await startHonestPeer(t)
    await succeed(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--no-resource'])
    assert.equal(peer.to('GET /authorize')[0]?.query.has('resource'), false)
  })
})
