import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import { hashPassword } from '../../src/base/config/password.ts'
import { Users } from '../../src/base/config/users.ts'
import { parseUsers } from '../../src/base/config/users-file.ts'
import {
  assertRefused, authorizationParameters, get, openPage, postForm, register, signIn, startServer, withCookies, type Members,
  type Page, type TestContext, type TestServer,
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

describe('The sign-in page', () => {
  it('asks for a user name and a password, in fields that password managers recognize', async t => {
    const { html } = (await open(t)).page
    assert.match(html, /<input name="username"[^>]* autocomplete="username"/)
    assert.match(html, /<input type="password" name="password" autocomplete="current-password"/)
  })

  it('offers the demo users by name, without a password', async t => {
    const { html } = await openPage(`${(await startServer(t)).url}/sign-in`)
    assert.match(html, /<button name="username" value="demo">Sign in as Demo User/)
    assert.match(html, /<button name="username" value="guest">Sign in as Guest User/)
    assert.doesNotMatch(html, /type="password"/)
  })

  it('says that nobody can sign in if there are no users, and how to fix it', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' }, { users: new Users([]) })
    const html = await (await get(`${server.url}/sign-in`, { accept: 'text/html' })).text()
    assert.match(html, /Nobody can sign in,/)
    assert.match(html, /OAUTH_USERS_FILE/)
    assert.doesNotMatch(html, /<form/)
  })

  it('replaces the consent page until the user signs in', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const query = authorizationParameters(await register(server), createCodeVerifier())
    const { html } = await openPage(`${server.url}/oauth/authorize?${query}`)
    assert.match(html, /<strong>Test client<\/strong> registered itself/)
    assert.match(html, /Signing in grants nothing yet/)
  })

  it('fills in the user name from login_hint (OpenID Connect Core 1.0 section 3.1.2.1)', async t => {
    const { server } = await open(t)
    const query = authorizationParameters(await register(server), createCodeVerifier(), { login_hint: 'ada"<b>' })
    const { html } = await openPage(`${server.url}/oauth/authorize?${query}`)
    assert.match(html, /name="username" value="ada&quot;&lt;b&gt;"/)
  })

  it('is skipped for a signed-in user', async t => {
    const server = await startServer(t)
    const response = await get(`${server.url}/sign-in?return_to=/account`, { cookie: await signIn(server) })
    assert.deepEqual([response.status, response.headers.get('location')], [302, '/account'])
  })

  it('runs no script and forbids framing', async t => {
    const { headers } = (await open(t)).page.response
    assert.doesNotMatch(headers.get('content-security-policy')!, /script|form-action/)
    assert.match(headers.get('content-security-policy')!, /frame-ancestors 'none'/)
    assert.equal(headers.get('cache-control'), 'no-store')
  })
})

describe('POST /sign-in', () => {
  it('signs in with the right password and redirects with 303 (RFC 9700 section 4.12)', async t => {
    const { server, page } = await open(t)
    const response = await submit(server, page)
    assert.deepEqual([response.status, response.headers.get('location')], [303, '/account'])
    assert.equal(await isSignedIn(server, withCookies(page.cookie, response)), true)
  })

  it('returns to the request that needed a user', async t => {
    const { server } = await open(t)
    const query = authorizationParameters(await register(server), createCodeVerifier(), { state: 'a b&c=d%#ü' })
    const headers = { 'sec-fetch-site': 'none' }
    const page = await openPage(`${server.url}/oauth/authorize?${query}`, headers)
    const return_to = /name="return_to" value="([^"]+)"/.exec(page.html)![1]!.replaceAll('&amp;', '&')
    const response = await submit(server, page, { return_to })
    assert.equal(response.headers.get('location'), `/oauth/authorize?${query}`)
  })

  it('stays below the path of SERVER_URL', async t => {
    const { server, page } = await open(t, { SERVER_URL: 'http://localhost:8000/tenant' })
    assert.equal((await submit(server, page)).headers.get('location'), '/tenant/account')
  })

  it('shows the page again after a wrong password, and keeps the user name (OpenID Connect Core 1.0 section 3.1.2.3)', async t => {
    const { server, page } = await open(t)
    const response = await submit(server, page, { password: 'wrong' }, { accept: 'text/html' })
    const html = await response.text()
    assert.equal(response.status, 403)
    assert.match(html, /role="alert">The user name or the password is wrong/)
    assert.match(html, /name="username" value="ada"/)
    assert.doesNotMatch(html, /value="wrong"/)
    assert.equal(await isSignedIn(server, withCookies(page.cookie, response)), false)
  })

  it('still names the client after a wrong password', async t => {
    const { server } = await open(t)
    const query = authorizationParameters(await register(server, { client_name: 'Editor' }), createCodeVerifier())
    const page = await openPage(`${server.url}/oauth/authorize?${query}`, { accept: 'text/html' })
    const response = await submit(server, page, { password: 'wrong', return_to: `/oauth/authorize?${query}` }, { accept: 'text/html' })
    assert.match(await response.text(), /<strong>Editor<\/strong> registered itself/)
  })

  it('fetches no document after a wrong password, and keeps the form', async t => {
    const { server, page } = await open(t)
    const return_to = '/oauth/authorize?client_id=https%3A%2F%2Fapp.example.com%2Fclient.json'
    const response = await submit(server, page, { password: 'wrong', return_to }, { accept: 'text/html' })
    assert.equal(response.status, 403)
    assert.match(await response.text(), /<input type="password"/)
  })

  it('answers an unknown user name like a wrong password', async t => {
    const { server, page } = await open(t)
    const accept = { accept: 'text/html' }
    const one = await submit(server, page, { password: 'wrong' }, accept)
    const other = await submit(server, page, { username: 'nobody' }, accept)
    assert.equal(one.status, other.status)
    assert.equal((await one.text()).replace('value="ada"', ''), (await other.text()).replace('value="nobody"', ''))
  })

  it('rejects an empty password', async t => {
    const { server, page } = await open(t)
    await assertRefused(await submit(server, page, { password: '' }), 'user-is-authenticated', 'access_denied', 403)
  })

  it('rejects an unknown demo user', async t => {
    const server = await startServer(t)
    const response = await submit(server, await openPage(`${server.url}/sign-in`), { username: 'root', password: undefined })
    assert.equal(response.status, 403)
    assert.equal(withCookies('', response).includes('session='), false)
  })

  it('logs no password and no user name', async t => {
    const { server, page } = await open(t, { LOG_LEVEL: 'debug' })
    await submit(server, page, { username: 'my secret', password: 'correct horse' })
    await submit(server, page)
    assert.doesNotMatch(server.log.join('\n'), /correct horse|my secret/)
  })

  it('rejects the eleventh attempt for one user name within 15 minutes, even with the right password', async t => {
    const { server, page } = await open(t)
    // However the name is spelled: in capitals, in wide letters, with blanks around it.
    for (const username of ['eve', 'Eve', 'EVE', ' eve', 'eve ', '\uff45ve', '\u00a0eve', 'eVe', 'evE', '\u2007Eve']) {
      assert.equal((await submit(server, page, { username, password: 'wrong' })).status, 403)
    }
    const response = await submit(server, page, { username: 'eve' })
    assert.match(response.headers.get('retry-after')!, /^(900|89\d)$/)
    await assertRefused(response, 'sign-in-attempts-are-bounded', 'too_many_requests', 429)
    assert.equal((await submit(server, page)).status, 303)
    server.advance(901)
    assert.equal((await submit(server, page, { username: 'eve' })).status, 303)
  })

  it('shows browsers a page about too many attempts', async t => {
    const { server, page } = await open(t)
    for (let i = 0; i < 10; i++) await submit(server, page, { password: 'wrong' })
    const response = await submit(server, page, {}, { accept: 'text/html' })
    assert.equal(response.status, 429)
    assert.match(await response.text(), /<h1>Too many attempts<\/h1>.*Wait 15 minutes, then go back and try again\./s)
  })

  it('resets the count of a user name after a successful sign-in', async t => {
    const { server, page } = await open(t)
    for (let i = 0; i < 9; i++) await submit(server, page, { password: 'wrong' })
    await submit(server, page)
    for (let i = 0; i < 9; i++) assert.equal((await submit(server, page, { password: 'wrong' })).status, 403)
  })

  it('rejects the 101st attempt from one address, whatever the user names', { timeout: 60_000 }, async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' }, { users: quick() })
    const page = await openPage(`${server.url}/sign-in`)
    for (let i = 0; i < 100; i++) assert.equal((await submit(server, page, { username: `user ${i}` })).status, 403)
    await assertRefused(await submit(server, page, { username: 'another' }), 'sign-in-attempts-are-bounded', 'too_many_requests', 429)
  })

  for (const field of ['username', 'password']) {
    it(`rejects a ${field} of 10,000 combining characters before it normalizes it (RFC 9700 section 4.16)`, async t => {
      const { server, page } = await open(t)
      const normalize = t.mock.method(String.prototype, 'normalize')
      const response = await submit(server, page, { [field]: `a${'\u0315\u0323'.repeat(5000)}` })
      await assertRefused(response, 'parameter-is-bounded', 'invalid_request', 400)
      assert.equal(normalize.mock.callCount(), 0)
    })
  }

  it('does not lead to an authorization request that a link contains', async t => {
    const { server, page } = await open(t)
    const link = await get(`${server.url}/sign-in?return_to=${encodeURIComponent('/oauth/authorize?client_id=x')}`)
    await assertRefused(link, 'return-to-is-local', 'invalid_request', 400)
    assert.equal((await submit(server, page, { return_to: '/oauth/authorize?client_id=x' })).status, 303)
  })

  const elsewhere = [
    'https://evil.example/', '//evil.example/', '/\\evil.example', '\\/evil.example', '/%2f/evil.example', '/\t/evil.example', '/account/../x',
    '/account?x', '/account#x', 'account', '/oauth/authorize', '/oauth/authorize?a\nb', 'javascript:alert(1)', '/account@evil.example',
    '/.evil.example', ' /account', '/oauth/authorize/?x',
  ]
  for (const return_to of elsewhere) {
    it(`does not return to ${JSON.stringify(return_to)} (RFC 9700 section 4.11.2)`, async t => {
      const { server, page } = await open(t)
      await assertRefused(await submit(server, page, { return_to }), 'return-to-is-local', 'invalid_request', 400)
      const link = await get(`${server.url}/sign-in?return_to=${encodeURIComponent(return_to)}`)
      await assertRefused(link, 'return-to-is-local', 'invalid_request', 400)
    })
  }

  const foreign: Record<string, Record<string, string>> = {
    'another origin': { origin: 'https://evil.example' },
    'another port of this host': { origin: 'http://localhost:1' },
    'another site, by Sec-Fetch-Site': { 'sec-fetch-site': 'cross-site', 'origin': 'null' },
    'a sibling host, by Sec-Fetch-Site': { 'sec-fetch-site': 'same-site' },
  }
  for (const [what, headers] of Object.entries(foreign)) {
    it(`rejects a form from ${what} (RFC 6749 section 10.12)`, async t => {
      const { server, page } = await open(t)
      await assertRefused(await submit(server, page, {}, headers), 'form-is-from-this-site', 'access_denied', 403)
    })
  }

  it('accepts a form from this origin, and one without a referrer', async t => {
    const { server, page } = await open(t)
    assert.equal((await submit(server, page, {}, { 'origin': server.url, 'sec-fetch-site': 'same-origin' })).status, 303)
    assert.equal((await submit(server, page, {}, { origin: 'null' })).status, 303)
  })

  it('rejects a form without the browser cookie (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    await assertRefused(await submit(server, { ...page, cookie: '' }), 'form-belongs-to-browser', 'access_denied', 403)
  })

  it('rejects a form without csrf_token, as another site would send it (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    await assertRefused(await submit(server, page, { csrf_token: undefined }), 'form-belongs-to-browser', 'access_denied', 403)
  })

  it('rejects the form of another browser (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    const { csrf_token } = await openPage(`${server.url}/sign-in`)
    await assertRefused(await submit(server, page, { csrf_token }), 'form-belongs-to-browser', 'access_denied', 403)
  })
})

/** Users whose passwords nobody has to wait for. */
function quick(): Users {
  return Object.assign(users(), { authenticate: async () => undefined })
}
