import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertEnds, makeHome, runClient, secretsOf, succeed } from '../run-client.ts'
import { startServer } from '../harness.ts'
import { addAuthorizationServer, addMcpServer, json, startHonestPeer, startPeer } from '../peer.ts'

describe('client --trace', { concurrency: 4 }, () => {
  it('shows every exchange with its checks, and no secret', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout, stderr } = await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless', '--trace'])
    for (const line of [
      '> GET http://localhost', '< 401', '> POST http://localhost', '< 201', '< 302', '> grant_type=authorization_code', '✓ issuer-is-identical',
      '✓ pkce-is-advertised', '✓ state-is-ours', '✓ issuer-of-response-matches', 'sha256:',
    ]) assert.ok(stderr.includes(line), `${line} in\n${stderr}`)
    for (const secret of secretsOf(await home.stored())) assert.equal(`${stdout}${stderr}`.includes(secret), false)
  })

  it('shows the failed check and the difference', async t => {
    const peer = await startPeer(t)
    addAuthorizationServer(peer, { metadata: { issuer: `${peer.url}/` } })
    addMcpServer(peer, peer.url)
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
    assertEnds(ended, 5, new RegExp([
      '✗ issuer-is-identical {2}\\[RFC 8414 section 3\\.3\\] {2}failed', ` +received +${peer.url}/`, ' +\\^', ` +expected +${peer.url}`, ' +\\^',
      ' +difference +it has an extra slash at the end',
    ].join('\\n')))
  })

  it('shows the error that the token endpoint sent', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /token', json({ error: 'invalid_grant', error_description: 'code is expired' }, 400))
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
    assertEnds(ended, 4, /✗ tokens-are-granted {2}\[RFC 6749 section 5\.2\] {2}failed\n +received +the token endpoint refused: invalid_grant: code is expired/)
  })

  it('writes no colours if the output is not a terminal', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const { stdout, stderr } = await succeed(t, home, ['--demo', '--server-url', server.url, '--trace'])
    assert.equal(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(`${stdout}${stderr}`), false)
  })
})
