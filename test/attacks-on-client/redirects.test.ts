/** Redirects that would carry secrets to somebody else. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { makeHome, runClient, succeed, type Home } from '../run-client.ts'
import type { TestContext } from '../harness.ts'
import {
  assertUntrusted, clientOf, redirectTo, startHonestPeer, startPeer, type AuthorizationServerPeer,
  type Peer,
} from '../peer.ts'
import { attack } from '../attacks/attack.ts'

describe('The client: redirects', { concurrency: 8 }, () => {
  /** A peer that takes what is not meant for it. */
  async function withThief(t: TestContext): Promise<{ peer: Peer & AuthorizationServerPeer; thief: Peer; home: Home }> {
    return { peer: await startHonestPeer(t), thief: await startPeer(t), home: await makeHome(t) }
  }

  for (const status of [301, 302, 303, 307, 308]) {
    for (const target of ['POST /token', 'POST /register', 'GET /.well-known/oauth-authorization-server', 'POST /mcp']) {
      attack(`redirects ${target} with ${status} to a thief`, 'src/base/client/redirect.ts: target.origin !== new URL(url).origin', async t => {
        const [peer, thief] = [await startHonestPeer(t), await startPeer(t)]
        peer.on(target, redirectTo(`${thief.url}/stolen`, status))
        const work = clientOf(peer.url).authorizer.authorize()
        await (target === 'POST /mcp' ? work : assert.rejects(work, { name: /Error$/ }))
        assert.deepEqual(thief.targets(), [])
      })
    }
  }

  attack('redirects a request that carries an access token', 'src/base/client/redirect.ts: target.origin !== new URL(url).origin', async t => {
    const { peer, thief, home } = await withThief(t)
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    for (const target of ['POST /mcp', 'GET /mcp']) peer.on(target, redirectTo(`${thief.url}/stolen`, 307))
    for (const args of [['--list-tools'], ['--call-tool', 'echo']]) {
      assert.notEqual((await runClient(t, home, ['--server-url', `${peer.url}/mcp`, ...args])).code, 0)
    }
    assert.deepEqual(thief.targets(), [])
  })

  attack('redirects a request that carries a refresh token', 'src/base/client/redirect.ts: target.origin !== new URL(url).origin', async t => {
    const { peer, thief, home } = await withThief(t)
    await succeed(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
    peer.on('POST /token', redirectTo(`${thief.url}/stolen`, 307))
    const before = await home.stored()
    assert.notEqual((await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--refresh'])).code, 0)
    assert.deepEqual(thief.targets(), [])
    assert.deepEqual(await home.stored(), before)
  })

  attack('redirects from the authorization endpoint to a file or a script', 'endpoint-is-secure', async t => {
    for (const location of ['file:///etc/passwd', 'javascript:alert(1)', 'http://169.254.169.254/', 'https://10.0.0.1/']) {
      const peer = await startHonestPeer(t)
      peer.on('GET /authorize', redirectTo(location))
      await assertUntrusted(clientOf(peer.url).authorizer.authorize(), 'endpoint-is-secure')
    }
  })
})
