/** Metadata that would run something, read a file, or aim the client somewhere else. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assertEnds, makeHome, runClient, runProgram, succeed } from '../run-client.ts'
import {
  addAuthorizationServer, addMcpServer, assertUntrusted, clientOf, json, startHonestPeer,
  startPeer,
} from '../peer.ts'
import { attack } from '../attacks/attack.ts'
import { authorizeAt } from './hostile.ts'

/** What would run something, leave the machine unencrypted, or aim the client at a network that is not the server's. */
const endpoints: readonly string[] = [
  'javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'about:blank', 'ftp://auth.example.com/',
  '--foo', '-oProxyCommand=touch', '$(touch evil)', '; touch evil', '|touch evil', 'calc.exe', '\\\\evil.example\\share', '//evil.example/authorize',
  'http://auth.example.com/authorize', 'http://10.0.0.1/', 'http://169.254.169.254/latest/meta-data', 'https://169.254.169.254/latest/meta-data',
  'https://10.0.0.1/', 'https://192.168.1.1/', 'https://172.16.0.1/', 'https://100.64.0.1/', 'https://0.0.0.0/', 'https://[::]/', 'https://[fd00::1]/',
  'https://[fe80::1]/', 'https://[::ffff:169.254.169.254]/', 'https://2852039166/', 'https://0xa9fea9fe/', 'https://0251.0376.0251.0376/',
  'https://10.1/', 'https://user@auth.example.com/', 'https://good.example\\@evil.example/', 'https://auth.example.com/#x', 'https://auth.example.com/ x',
  'https://auth.example.com/\nx', `https://auth.example.com/${'a'.repeat(100_000)}`,
]

describe('The client: hostile metadata', { concurrency: 8 }, () => {
  for (const url of endpoints) {
    for (const member of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'] as const) {
      attack(`names ${JSON.stringify(url).slice(0, 60)} as its ${member}, a URL that runs something or leads elsewhere`, 'endpoint-is-secure', async t => {
        const peer = await startHonestPeer(t, { metadata: { [member]: url } })
        await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
        assert.deepEqual([...peer.to('POST /register'), ...peer.to('POST /token'), ...peer.to('GET /authorize')], [])
      })
    }
  }

  for (const url of endpoints.filter(name => name !== '')) {
    attack(`names ${JSON.stringify(url).slice(0, 60)} as its authorization server`, 'endpoint-is-secure', async t => {
      const peer = await startHonestPeer(t, { resource: { authorization_servers: [url] } })
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    })
  }

  for (const url of ['file:///etc/passwd', 'http://169.254.169.254/latest', 'https://10.0.0.1/', 'http://evil.example/', '//evil.example/', '-x']) {
    attack(`names ${url} as its resource_metadata`, 'endpoint-is-secure', async t => {
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
    attack(`names ${url} as the URL that a browser opens`, 'endpoint-is-secure', async t => {
      const peer = await startHonestPeer(t, { metadata: { authorization_endpoint: url } })
      const home = await makeHome(t)
      const ended = await runProgram(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--trace'])
      assertEnds(ended, 5, /rule endpoint-is-secure/)
      assert.equal(await home.opened(), undefined)
      assert.deepEqual((await readdir(home.path)).filter(name => name === 'evil'), [])
    })
  }
})

describe('The authorization endpoint of a server', { concurrency: 8 }, () => {
  it('may have a query, which the client keeps (RFC 6749 section 3.1)', async t => {
    const peer = await startPeer(t)
    addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize?tenant=1&` } })
    addMcpServer(peer, peer.url)
    await succeed(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    const { query } = peer.to('GET /authorize')[0]!
    assert.deepEqual([query.get('tenant'), query.get('response_type')], ['1', 'code'])
  })

  for (const end of ['#', '#/', '#response_type=token', '?a=1#b']) {
    attack(`names an authorization endpoint with the fragment ${end} (RFC 6749 section 3.1)`, 'endpoint-is-secure', async t => {
      const peer = await startPeer(t)
      addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize${end}` } })
      addMcpServer(peer, peer.url)
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    })
  }

  attack('runs a shell command with its authorization endpoint, or passes the client secret to the browser', 'src/client/user-agent/browser.ts: shell: false, env', async t => {
    const peer = await startPeer(t)
    addAuthorizationServer(peer, { metadata: { authorization_endpoint: `${peer.url}/authorize?a=$(touch\${IFS}evil)&b=\`id\`&%22;touch+evil;%22` } })
    addMcpServer(peer, peer.url)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('require("node:fs").writeFileSync("seen", JSON.stringify([process.argv.length, process.env.MCP_CLIENT_SECRET ?? null])); await fetch(url)')
    const ended = await runProgram(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--client-id', 'c'], { BROWSER, MCP_CLIENT_SECRET: 'a-secret-of-the-client' })
    assert.equal(ended.code, 0, ended.stderr)
    assert.deepEqual(JSON.parse(await readFile(join(home.path, 'seen'), 'utf8')), [3, null])
    assert.deepEqual((await readdir(home.path)).filter(name => name === 'evil'), [])
  })

  attack('requests more scopes than fit on a command line', 'src/client/user-agent/browser.ts: if the URL is too long', async t => {
    const scopes_supported = Array.from({ length: 50_000 }, (_, i) => `scope:${i}`)
    const { ended, home } = await authorizeAt(t, { resource: { scopes_supported } }, '--trace')
    assertEnds(ended, 5, /it is longer than 8000 characters/)
    assert.equal(await home.opened(), undefined)
  })

  attack('rejects every token to open one browser tab after another', 'src/client/user-agent/browser.ts: const maxVisits = 3', async t => {
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

describe('The client survives a token response', { concurrency: 8 }, () => {
  for (const [what, tokens] of [
    ['a lifetime that no Date can hold', { expires_in: 1e300 }], ['a lifetime as a string of 300 digits', { expires_in: '9'.repeat(300) }],
    ['a scope of a megabyte', { scope: 'x'.repeat(1e6) }], ['members of other types', { scope: {}, id_token: [] }],
  ] as const) {
    it(`with ${what}`, async t => {
      const { home, ended } = await authorizeAt(t, { tokens })
      assert.ok(ended.code === 0 || ended.code === 5, ended.stderr)
      await succeed(t, home, ['--list-clients'])
    })
  }

  for (const [what, tokens, member] of [
    ['a line break in the access token', { access_token: 'a\r\nx-evil: 1' }, 'access_token'], ['an access token of 60 kB', { access_token: 'a'.repeat(60_000) }, 'access_token'],
    ['a refresh token that is not a string', { refresh_token: { a: 1 } }, 'refresh_token'],
  ] as const) {
    it(`but rejects one with ${what}`, async t => {
      const { ended, home } = await authorizeAt(t, { tokens })
      assertEnds(ended, 5, new RegExp(`no usable ${member}`))
      assert.deepEqual((await home.stored()).servers, {})
    })
  }

  it('to a registration with a line break in its token', async t => {
    const { home, peer, ended } = await authorizeAt(t, { registration: { registration_client_uri: 'https://a.example/r', registration_access_token: 'a\r\nb' } })
    assert.equal(ended.code, 0, ended.stderr)
    await succeed(t, home, ['--remove-client', peer.url])
  })
})
