import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import type { PendingAuthorization } from '../../src/core/client/authorization-request.ts'
import { followRedirects, HeadlessUserAgent } from '../../src/client/user-agent/headless.ts'
import { Trace } from '../../src/base/client/trace.ts'
import { assertFails, assertRefusal, assertUntrusted, html, json, record, redirectTo, startPeer, type Peer } from '../peer.ts'

const redirect_uri = 'http://127.0.0.1:53682/callback'

function pendingAt({ url }: Peer): PendingAuthorization {
  return {
    url: `${url}/authorize?state=the-state`, redirect_uri, state: 'the-state', code_verifier: 'the-verifier', issuer: url,
    issuerIsPromised: false,
  }
}

describe('followRedirects()', () => {
  it('reads the response from the redirect without requesting the redirect URI', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', redirectTo(`${redirect_uri}?code=the-code&state=the-state`))
    const response = await followRedirects(pendingAt(peer), new Trace())
    assert.deepEqual([...response ?? []], [['code', 'the-code'], ['state', 'the-state']])
    assert.equal(peer.received.length, 1)
  })

  for (const status of [301, 302, 303, 307]) {
    it(`follows a redirect of status ${status} at the authorization server`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /authorize', redirectTo('/login?step=1', status))
      peer.on('GET /login', redirectTo(`${redirect_uri}?code=the-code`))
      assert.equal((await followRedirects(pendingAt(peer), new Trace()))?.get('code'), 'the-code')
      assert.deepEqual(peer.targets(), ['GET /authorize', 'GET /login'])
    })
  }

  it('drops the fragment of a redirect (RFC 9110 section 10.2.2)', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', redirectTo('/login#top'))
    peer.on('GET /login', html())
    assert.equal(await followRedirects(pendingAt(peer), new Trace()), undefined)
  })

  it('returns undefined if the server shows a page', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', html())
    assert.equal(await followRedirects(pendingAt(peer), new Trace()), undefined)
  })

  it('reports an OAuth error of the authorization endpoint (RFC 6749 section 4.1.2.1)', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', json({ error: 'invalid_request', error_description: 'redirect_uri is unknown' }, 400))
    await assertRefusal(followRedirects(pendingAt(peer), new Trace()), 'authorization-is-granted', 'invalid_request')
  })

  it('returns undefined if a later page rejects a visitor without cookies', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', redirectTo('/interaction/1'))
    peer.on('GET /interaction/1', json({ error: 'invalid_request', error_description: 'session not found' }, 400))
    assert.equal(await followRedirects(pendingAt(peer), new Trace()), undefined)
  })

  it('stops after ten redirects', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', redirectTo('/authorize'))
    await assertFails(followRedirects(pendingAt(peer), new Trace()), { exitCode: 4 })
    assert.equal(peer.received.length, 10)
  })

  for (const location of ['http://auth.example.com/login', 'javascript:alert(1)', 'file:///etc/passwd', 'http://']) {
    it(`does not follow a redirect to ${location} (OAuth 2.1 section 1.5)`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /authorize', redirectTo(location))
      await assertUntrusted(followRedirects(pendingAt(peer), new Trace()), 'endpoint-is-secure')
    })
  }

  it('does not reveal the code of a redirect to somewhere else', async t => {
    const peer = await startPeer(t)
    peer.on('GET /authorize', redirectTo('http://elsewhere.example/callback?code=the-secret-code'))
    const { trace, verdicts, exchanges } = record()
    const { message } = await assertUntrusted(followRedirects(pendingAt(peer), trace), 'endpoint-is-secure')
    assert.equal(JSON.stringify([message, verdicts, exchanges]).includes('the-secret-code'), false)
  })
})

describe('HeadlessUserAgent', () => {
  const input = Readable.from([])
  const write = (): void => {}

  it('reuses the redirect URI of an earlier registration', async () => {
    const { redirect_uri: chosen } = await new HeadlessUserAgent({ input, write }).begin('http://127.0.0.1:4000/callback')
    assert.equal(chosen, 'http://127.0.0.1:4000/callback')
  })

  it('prefers the redirect URI of its options', async () => {
    const agent = new HeadlessUserAgent({ input, write, redirect_uri: 'http://127.0.0.1:5000/callback' })
    assert.equal((await agent.begin('http://127.0.0.1:4000/callback')).redirect_uri, 'http://127.0.0.1:5000/callback')
  })

  it('falls back to a redirect URI on loopback (RFC 8252 section 7.3)', async () => {
    assert.equal((await new HeadlessUserAgent({ input, write }).begin(undefined)).redirect_uri, redirect_uri)
  })
})
