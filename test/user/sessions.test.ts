import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import { hashPassword } from '../../src/base/config/password.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import { Users } from '../../src/base/config/users.ts'
import { parseUsers } from '../../src/base/config/users-file.ts'
import {
  assertRedirectedError, assertRefused, authorizationParameters, decide, get, openConsent, openPage, postForm, register,
  signIn, startServer, withCookies, type Members, type Page, type TestContext, type TestServer,
} from '../harness.ts'

const password_hash = await hashPassword('correct horse', { ln: 14, r: 8, p: 1 })

const users = (): Users => parseUsers(JSON.stringify(['ada', 'eve'].map(username => (
  { sub: `user-${username}`, username, name: `User ${username}`, email: `${username}@example.com`, password_hash }))))

/** A server whose users have passwords, and its sign-in page. */
async function open(t: TestContext, env: Record<string, string> = {}): Promise<{ server: TestServer; page: Page }> {
  const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false', ...env }, { users: users() })
  return { server, page: await openPage(`${server.url}/sign-in`) }
}

function submit(
  server: TestServer, { csrf_token, cookie }: Page, changes: Members = {}, headers: Record<string, string> = {},
): Promise<Response> {
  const form = { csrf_token, username: 'ada', password: 'correct horse', ...changes }
  return postForm(`${server.url}/sign-in`, form, { cookie, ...headers })
}

/** Whether the cookies are those of somebody who is signed in. */
async function isSignedIn(server: TestServer, cookie: string): Promise<boolean> {
  return (await (await get(`${server.url}/account`, { cookie, accept: 'text/html' })).text()).includes('Your account</h1>')
}

describe('The session of a browser', () => {
  it('has an HttpOnly, SameSite cookie', async t => {
    const { server, page } = await open(t)
    const cookie = (await submit(server, page)).headers.get('set-cookie')!
    assert.match(cookie, /^session=[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/)
  })

  it('has a Secure __Host- cookie if SERVER_URL is https (RFC 6265bis section 4.1.3)', async t => {
    const { server, page } = await open(t, { SERVER_URL: 'https://mcp.example.com' })
    assert.match((await submit(server, page)).headers.get('set-cookie')!, /^__Host-session=.*; Path=\/; .*; Secure$/)
  })

  it('gets a new id at each sign-in, and the old one ends', async t => {
    const { server, page } = await open(t)
    const cookie = withCookies(page.cookie, await submit(server, page))
    const query = authorizationParameters(await register(server), createCodeVerifier(), { prompt: 'login' })
    const again = await openPage(`${server.url}/oauth/authorize?${query}`, { cookie })
    const later = withCookies(again.cookie, await submit(server, again))
    assert.notEqual(later, cookie)
    assert.deepEqual([await isSignedIn(server, cookie), await isSignedIn(server, later)], [false, true])
  })

  it('never uses an id that was planted before (session fixation)', async t => {
    const { server, page } = await open(t)
    const planted = `${page.cookie}; session=${'x'.repeat(43)}.${'y'.repeat(43)}`
    const response = await submit(server, { ...page, cookie: planted })
    assert.equal(response.headers.get('set-cookie')!.includes('x'.repeat(43)), false)
    assert.equal(await isSignedIn(server, planted), false)
  })

  it('is rejected with another signature', async t => {
    const server = await startServer(t)
    const cookie = await signIn(server)
    assert.equal(await isSignedIn(server, cookie), true)
    assert.equal(await isSignedIn(server, cookie.slice(0, -1) + (cookie.endsWith('A') ? 'E' : 'A')), false)
  })

  it('survives a key rotation, as long as the old key is configured', async t => {
    const old = 'another test key of 32 bytes or more that was used before'
    const store = createStore()
    const before = await startServer(t, { JWT_SECRET_KEY: old }, { store })
    const cookie = await signIn(before)
    assert.equal(await isSignedIn(await startServer(t, { JWT_PREVIOUS_SECRET_KEYS: old }, { store }), cookie), true)
    assert.equal(await isSignedIn(await startServer(t, {}, { store }), cookie), false)
  })

  it('ends after twelve hours, whatever the cookie says', async t => {
    const server = await startServer(t)
    const cookie = await signIn(server)
    server.advance(43_190)
    assert.equal(await isSignedIn(server, cookie), true)
    server.advance(10)
    assert.equal(await isSignedIn(server, cookie), false)
  })

  it('ends when the user is removed', async t => {
    const store = createStore()
    const cookie = await signIn(await startServer(t, {}, { store }))
    assert.equal(await isSignedIn(await startServer(t, {}, { store, users: users() }), cookie), false)
  })
})

describe('POST /sign-out', () => {
  it('ends the session in the browser and on the server', async t => {
    const server = await startServer(t)
    const { csrf_token, cookie } = await openPage(`${server.url}/account`, { cookie: await signIn(server) })
    const response = await postForm(`${server.url}/sign-out`, { csrf_token, return_to: '/' }, { cookie })
    assert.deepEqual([response.status, response.headers.get('location')], [303, '/'])
    assert.match(response.headers.get('set-cookie')!, /^session=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax$/)
    assert.equal(await isSignedIn(server, cookie), false)
  })

  it('rejects a form from another site (RFC 6749 section 10.12)', async t => {
    const server = await startServer(t)
    const { csrf_token, cookie } = await openPage(`${server.url}/account`, { cookie: await signIn(server) })
    const response = await postForm(`${server.url}/sign-out`, { csrf_token }, { cookie, 'sec-fetch-site': 'cross-site' })
    await assertRefused(response, 'form-is-from-this-site', 'access_denied', 403)
    assert.equal(await isSignedIn(server, cookie), true)
  })

  it('rejects a form from before sign-in (RFC 6749 section 10.12)', async t => {
    const server = await startServer(t)
    const page = await openPage(`${server.url}/sign-in`)
    const cookie = withCookies(page.cookie, await submit(server, page, { username: 'demo' }))
    const response = await postForm(`${server.url}/sign-out`, { csrf_token: page.csrf_token }, { cookie })
    await assertRefused(response, 'form-belongs-to-browser', 'access_denied', 403)
  })

  it('lets another user decide on the same request', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const page = await openConsent(server, await register(server))
    const return_to = /name="return_to" value="([^"]+)"/.exec(page.html)![1]!.replaceAll('&amp;', '&')
    const out = await postForm(`${server.url}/sign-out`, { csrf_token: page.csrf_token, return_to }, { cookie: page.cookie })
    const asked = await openPage(`${server.url}${out.headers.get('location')}`, { cookie: withCookies(page.cookie, out) })
    assert.match(asked.html, /Sign in as Guest User/)
    const response = await submit(server, asked, { username: 'guest', password: undefined, return_to })
    const { html } = await openPage(`${server.url}${response.headers.get('location')}`, { cookie: withCookies(asked.cookie, response) })
    assert.match(html, /Guest User <span class="muted">guest@example\.com/)
    // The page of the user before is worth nothing any more.
    const late = await decide(server, page, {}, { cookie: withCookies(asked.cookie, response) })
    await assertRefused(late, 'consent-belongs-to-user', 'access_denied', 403)
  })
})

describe('GET /oauth/authorize, prompt', () => {
  const ask = async (t: TestContext, prompt: string) => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const query = authorizationParameters(await register(server), createCodeVerifier(), { prompt })
    const url = `${server.url}/oauth/authorize?${query}`
    return { server, url, cookie: await signIn(server) }
  }
  for (const prompt of ['login', 'select_account', 'consent login']) {
    it(`${prompt}: a signed-in user signs in again, once (OpenID Connect Core 1.0 section 3.1.2.1)`, async t => {
      const { server, url, cookie } = await ask(t, prompt)
      const page = await openPage(url, { cookie, 'sec-fetch-site': 'none' })
      assert.match(page.html, /<h1>Sign in<\/h1>/)
      const return_to = /name="return_to" value="([^"]+)"/.exec(page.html)![1]!.replaceAll('&amp;', '&')
      assert.equal(new URLSearchParams(return_to.split('?')[1]).get('prompt'), prompt.includes('consent') ? 'consent' : null)
      const response = await submit(server, page, { username: 'demo', password: undefined, return_to })
      const next = await openPage(`${server.url}${response.headers.get('location')}`, { cookie: withCookies(page.cookie, response) })
      assert.match(next.html, /name="decision"/)
    })
  }

  it('consent: survives sign-in after an empty prompt (RFC 6749 section 3.1)', async t => {
    const { url } = await ask(t, '')
    const page = await openPage(`${url}&prompt=&prompt=consent`, { 'sec-fetch-site': 'none' })
    assert.match(page.html, /name="return_to" value="[^"]*prompt=consent"/)
  })

  it('none: consent_required if the signed-in user has not consented (OpenID Connect Core 1.0 section 3.1.2.6)', async t => {
    const { url, cookie } = await ask(t, 'none')
    assertRedirectedError(await get(url, { cookie }), 'consent-is-given', 'consent_required')
  })
})

describe('The start', () => {
  const env = { OAUTH_AUTO_APPROVE: 'false' }
  it('warns if nobody can sign in, and says how to fix it', async t => {
    const { log } = await startServer(t, env, { users: new Users([]) })
    assert.equal(log.filter(line => /nobody can sign in/.test(line) && /OAUTH_USERS_FILE/.test(line)).length, 1)
  })
  it('warns if strangers could sign in as a demo user', async t => {
    const { log } = await startServer(t, { ...env, SERVER_URL: 'https://mcp.example.com' })
    assert.equal(log.filter(line => /demo user/.test(line)).length, 1)
  })
  it('does not warn if the users have passwords', async t => {
    const { log } = await startServer(t, { ...env, SERVER_URL: 'https://mcp.example.com' }, { users: users() })
    assert.deepEqual(log, [])
  })
})

function createStore(): MemoryStore {
  return new MemoryStore({
    now: () => Date.now() / 1000, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 86_400,
  })
}
