/** One authorization server in the place of another. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertEnds, makeHome, runClient, succeed } from '../run-client.ts'
import { addAuthorizationServer, addMcpServer, assertUntrusted, clientOf, startHonestPeer, startPeer } from '../peer.ts'
import { attack } from '../attacks/attack.ts'
import { authorizeAt } from './hostile.ts'

describe('The client: mix-up of two authorization servers (RFC 9207 section 2.4)', { concurrency: 8 }, () => {
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
    it(`${rule === undefined ? 'continues' : 'stops'} if ${what}`, async t => {
      const response = iss === undefined ? {} : { iss }
      const peer = await startHonestPeer(t, { metadata: { authorization_response_iss_parameter_supported: promised }, response })
      const work = clientOf(peer.url).authorizer.authorize()
      await (rule === undefined ? work : assertUntrusted(work, rule))
      assert.equal(peer.to('POST /token').length, rule === undefined ? 1 : 0)
    })
  }

  attack('sends an error to the callback on behalf of another issuer', 'issuer-of-response-matches', async t => {
    const response = { code: null, iss: 'https://honest.example', error: 'evil', error_description: 'evil', error_uri: 'https://evil.example' }
    const { ended } = await authorizeAt(t, { response })
    assertEnds(ended, 5, /rule issuer-of-response-matches/)
    assert.doesNotMatch(ended.stderr, /evil/)
  })

  for (const [what, issuer] of [['another issuer', 'https://honest.example'], ['a slash more', '/']] as const) {
    attack(`serves metadata that names ${what} (RFC 8414 section 3.3)`, 'issuer-is-identical', async t => {
      const peer = await startPeer(t)
      addAuthorizationServer(peer, { metadata: { issuer: issuer === '/' ? `${peer.url}/` : issuer } })
      addMcpServer(peer, peer.url)
      const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless'])
      assertEnds(ended, 5, /rule issuer-is-identical/)
      assert.equal(peer.to('POST /register').length, 0)
    })
  }

  attack('names itself as the authorization server to get the secret of a client', 'credentials-belong-to-issuer', async t => {
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

  attack('waits for the tokens and the registration of another server', 'src/core/client/token-keeper.ts: (await this.options.storage.read()).servers', async t => {
    const honest = await startHonestPeer(t)
    const attacker = await startHonestPeer(t)
    const home = await makeHome(t)
    for (const { url } of [honest, attacker]) await succeed(t, home, ['--server-url', `${url}/mcp`, '--authorize', '--headless'])
    const { registrations } = await home.stored()
    const received = JSON.stringify(attacker.received)
    for (const secret of [...honest.secrets, registrations[honest.url]!.client_id]) assert.equal(received.includes(secret), false)
  })
})
