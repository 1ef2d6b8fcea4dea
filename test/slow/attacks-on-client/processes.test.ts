/** Many processes of the client at once, on one storage. Each takes a third of a second of computing to start. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { attack } from '../../attacks/attack.ts'
import { startHonestPeer } from '../../peer.ts'
import { authorized, makeHome, runProgram, succeed } from '../../run-client.ts'

describe('The client: many processes', () => {
  attack('makes twenty processes refresh at once, to log all of them out', 'src/client/storage/file-storage.ts: .refreshing`, work)', async t => {
    const { server, home } = await authorized(t, { OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--hammer-refresh', '20'])
    assert.match(stdout, /processes: 20, token requests: 1, processes with tokens: 20, different refresh tokens: 1\n/)
    assert.match(stdout, /\nPASSED: nobody was logged out\n$/)
    assert.equal((stdout.match(/ works$/gm) ?? []).length, 20)
    await succeed(t, home, ['--server-url', server.url, '--list-tools'])
  })

  it('stay logged in if twenty refresh with the same token, each on its own, at a server with a reuse window', async t => {
    const { server, home } = await authorized(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--hammer-refresh', '20', '--raw'])
    assert.match(stdout, /token requests: 20, processes with tokens: 20, different refresh tokens: 1\n/)
    await succeed(t, home, ['--server-url', server.url, '--list-tools'])
  })

  attack('makes ten processes store at once, to lose what the others stored', 'src/client/storage/file-storage.ts: .writing`, async lease', async t => {
    const home = await makeHome(t)
    const peers = await Promise.all(Array.from({ length: 10 }, () => startHonestPeer(t)))
    const runs = await Promise.all(peers.map(({ url }) => runProgram(t, home, ['--server-url', `${url}/mcp`, '--authorize', '--headless'])))
    assert.deepEqual(runs.filter(({ code }) => code !== 0), [])
    const { servers } = await home.stored()
    assert.equal(Object.keys(servers).length, 10)
    assert.deepEqual((await readdir(home.path)).filter(name => name.startsWith('.mcp_clients')), ['.mcp_clients.json'])
  })
})
