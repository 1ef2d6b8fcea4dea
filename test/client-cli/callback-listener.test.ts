import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { PendingAuthorization } from '../../src/core/client/authorization-request.ts'
import { CallbackListener } from '../../src/client/user-agent/callback-listener.ts'
import type { TestContext } from '../harness.ts'
import { assertFails } from '../peer.ts'

async function listen(t: TestContext, host = '127.0.0.1', port = 0): Promise<CallbackListener> {
  const listener = await CallbackListener.open(host, port)
  t.after(() => listener.close())
  return listener
}

function pendingFor({ redirect_uri }: CallbackListener, changes: Partial<PendingAuthorization> = {}): PendingAuthorization {
  return {
    url: 'https://auth.example.com/authorize', redirect_uri, state: 'the-state', code_verifier: 'the-verifier',
    issuer: 'https://auth.example.com', issuerIsPromised: true, ...changes,
  }
}

/** Visits the redirect URI with `query`, as a browser does. */
async function visit({ redirect_uri }: CallbackListener, query: string): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`${redirect_uri}${query}`)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const right = '?code=the-code&state=the-state&iss=https%3A%2F%2Fauth.example.com'

describe('CallbackListener', () => {
  it('listens on a free port of 127.0.0.1 (RFC 8252 section 7.3)', async t => {
    assert.match((await listen(t)).redirect_uri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  })

  it('returns the parameters of the response and tells the user to go back to the terminal', async t => {
    const listener = await listen(t)
    const response = listener.receive(pendingFor(listener))
    const { status, text } = await visit(listener, right)
    assert.equal(status, 200)
    assert.match(text, /You can close this page/)
    assert.equal((await response).get('code'), 'the-code')
  })

  it('listens on localhost', async t => {
    const listener = await listen(t, 'localhost')
    const response = listener.receive(pendingFor(listener))
    assert.match(listener.redirect_uri, /^http:\/\/localhost:\d+\/callback$/)
    await visit(listener, right)
    assert.equal((await response).get('code'), 'the-code')
  })

  const strays: readonly (readonly [string, string])[] = [
    ['no parameters', ''],
    ['another state', '?code=forged&state=other&iss=https%3A%2F%2Fauth.example.com'],
    ['no state', '?code=forged'],
    ['an error with another state', '?error=access_denied&state=other'],
    ['the state twice', '?code=forged&state=the-state&state=the-state'],
  ]
  for (const [what, query] of strays) {
    it(`rejects a callback with ${what} and keeps waiting (RFC 6749 section 10.12)`, async t => {
      const listener = await listen(t)
      const response = listener.receive(pendingFor(listener))
      assert.equal((await visit(listener, query)).status, 400)
      await visit(listener, right)
      assert.equal((await response).get('code'), 'the-code')
    })
  }

  it('rejects a callback that arrives before the authorization request', async t => {
    const listener = await listen(t)
    assert.equal((await visit(listener, right)).status, 400)
    const response = listener.receive(pendingFor(listener))
    await visit(listener, right)
    assert.equal((await response).get('code'), 'the-code')
  })

  for (const [what, path, init] of [
    ['another path', '/favicon.ico', {}], ['a longer path', '/callback/x', {}], ['a POST', '/callback', { method: 'POST' }],
  ] as const) {
    it(`answers ${what} with 404 and keeps waiting`, async t => {
      const listener = await listen(t)
      const response = listener.receive(pendingFor(listener))
      const { status } = await fetch(`${new URL(path, listener.redirect_uri)}${right}`, init)
      assert.equal(status, 404)
      await visit(listener, right)
      await response
    })
  }

  it('shows the error of the authorization server as plain text', async t => {
    const listener = await listen(t)
    const response = listener.receive(pendingFor(listener))
    const query = '?error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E&state=the-state&iss=https%3A%2F%2Fauth.example.com'
    const { text } = await visit(listener, query)
    assert.match(text, /access_denied: &lt;b&gt;no&lt;\/b&gt;/)
    assert.equal((await response).get('error'), 'access_denied')
  })

  for (const [what, iss] of [['another iss', '&iss=https%3A%2F%2Fevil.example'], ['no iss where it is announced', '']] as const) {
    it(`does not show an error that comes with ${what} (MCP 2026-07-28 basic/authorization, Authorization Response Validation)`, async t => {
      const listener = await listen(t)
      const response = listener.receive(pendingFor(listener))
      const { text } = await visit(listener, `?error=evil_error&error_description=evil%20text&state=the-state${iss}`)
      assert.equal(/evil|not granted/.test(text), false, text)
      await response
    })
  }

  it('says who denied the request, and what to do', async t => {
    const listener = await listen(t)
    const response = listener.receive(pendingFor(listener))
    const { text } = await visit(listener, '?error=access_denied&state=the-state&iss=https%3A%2F%2Fauth.example.com')
    assert.match(text, /access_denied: no reason given/)
    assert.match(text, /<strong>https:\/\/auth\.example\.com<\/strong>/)
    assert.match(text, /run the command in the terminal again/)
    await response
  })

  it('says that it does not use a response from another issuer (RFC 9207 section 2.4)', async t => {
    const listener = await listen(t)
    const response = listener.receive(pendingFor(listener))
    const { status, text } = await visit(listener, '?code=the-code&state=the-state&iss=https%3A%2F%2Fevil.example')
    assert.equal(status, 400)
    assert.match(text, /The client rejected this answer/)
    await response
  })

  it('says what to do about a stray response', async t => {
    const { text } = await visit(await listen(t), '?code=forged&state=other')
    assert.match(text, /Continue in the page that the client opened last/)
  })

  it('shows a page that runs no script, is not cached and does not leak the code (RFC 9700 section 4.2.4)', async t => {
    const listener = await listen(t)
    const response = listener.receive(pendingFor(listener))
    const { headers, text } = await visit(listener, right)
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(text.includes('the-code'), false)
    await response
  })

  it('releases its port at once', async t => {
    const listener = await listen(t)
    const port = Number(new URL(listener.redirect_uri).port)
    await listener.close()
    assert.equal((await listen(t, '127.0.0.1', port)).redirect_uri, listener.redirect_uri)
  })

  it('stops waiting after five minutes, and suggests --headless', async t => {
    const listener = await listen(t)
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const response = listener.receive(pendingFor(listener))
    t.mock.timers.tick(300_000)
    const { message, remedy } = await assertFails(response, { exitCode: 3 })
    assert.equal(message, 'the browser did not come back within five minutes')
    assert.match(remedy ?? '', /--headless/)
  })

  it('says that a fixed port is in use, and what to do', async t => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    t.after(() => new Promise<void>(resolve => { other.close(() => resolve()) }))
    const { port } = other.address() as AddressInfo
    const { message, remedy } = await assertFails(listen(t, '127.0.0.1', port), { exitCode: 1 })
    assert.equal(message, `port ${port} of 127.0.0.1 is used by another program`)
    assert.match(remedy ?? '', /--callback-port/)
  })
})
