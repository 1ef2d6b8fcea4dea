/** Hostile metadata, redirects, mix-up and texts, against the client as a program. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertEnds, makeHome, runClient, secretsOf, startClient, succeed, type Ended, type Home } from '../client-process.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, addOpenServer, assertUntrusted, clientOf, echoTool, failure, formOf, html, json, redirectTo, result, startHonestPeer, startPeer,
  type AuthorizationServerChanges, type AuthorizationServerPeer, type McpServerChanges, type Method, type Peer,
} from '../peer.ts'

/** Authorizes at a peer whose answers are changed. */
async function authorizeAt(
  t: TestContext, changes: AuthorizationServerChanges & McpServerChanges, ...args: readonly string[]
): Promise<{ peer: Peer & AuthorizationServerPeer; home: Home; ended: Ended }> {
  const peer = await startHonestPeer(t, changes)
  const home = await makeHome(t)
  const ended = await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', ...args.length > 0 ? args : ['--headless']])
  return { peer, home, ended }
}

/** What would run something, leave the machine unencrypted, or aim the client at a network that is not the server's. */
const endpoints: readonly string[] = [
  'javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'about:blank', 'ftp://auth.example.com/',
  '--foo', '-oProxyCommand=touch', '$(touch evil)', '; touch evil', '|touch evil', 'calc.exe', '\\\\evil.example\\share', '//evil.example/authorize',
  'http://auth.example.com/authorize', 'http://10.0.0.1/', 'http://169.254.169.254/latest/meta-data', 'https://169.254.169.254/latest/meta-data',
  'https://10.0.0.1/', 'https://192.168.1.1/', 'https://172.16.0.1/', 'https://100.64.0.1/', 'https://0.0.0.0/', 'https://[::]/', 'https://[fd00::1]/',
  'https://[fe80::1]/', 'https://[::ffff:169.254.169.254]/', 'https://2852039166/', 'https://0xa9fea9fe/', 'https://0251.0376.0251.0376/',
  'https://10.1/', 'https://user@auth.example.com/', 'https://good.example\\@evil.example/', 'https://auth.example.com/#x', 'https://auth.example.com/ x',
  'https://auth.example.com/\nx', '', `https://auth.example.com/${'a'.repeat(100_000)}`,
]

describe('The client does not use metadata that names', { concurrency: 8 }, () => {
  for (const url of endpoints) {
    for (const member of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'] as const) {
      it(`${JSON.stringify(url).slice(0, 60)} as ${member}`, async t => {
        const peer = await startHonestPeer(t, { metadata: { [member]: url } })
        await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
        assert.deepEqual([...peer.to('POST /register'), ...peer.to('POST /token'), ...peer.to('GET /authorize')], [])
      })
    }
  }

  for (const url of endpoints.filter(name => name !== '')) {
    it(`${JSON.stringify(url).slice(0, 60)} as authorization server`, async t => {
      const peer = await startHonestPeer(t, { resource: { authorization_servers: [url] } })
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    })
  }

  for (const url of ['file:///etc/passwd', 'http://169.254.169.254/latest', 'https://10.0.0.1/', 'http://evil.example/', '//evil.example/', '-x']) {
    it(`${url} as resource_metadata`, async t => {
      const peer = await startHonestPeer(t, { challenge: `resource_metadata="${url}"` })
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    })
  }

  for (const [member, value] of [
    ['authorization_endpoint', ['https://auth.example.com/']], ['token_endpoint', { toString: 'x' }], ['token_endpoint', 7],
    ['authorization_endpoint', true], ['registration_endpoint', ['x']], ['revocation_endpoint', {}],
  ] as const) {
    it(`${JSON.stringify(value)} as ${member}`, async t => {
      const peer = await startHonestPeer(t, { metadata: { [member]: value } })
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    })
  }

  for (const url of ['javascript:alert(1)', '--foo', '$(touch evil)', 'https://169.254.169.254/latest/meta-data']) {
    it(`${url} as the place where a browser would go`, async t => {
      const { home, ended } = await authorizeAt(t, { metadata: { authorization_endpoint: url } }, '--trace')
      assertEnds(ended, 5, /rule endpoint-is-secure/)
      assert.equal(await home.opened(), undefined)
      assert.deepEqual((await readdir(home.path)).filter(name => name === 'evil'), [])
    })
  }
})

describe('The authorization endpoint of a server', { concurrency: 8 }, () => {
  it('may have a query, which is kept (RFC 6749 section 3.1)', async t => {
    const peer = await startPeer(t)
    addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize?tenant=1&` } })
    addMcpServer(peer, peer.url)
    await succeed(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    const { query } = peer.to('GET /authorize')[0]!
    assert.deepEqual([query.get('tenant'), query.get('response_type')], ['1', 'code'])
  })

  for (const end of ['#', '#/', '#response_type=token', '?a=1#b']) {
    it(`may not have a fragment: ${end} (RFC 6749 section 3.1)`, async t => {
      const peer = await startPeer(t)
      addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize${end}` } })
      addMcpServer(peer, peer.url)
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    })
  }

  it('is given to the browser in no shell, and never the secret of the environment', async t => {
    const peer = await startPeer(t)
    addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize?a=$(touch\${IFS}evil)&b=\`id\`&%22;touch+evil;%22` } })
    addMcpServer(peer, peer.url)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('require("node:fs").writeFileSync("seen", JSON.stringify([process.argv.length, process.env.MCP_CLIENT_SECRET ?? null])); await fetch(url)')
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--client-id', 'c'], { BROWSER, MCP_CLIENT_SECRET: 'a-secret-of-the-client' })
    assert.deepEqual(JSON.parse(await readFile(join(home.path, 'seen'), 'utf8')), [3, null])
    assert.deepEqual((await readdir(home.path)).filter(name => name === 'evil'), [])
  })

  it('does not crash the client with scopes that no command line could take', async t => {
    const scopes_supported = Array.from({ length: 50_000 }, (_, i) => `scope:${i}`)
    const { ended, home } = await authorizeAt(t, { resource: { scopes_supported } }, '--trace')
    assertEnds(ended, 5, /it is longer than 8000 characters/)
    assert.equal(await home.opened(), undefined)
  })

  it('is opened three times and no more by a server that refuses every token', async t => {
    const peer = await startPeer(t)
    addAuthorizationServer(peer)
    addMcpServer(peer, peer.url, { accepts: () => false })
    peer.on('POST /token', json({ access_token: 'access-of-no-use', token_type: 'Bearer' }))
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('require("node:fs").appendFileSync("visits", "x"); await fetch(url)')
    const ended = await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--demo'], { BROWSER })
    assert.equal(ended.code, 4, ended.stdout)
    const visits = await readFile(join(home.path, 'visits'), 'utf8').catch(() => '')
    assert.ok(visits.length <= 3, visits)
  })
})

describe('The client follows no redirect', { concurrency: 8 }, () => {
  /** A peer that takes what is not meant for it. */
  async function withThief(t: TestContext): Promise<{ peer: Peer & AuthorizationServerPeer; thief: Peer; home: Home }> {
    return { peer: await startHonestPeer(t), thief: await startPeer(t), home: await makeHome(t) }
  }

  for (const status of [301, 302, 303, 307, 308]) {
    for (const target of ['POST /token', 'POST /register', 'GET /.well-known/oauth-authorization-server', 'POST /mcp']) {
      it(`${status} of ${target}`, async t => {
        const [peer, thief] = [await startHonestPeer(t), await startPeer(t)]
        peer.on(target, redirectTo(`${thief.url}/stolen`, status))
        const work = clientOf(peer.url).authorizer.authorize()
        await (target === 'POST /mcp' ? work : assert.rejects(work, { name: /Error$/ }))
        assert.deepEqual(thief.targets(), [])
      })
    }
  }

  it('with an access token', async t => {
    const { peer, thief, home } = await withThief(t)
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    for (const target of ['POST /mcp', 'GET /mcp']) peer.on(target, redirectTo(`${thief.url}/stolen`, 307))
    for (const args of [['--list-tools'], ['--call-tool', 'echo']]) {
      assert.notEqual((await runClient(t, home, ['--server-url', `${peer.url}/mcp`, ...args])).code, 0)
    }
    assert.deepEqual(thief.targets(), [])
  })

  it('with a refresh token, and keeps it for the next time', async t => {
    const { peer, thief, home } = await withThief(t)
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    peer.on('POST /token', redirectTo(`${thief.url}/stolen`, 307))
    const before = await home.stored()
    assert.notEqual((await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--refresh'])).code, 0)
    assert.deepEqual(thief.targets(), [])
    assert.deepEqual(await home.stored(), before)
  })

  it('from the authorization endpoint into a file or a script', async t => {
    for (const location of ['file:///etc/passwd', 'javascript:alert(1)', 'http://169.254.169.254/', 'https://10.0.0.1/']) {
      const peer = await startHonestPeer(t)
      peer.on('GET /authorize', redirectTo(location))
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    }
  })
})

describe('Mix-up of two authorization servers (RFC 9207 section 2.4)', { concurrency: 8 }, () => {
  const rows: readonly (readonly [string, boolean, unknown, string | undefined])[] = [
    ['iss is promised and right', true, undefined, undefined],
    ['iss is promised and foreign', true, 'https://honest.example', 'issuer-of-response-matches'],
    ['iss is promised and missing', true, null, 'issuer-of-response-is-sent'],
    ['iss is not promised and right', false, undefined, undefined],
    ['iss is not promised and foreign', false, 'https://honest.example', 'issuer-of-response-matches'],
    ['iss is not promised and missing', false, null, undefined],
    ['iss is empty', false, '', 'issuer-of-response-matches'],
  ]
  for (const [what, promised, iss, rule] of rows) {
    it(`${rule === undefined ? 'is none' : 'ends the flow'} where ${what}`, async t => {
      const response = iss === undefined ? {} : { iss }
      const peer = await startHonestPeer(t, { metadata: { authorization_response_iss_parameter_supported: promised }, response })
      const work = clientOf(peer.url).authorizer.authorize()
      await (rule === undefined ? work : assertUntrusted(work, rule))
      assert.equal(peer.to('POST /token').length, rule === undefined ? 1 : 0)
    })
  }

  it('shows nothing of an error that comes from elsewhere', async t => {
    const response = { code: null, iss: 'https://honest.example', error: 'evil', error_description: 'evil', error_uri: 'https://evil.example' }
    const { ended } = await authorizeAt(t, { response })
    assertEnds(ended, 5, /rule issuer-of-response-matches/)
    assert.doesNotMatch(ended.stderr, /evil/)
  })

  for (const [what, issuer] of [['another issuer', 'https://honest.example'], ['a slash more', '/']] as const) {
    it(`begins with metadata that names ${what}, and ends there (RFC 8414 section 3.3)`, async t => {
      const peer = await startPeer(t)
      addAuthorizationServer(peer, { metadata: { issuer: issuer === '/' ? `${peer.url}/` : issuer } })
      addMcpServer(peer, peer.url)
      const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
      assertEnds(ended, 5, /rule issuer-is-identical/)
      assert.equal(peer.to('POST /register').length, 0)
    })
  }

  it('does not get the secret of a client that was registered beforehand elsewhere', async t => {
    const honest = await startHonestPeer(t)
    const attacker = await startHonestPeer(t)
    const home = await makeHome(t)
    const credentials = ['--client-id', 'known-client', '--headless', '--authorize']
    const environment = { MCP_CLIENT_SECRET: 'the-secret-of-known-client' }
    await succeed(t, home, ['--server-url', `${honest.url}/mcp`, ...credentials], environment)
    const ended = await runClient(t, home, ['--server-url', `${attacker.url}/mcp`, ...credentials], environment)
    assertEnds(ended, 5, /rule credentials-belong-to-issuer/)
    assert.doesNotMatch(JSON.stringify(attacker.received), /the-secret-of-known-client/)
  })

  it('does not get the tokens or the registration of another server', async t => {
    const honest = await startHonestPeer(t)
    const attacker = await startHonestPeer(t)
    const home = await makeHome(t)
    for (const { url } of [honest, attacker]) await succeed(t, home, ['--server-url', `${url}/mcp`, '--authorize', '--headless'])
    const { registrations } = await home.stored()
    const received = JSON.stringify(attacker.received)
    for (const secret of [...honest.secrets, registrations[honest.url]!.client_id]) assert.equal(received.includes(secret), false)
  })
})

/** Sequences that clear, recolour, link, answer back or turn the reading direction; and lines that look like ours. */
const escapes = '\u001b[2J\u001b]8;;https://evil.example\u0007x\u001b]8;;\u0007\u009b31m\u001bP+q\u001b\\\u202e\u2066\u200b\r\u0008\u007f\u2028\u{e0041}'
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e\u2066]|\udb40/

describe('What steers a terminal is shown as its code', { concurrency: 8 }, () => {
  function assertPlain({ stdout, stderr }: Ended): void {
    assert.doesNotMatch(stdout, steering)
    assert.doesNotMatch(stderr, steering)
  }

  /** Every command that shows something of a peer that asks for no token. */
  async function openAt(t: TestContext, methods: Readonly<Record<string, Method>>, ...args: readonly string[]): Promise<Ended> {
    const peer = await startPeer(t)
    addOpenServer(peer, methods)
    return runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--trace', ...args])
  }

  it('in names and descriptions of tools', async t => {
    const tools = [{ ...echoTool, name: `name${escapes}`, description: `text${escapes}` }]
    const ended = await openAt(t, { 'tools/list': ({ id }) => result(id, { tools, ttlMs: 0, cacheScope: 'private' }) }, '--list-tools')
    assertPlain(ended)
    assert.match(ended.stdout, /name\\u001b\[2J/)
  })

  it('in results of tools', async t => {
    assertPlain(await openAt(t, { 'tools/call': ({ id }) => result(id, { content: [{ type: 'text', text: escapes }] }) }, '--call-tool', 'echo'))
  })

  it('in structured results of tools', async t => {
    assertPlain(await openAt(t, { 'tools/call': ({ id }) => result(id, { content: [], structuredContent: { [escapes]: escapes } }) }, '--call-tool', 'echo'))
  })

  it('in errors of the MCP server, which stay on one line', async t => {
    const ended = await openAt(t, { 'tools/call': ({ id }) => failure(id, -32603, `no${escapes}\nDone: all is well\nError: pay here`) }, '--call-tool', 'echo')
    assertPlain(ended)
    assert.doesNotMatch(ended.stderr, /^(?:Done|Error: pay)/m)
  })

  const places: readonly (readonly [string, AuthorizationServerChanges & McpServerChanges])[] = [
    ['the client_id', { registration: { client_id: `c${escapes}` } }],
    ['the scope of the tokens', { tokens: { scope: `a${escapes}` } }],
    ['the token_type', { tokens: { token_type: `Bearer${escapes}` } }],
    ['the method of client authentication', { registration: { token_endpoint_auth_method: `none${escapes}` } }],
    ['the issuer', { metadata: { issuer: `https://a.example${escapes}` } }],
    ['the authorization endpoint', { metadata: { authorization_endpoint: `https://a.example/${escapes}` } }],
    ['the resource', { resource: { resource: `https://a.example/${escapes}` } }],
    ['the authorization servers', { resource: { authorization_servers: [`https://a.example/${escapes}`] } }],
    ['the scopes of the resource', { resource: { scopes_supported: [`a${escapes}`] } }],
    ['the error of the authorization response', { response: { code: null, error: `e${escapes}`, error_description: escapes, error_uri: escapes } }],
    ['the challenge', { challenge: 'error="invalid_token", error_description="\u009b31m\u0085"' }],
  ]
  for (const [what, changes] of places) {
    it(`in ${what}`, async t => {
      const peer = await startHonestPeer(t, changes)
      const home = await makeHome(t)
      assertPlain(await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace']))
      if (what !== 'the client_id' && what !== 'the scope of the tokens') return
      assertPlain(await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--register', '--headless']))
      assertPlain(await runClient(t, home, ['--list-clients']))
    })
  }

  for (const target of ['POST /token', 'POST /register']) {
    it(`in an error of ${target}`, async t => {
      const peer = await startHonestPeer(t)
      peer.on(target, json({ error: `e${escapes}`, error_description: `${escapes}\nDone`, error_uri: `https://a.example/${escapes}` }, 400))
      const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
      assertPlain(ended)
      assert.doesNotMatch(ended.stderr, /^Done/m)
    })
  }

  it('in pages and headers that a trace shows', async t => {
    const peer = await startPeer(t)
    peer.on('POST /mcp', { ...html(`<h1>${escapes}`), headers: { 'content-type': 'text/html', 'x-evil': '\u009b31m' } })
    assertPlain(await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--list-tools', '--trace']))
  })
})

describe('The client shows no secret', { concurrency: 8 }, () => {
  it('that an MCP server quotes in an error, a tool, a result or a challenge', async t => {
    const quoting = await startPeer(t)
    addAuthorizationServer(quoting)
    addMcpServer(quoting, quoting.url)
    const home = await makeHome(t)
    await succeed(t, home, ['--server-url', `${quoting.url}/mcp`, '--authorize', '--headless'])
    const secrets = secretsOf(await home.stored())
    const quote = (text: string): Members => ({ content: [{ type: 'text', text }], structuredContent: { text } })
    quoting.on('POST /mcp', ({ headers, body }) => {
      const { id, method } = JSON.parse(body) as Members
      const token = headers.authorization!
      if (method === 'tools/call') return result(id, quote(`your token is ${token}`))
      if (method === 'tools/list') return result(id, { tools: [{ ...echoTool, description: token }], ttlMs: 0, cacheScope: 'private' })
      return failure(id, -32601, `no ${method} for ${token}`, 404)
    })
    for (const args of [['--list-tools'], ['--call-tool', 'echo']]) {
      for (const trace of [[], ['--trace']]) {
        const { stdout, stderr } = await runClient(t, home, ['--server-url', `${quoting.url}/mcp`, ...args, ...trace])
        for (const secret of secrets) assert.equal(`${stdout}${stderr}`.includes(secret), false, `${args.join(' ')}: ${stdout}${stderr}`)
      }
    }
  })

  it('that a token endpoint quotes in its error', async t => {
    const peer = await startHonestPeer(t)
    const sent: string[] = []
    peer.on('POST /token', request => {
      const { code, code_verifier } = formOf(request)
      sent.push(code, code_verifier)
      return json({ error: 'invalid_grant', error_description: `${code} with ${code_verifier} is no good` }, 400)
    })
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
    assertEnds(ended, 4, /invalid_grant: sha256:/)
    for (const secret of sent) assert.equal(ended.stderr.includes(secret), false)
  })

  it('of a client that was registered beforehand, and warns of one on the command line', async t => {
    const peer = await startHonestPeer(t, { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } })
    const home = await makeHome(t)
    const secret = 'a-secret:with&marks of its own'
    const common = ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace', '--client-id', 'c']
    const open = await succeed(t, home, [...common, '--client-secret', secret])
    assert.match(open.stderr, /Other users of this machine can read --client-secret/)
    await writeFile(join(home.path, 'secret'), `${secret}\n`)
    const quiet = await succeed(t, home, [...common, '--client-secret-file', 'secret'])
    assert.doesNotMatch(quiet.stderr, /Other users/)
    const { stdout } = await succeed(t, home, ['--list-clients'])
    for (const text of [open.stderr, quiet.stderr, open.stdout, stdout]) assert.equal(text.includes(secret), false)
    assert.equal(peer.to('POST /token').every(({ headers }) => headers.authorization?.startsWith('Basic ')), true)
  })

  it('in the list of processes', async t => {
    const peer = await startHonestPeer(t)
    peer.on('GET /authorize', html())
    const client = startClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--client-id', 'c'], { MCP_CLIENT_SECRET: 'a-secret-of-the-client' })
    await client.says(/If no browser opens/)
    const lines = await Promise.all((await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name))
      .map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
    assert.deepEqual(lines.filter(line => line.includes('a-secret-of-the-client')), [])
  })
})

describe('What a server says of its tokens cannot harm the client later', { concurrency: 8 }, () => {
  for (const [what, tokens] of [
    ['a lifetime beyond all dates', { expires_in: 1e300 }], ['a lifetime as a huge number in text', { expires_in: '9'.repeat(300) }],
    ['a scope of a megabyte', { scope: 'x'.repeat(1e6) }], ['members of other types', { scope: {}, id_token: [] }],
  ] as const) {
    it(`with ${what}`, async t => {
      const { home, ended } = await authorizeAt(t, { tokens })
      assert.ok(ended.code === 0 || ended.code === 5, ended.stderr)
      await succeed(t, home, ['--list-clients'])
    })
  }

  for (const [what, tokens, member] of [
    ['a line end in the access token', { access_token: 'a\r\nx-evil: 1' }, 'access_token'], ['an access token of 60 kB', { access_token: 'a'.repeat(60_000) }, 'access_token'],
    ['no text as refresh token', { refresh_token: { a: 1 } }, 'refresh_token'],
  ] as const) {
    it(`and is refused with ${what}`, async t => {
      const { ended, home } = await authorizeAt(t, { tokens })
      assertEnds(ended, 5, new RegExp(`no usable ${member}`))
      assert.deepEqual((await home.stored()).servers, {})
    })
  }

  it('with a registration whose token has a line end', async t => {
    const { home, peer, ended } = await authorizeAt(t, { registration: { registration_client_uri: 'https://a.example/r', registration_access_token: 'a\r\nb' } })
    assert.equal(ended.code, 0, ended.stderr)
    await succeed(t, home, ['--remove-client', peer.url])
  })
})
