import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { makeHome, runProgram, succeed } from '../run-client.ts'
import { startServer } from '../harness.ts'
import { startHonestPeer } from '../peer.ts'

describe('client --demo', { concurrency: 4 }, () => {
  // Another program may listen on the default port of this machine. The client that a test starts finds nobody there.
  const nobodyAtDefault = `--import=data:text/javascript,${encodeURIComponent(`
    import http from 'node:http'
    import { syncBuiltinESMExports } from 'node:module'
    const real = http.request
    http.request = (url, options) => real(url.startsWith('http://localhost:8000/') ? 'http://127.0.0.1:1/' : url, options)
    syncBuiltinESMExports()
  `)}`

  it('runs the whole flow against a server of its own, and stores nothing', async t => {
    const home = await makeHome(t)
    const { code, stdout, stderr } = await runProgram(t, home, ['--demo'], { NODE_OPTIONS: nobodyAtDefault })
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.match(stdout, /^No server at http:\/\/localhost:8000: started one at http:\/\/localhost:\d+\n/)
    assert.match(stdout, /\nDone: the whole flow works\.\n$/)
    await assert.rejects(stat(home.storage), { code: 'ENOENT' })
    assert.equal(await home.opened(), undefined)
  })

  it('numbers its steps and cites the specification for each', async t => {
    const server = await startServer(t)
    const { stdout } = await succeed(t, await makeHome(t), ['--demo', '--server-url', server.url])
    const steps = [...stdout.matchAll(/^(\d+)\. (.+?) {2}\[(.+)\]$/gm)].map(([, number, title]) => `${number} ${title}`)
    assert.deepEqual(steps.slice(0, 11), [
      '1 Ask the server which versions it supports', '2 Read the protected resource metadata', '3 Read the authorization server metadata',
      '4 Register the client', '5 Ask the user', '6 Exchange the code for tokens', '7 List the tools', '8 Call get_weather', '9 Call list_files',
      '10 Call get_user_profile', '11 Refresh the access token',
    ])
  })

  it('uses the server given by --server-url', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout } = await succeed(t, home, ['--demo', '--server-url', server.url])
    assert.match(stdout, new RegExp(`^Using the server at ${server.url}\n`))
    assert.deepEqual(Object.keys((await home.stored()).servers), [`${server.url}/mcp`])
  })

  it('works with a server that has none of the demonstration tools', async t => {
    const peer = await startHonestPeer(t)
    const { stdout } = await succeed(t, await makeHome(t), ['--demo', '--server-url', `${peer.url}/mcp`])
    assert.match(stdout, /\nDone: /)
  })
})
