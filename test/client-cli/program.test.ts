/** Runs the client as a process, for what only a process can show. The other tests run it in their own process. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { version } from '../../src/base/config/version.ts'
import { assertEnds, authorized, decideAt, makeHome, runProgram, startProgram, type Ended } from '../run-client.ts'
import { startServer, type TestContext } from '../harness.ts'
import { addOpenServer, html, result, startHonestPeer, startPeer, type Method } from '../peer.ts'

describe('node client.js', { concurrency: 2 }, () => {
  it('prints its usage', async t => {
    const { code, stdout } = await runProgram(t, await makeHome(t), ['--help'])
    assert.match(stdout, /^Usage: [^]*--demo[^]*--explain RULE[^]*Exit codes/)
    assert.equal(code, 0)
  })

  it('prints its version', async t => {
    assert.deepEqual(await runProgram(t, await makeHome(t), ['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('authorizes in a browser, keeps its storage in the current folder for its owner alone, and lists the tools', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const BROWSER = await home.writeBrowser('await fetch(url)')
    const authorization = await runProgram(t, home, ['--server-url', server.url, '--authorize'], { BROWSER })
    assert.equal(authorization.code, 0, authorization.stderr)
    assert.equal((await stat(home.storage)).mode & 0o777, 0o600)
    assert.deepEqual((await readdir(home.path)).filter(name => name.startsWith('.')), ['.mcp_clients.json'])
    const { code, stdout } = await runProgram(t, home, ['--server-url', server.url, '--list-tools'])
    assert.equal(code, 0)
    assert.match(stdout, /^get_weather\t/m)
  })

  it('accepts a callback that is pasted into its standard input', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const client = startProgram(t, await makeHome(t), ['--server-url', server.url, '--authorize', '--headless'])
    const [, url] = await client.says(/^ {2}(http:\S+)$/m)
    client.write(await decideAt(server, url!, 'approve'))
    assert.equal((await client.ended).code, 0)
  })

  it('refreshes once if five processes find the access token expired at the same time', async t => {
    const { server, home } = await authorized(t, { DEBUG: 'true', LOG_LEVEL: 'debug', OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    server.advance(4000)
    const runs = await Promise.all(Array.from({ length: 5 }, () => runProgram(t, home, ['--server-url', server.url, '--list-tools'])))
    assert.deepEqual(runs.map(({ code }) => code), [0, 0, 0, 0, 0])
    assert.equal(server.log.filter(line => line.includes('"path":"/oauth/token"')).length, 2)
  })

  it('ends without an error if its reader goes away', async t => {
    const { server, home } = await authorized(t)
    const { child } = startProgram(t, home, ['--server-url', server.url, '--list-tools'])
    child.stdout!.destroy()
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  /** Calls a tool of a peer that asks for no token. */
  async function call(t: TestContext, method: Method): Promise<Ended> {
    const peer = await startPeer(t)
    addOpenServer(peer, { 'tools/call': method })
    return runProgram(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--call-tool', 'echo'])
  }

  it('ends with 1 if a file cannot be used', async t => {
    const home = await makeHome(t)
    assertEnds(await runProgram(t, home, ['--list-clients', '--storage', home.path]), 1, /cannot be used: it is a directory$/m)
  })

  it('ends with 2 without a command', async t => {
    assertEnds(await runProgram(t, await makeHome(t), []), 2, /^Error: no command given\n {2}Start with --demo, or see --help for all commands\.\n$/)
  })

  it('ends with 3 without tokens', async t => {
    const server = await startServer(t)
    assertEnds(await runProgram(t, await makeHome(t), ['--server-url', server.url, '--list-tools']), 3, /Run --authorize first/)
  })

  it('ends with 4 if the authorization server refuses', async t => {
    const peer = await startHonestPeer(t, { response: { code: null, error: 'access_denied' } })
    assertEnds(await runProgram(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless']), 4, /access_denied/)
  })

  it('ends with 5 if a check fails', async t => {
    assertEnds(await call(t, html()), 5, /rule answer-is-json-rpc/)
  })

  it('ends with 6 if the server cannot be reached', async t => {
    const peer = await startPeer(t)
    await peer.close()
    assertEnds(await runProgram(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--call-tool', 'echo']), 6, /cannot be reached: ECONNREFUSED/)
  })

  it('ends with 7 if the tool reports an error, which it prints', async t => {
    const { code, stdout } = await call(t, ({ id }) => result(id, { content: [{ type: 'text', text: 'no such city' }], isError: true }))
    assert.deepEqual({ code, stdout }, { code: 7, stdout: 'no such city\n' })
  })
})
