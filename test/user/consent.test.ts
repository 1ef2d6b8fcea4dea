import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRedirectedError, assertRefused, claimsOf, decide, escapeHtml, exchange, get, locationOf, openConsent, readJson, redirect_uri,
  register, requestRegistration, signIn, startServer, type Members, type TestContext,
} from '../harness.ts'

/** A consent page that a person looks at. */
async function open(t: TestContext, metadata: Members = {}, changes: Members = {}, env: Record<string, string> = {}) {
  const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false', ...env })
  const client = await register(server, metadata)
  return { server, client, page: await openConsent(server, client, changes) }
}

const web = { redirect_uris: ['https://app.example.com/cb'] }
const toWeb = { redirect_uri: 'https://app.example.com/cb' }

describe('The consent page', () => {
  it('is shown unless OAUTH_AUTO_APPROVE is on', async t => {
    const { page } = await open(t)
    assert.equal(page.response.headers.get('content-type'), 'text/html; charset=utf-8')
  })

  it('is shown with OAUTH_AUTO_APPROVE if the redirect host is not loopback', async t => {
    const { page } = await open(t, web, toWeb, { OAUTH_AUTO_APPROVE: 'true' })
    assert.match(page.html, /app\.example\.com/)
  })

  it('is shown with OAUTH_AUTO_APPROVE if the redirect URI has a private-use scheme', async t => {
    const uri = 'cursor://x/cb'
    const { page } = await open(t, { redirect_uris: [uri] }, { redirect_uri: uri }, { OAUTH_AUTO_APPROVE: 'true' })
    assert.match(page.html, /<strong>cursor: \(an app on your device\)<\/strong>/)
  })

  it('is shown with OAUTH_AUTO_APPROVE if the redirect URI is https on loopback', async t => {
    const uri = 'https://localhost/cb'
    const { page } = await open(t, { redirect_uris: [uri] }, { redirect_uri: uri }, { OAUTH_AUTO_APPROVE: 'true' })
    assert.ok(page.consent_token)
  })

  it('shows the name of the client', async t => {
    assert.match((await open(t, { client_name: 'Zürich 世界' })).page.html, /<strong>Zürich 世界<\/strong>/)
  })

  it('says that the name is not checked', async t => {
    assert.match((await open(t)).page.html, /Nobody has checked it/)
  })

  it('says that a client has no name', async t => {
    assert.match((await open(t, { client_name: undefined })).page.html, /<strong>A client without a name<\/strong>/)
  })

  it('shows the name of the server', async t => {
    assert.match((await open(t, {}, {}, { MCP_SERVER_NAME: 'Weather' })).page.html, /Allow Test client to use Weather\?/)
  })

  it('shows the redirect host (MCP 2026-07-28 basic/authorization/security-considerations)', async t => {
    assert.match((await open(t, web, toWeb)).page.html, /<strong>app\.example\.com<\/strong>/)
  })

  it('shows exactly the requested scopes', async t => {
    const { html } = (await open(t, {}, { scope: 'mcp:tools:read' })).page
    assert.match(html, /name="scope\.mcp:tools:read" checked>\s*<span>See which tools the server has <code>mcp:tools:read<\/code>/)
    assert.doesNotMatch(html, /mcp:tools:execute/)
  })

  it('shows the user who decides, with a button to sign in as another', async t => {
    const { html } = (await open(t)).page
    assert.match(html, /Demo User <span class="muted">demo@example\.com<\/span> <button class="link" form="sign-out">Not you\?/)
  })

  it('warns that any app can claim a private-use scheme (RFC 8252 section 8.6)', async t => {
    const uri = 'cursor://x/cb'
    const { html } = (await open(t, { redirect_uris: [uri] }, { redirect_uri: uri })).page
    assert.match(html, /Any app can claim the scheme\s*<code>cursor:<\/code>/)
  })

  it('warns that any program on this computer could be the client (RFC 8252 section 8.6)', async t => {
    assert.match((await open(t)).page.html, /class="notice warning"><p>This address is on your own computer/)
  })

  it('shows no warning for a public redirect host', async t => {
    assert.doesNotMatch((await open(t, web, toWeb)).page.html, /This address is on your own computer/)
  })

  const hostileNames = {
    'markup': '<script>alert(1)</script>',
    'an attribute': '" onmouseover="alert(1)',
    'an entity': '&lt;b&gt;',
    'a closing tag': '</strong></p><form action=//evil>',
  }
  for (const [what, client_name] of Object.entries(hostileNames)) {
    it(`shows a name with ${what} as text`, async t => {
      const { html } = (await open(t, { client_name })).page
      assert.ok(!html.includes(client_name))
      assert.ok(html.includes(escapeHtml(client_name)))
    })
  }

  it('never shows a name of 60 kB', async t => {
    const server = await startServer(t)
    const response = await requestRegistration(server, { client_name: 'x\u200b\u202e'.repeat(8_000) })
    assert.equal(response.status, 201)
    assert.equal('client_name' in await readJson(response), false)
  })

  it('removes bidirectional control characters from a name', async t => {
    const { html } = (await open(t, { client_name: 'safe\u202eevil\u2066' })).page
    assert.match(html, /<strong>safeevil<\/strong>/)
  })

  it('truncates a name that would push the rest out of view', async t => {
    const { html } = (await open(t, { client_name: 'x'.repeat(1000) })).page
    assert.match(html, /<strong>x{120}…<\/strong>/)
  })

  it('has named buttons to allow and to deny', async t => {
    const { html } = (await open(t)).page
    assert.match(html, /<button[^>]* name="decision" value="approve">Allow<\/button>/)
    assert.match(html, /<button name="decision" value="deny">Deny<\/button>/)
  })

  it('links only to the account page', async t => {
    const { page: { html } } = await open(t)
    assert.match(html, /<header/)
    assert.doesNotMatch(html, /<a /)
  })

  it('loads no resources and runs no script', async t => {
    assert.doesNotMatch((await open(t)).page.html, /<script|<img|<link(?! rel="icon" href="data:)|<iframe|src=|@import|url\(/)
  })
})

describe('The headers of the consent page', () => {
  it('forbid framing (RFC 9700 section 4.16)', async t => {
    const { headers } = (await open(t)).page.response
    assert.match(headers.get('content-security-policy')!, /frame-ancestors 'none'/)
    assert.equal(headers.get('x-frame-options'), 'DENY')
  })

  it('forbid scripts and content of other hosts', async t => {
    const policy = (await open(t)).page.response.headers.get('content-security-policy')!
    assert.match(policy, /default-src 'none'/)
    assert.doesNotMatch(policy, /unsafe|script-src|\*/)
  })

  it('have no form-action, because Chromium applies it to the redirect', async t => {
    assert.doesNotMatch((await open(t)).page.response.headers.get('content-security-policy')!, /form-action/)
  })

  it('allow the style of the page by its hash', async t => {
    const { response, html } = (await open(t)).page
    const style = /<style>([\s\S]*)<\/style>/.exec(html)![1]!
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(style))).toString('base64')
    assert.ok(response.headers.get('content-security-policy')!.includes(`style-src 'sha256-${hash}'`))
  })

  it('forbid caching the page', async t => {
    assert.equal((await open(t)).page.response.headers.get('cache-control'), 'no-store')
  })

  it('set an HttpOnly, SameSite cookie', async t => {
    const cookie = (await open(t)).page.response.headers.get('set-cookie')!
    assert.match(cookie, /^browser=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/)
  })

  it('set a Secure __Host- cookie if SERVER_URL is https (RFC 6265bis section 4.1.3)', async t => {
    const { page } = await open(t, {}, {}, { SERVER_URL: 'https://mcp.example.com' })
    const cookie = page.response.headers.get('set-cookie')!
    assert.match(cookie, /^__Host-browser=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure$/)
  })

  it('keep the existing cookie', async t => {
    const { server, client, page: { cookie } } = await open(t)
    const { response } = await openConsent(server, client, {}, { cookie: `a=b; ${cookie}; c=d` })
    assert.ok(cookie.includes(response.headers.get('set-cookie')!.split(';')[0]!))
  })
})

describe('POST /oauth/consent', () => {
  it('redirects with a code, the state and iss if the user allows (RFC 6749 section 4.1.2)', async t => {
    const { server, page } = await open(t)
    const response = await decide(server, page)
    const { searchParams } = locationOf(response)
    assert.deepEqual([...searchParams.keys()], ['code', 'state', 'iss'])
    assert.deepEqual([searchParams.get('state'), searchParams.get('iss')], ['xyz', server.config.issuer])
  })

  it('redirects with 303, so that the form is not resent (RFC 9700 section 4.12)', async t => {
    const { server, page } = await open(t)
    assert.equal((await decide(server, page)).status, 303)
  })

  it('leads to tokens', async t => {
    const { server, client, page } = await open(t, web, { ...toWeb, scope: 'mcp:tools:read' })
    const code = locationOf(await decide(server, page)).searchParams.get('code')!
    const response = await exchange(server, client, { code, code_verifier: page.code_verifier }, toWeb)
    assert.equal((await readJson(response))['scope'], 'mcp:tools:read')
  })

  it('leads to tokens if SERVER_URL is https', async t => {
    const { server, client, page } = await open(t, {}, {}, { SERVER_URL: 'https://mcp.example.com' })
    const code = locationOf(await decide(server, page)).searchParams.get('code')!
    assert.equal((await exchange(server, client, { code, code_verifier: page.code_verifier })).status, 200)
  })

  it('grants exactly the scopes that stay checked (RFC 6749 section 3.3)', async t => {
    const { server, client, page } = await open(t)
    const response = await decide(server, page, { 'scope.mcp:tools:execute': undefined })
    const code = locationOf(response).searchParams.get('code')!
    const tokens = await readJson(await exchange(server, client, { code, code_verifier: page.code_verifier }))
    assert.equal(tokens['scope'], 'mcp:tools:read')
    assert.equal(claimsOf(tokens['access_token'])['scope'], 'mcp:tools:read')
  })

  it('counts as denied if no scope stays checked', async t => {
    const { server, page } = await open(t)
    const response = await decide(server, page, { 'scope.mcp:tools:read': undefined, 'scope.mcp:tools:execute': undefined })
    const query = assertRedirectedError(response, 'scope-is-kept', 'access_denied')
    assert.equal(query.get('error_description'), 'the user allowed none of the requested scopes')
  })

  it('rejects a scope that was not requested, and issues no code', async t => {
    const { server, page } = await open(t, {}, { scope: 'mcp:tools:read' })
    const response = await decide(server, page, { 'scope.mcp:tools:execute': 'on' })
    assert.equal(response.headers.get('location'), null)
    await assertRefused(response, 'consent-is-within-request', 'access_denied', 403)
  })

  it('rejects a decision after sign-out', async t => {
    const { server, page } = await open(t)
    const cookie = page.cookie.split('; ').filter(pair => !pair.startsWith('session=')).join('; ')
    await assertRefused(await decide(server, page, {}, { cookie }), 'consent-belongs-to-user', 'access_denied', 403)
  })

  it('rejects a decision of another user in the same browser', async t => {
    const { server, page } = await open(t)
    const [browser] = page.cookie.split('; ').filter(pair => pair.startsWith('browser='))
    const [session] = (await signIn(server, 'guest')).split('; ').filter(pair => pair.startsWith('session='))
    const response = await decide(server, page, {}, { cookie: `${browser}; ${session}` })
    await assertRefused(response, 'consent-belongs-to-user', 'access_denied', 403)
  })

  it('rejects a form from another site (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    const response = await decide(server, page, {}, { 'cookie': page.cookie, 'sec-fetch-site': 'cross-site' })
    await assertRefused(response, 'form-is-from-this-site', 'access_denied', 403)
  })

  it('issues the code for the user who decided', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const client = await register(server)
    const page = await openConsent(server, client, {}, { cookie: await signIn(server, 'guest') })
    const code = locationOf(await decide(server, page)).searchParams.get('code')!
    const tokens = await readJson(await exchange(server, client, { code, code_verifier: page.code_verifier }))
    assert.equal(claimsOf(tokens['access_token'])['sub'], 'guest-user')
  })

  it('redirects with access_denied if the user denies (RFC 6749 section 4.1.2.1)', async t => {
    const { server, page } = await open(t)
    const response = await decide(server, page, { decision: 'deny' })
    assert.equal(response.status, 303)
    const query = assertRedirectedError(response, 'user-approved', 'access_denied')
    assert.deepEqual([query.get('state'), query.get('iss'), query.get('code')], ['xyz', server.config.issuer, null])
  })

  it('treats a form without a decision as a denial', async t => {
    const { server, page } = await open(t)
    assertRedirectedError(await decide(server, page, { decision: undefined }), 'user-approved', 'access_denied')
  })

  it('rejects a form that is sent twice (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    await decide(server, page)
    await assertRefused(await decide(server, page), 'consent-is-open', 'access_denied', 403)
  })

  it('cannot allow what was already denied (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    await decide(server, page, { decision: 'deny' })
    await assertRefused(await decide(server, page), 'consent-is-open', 'access_denied', 403)
  })

  it('accepts only one of 20 concurrent decisions', async t => {
    const { server, page } = await open(t)
    const responses = await Promise.all(Array.from({ length: 20 }, () => decide(server, page)))
    assert.deepEqual(responses.map(({ status }) => status).sort(), [303, ...Array(19).fill(403)])
  })

  it('rejects a wrong consent_token (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    await assertRefused(await decide(server, page, { consent_token: 'x'.repeat(43) }), 'consent-is-open', 'access_denied', 403)
  })

  it('rejects a form without consent_token (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    await assertRefused(await decide(server, page, { consent_token: undefined }), 'consent-is-open', 'access_denied', 403)
  })

  it('rejects a browser without the cookie (RFC 6749 section 10.12)', async t => {
    const { server, page } = await open(t)
    await assertRefused(await decide(server, page, {}, {}), 'consent-belongs-to-browser', 'access_denied', 403)
  })

  it('rejects another browser in which the same user is signed in (RFC 6749 section 10.12)', async t => {
    const { server, client, page } = await open(t)
    const { cookie } = await openConsent(server, client)
    await assertRefused(await decide(server, page, {}, { cookie }), 'consent-belongs-to-browser', 'access_denied', 403)
  })

  it('does not use up the page with a forged form', async t => {
    const { server, page } = await open(t)
    await decide(server, page, {}, {})
    assert.equal((await decide(server, page)).status, 303)
  })

  it('rejects a page that was open for ten minutes', async t => {
    const { server, page } = await open(t)
    server.advance(600)
    await assertRefused(await decide(server, page), 'consent-is-open', 'access_denied', 403)
  })

  it('reads only the decision from the form', async t => {
    const { server, client, page } = await open(t, {}, { scope: 'mcp:tools:read' })
    const location = locationOf(await decide(server, page, {
      redirect_uri: 'https://evil.example/cb', scope: 'mcp:tools:read mcp:tools:execute', client_id: 'other', state: 'other',
      code_challenge: 'x'.repeat(43), resource: 'https://other.example', sub: 'root',
    }))
    assert.equal(location.origin + location.pathname, redirect_uri)
    assert.equal(location.searchParams.get('state'), 'xyz')
    const code = location.searchParams.get('code')!
    const response = await exchange(server, client, { code, code_verifier: page.code_verifier })
    assert.equal((await readJson(response))['scope'], 'mcp:tools:read')
  })

  it('keeps two consent pages of one browser apart', async t => {
    const { server, client, page } = await open(t)
    const other = await openConsent(server, client, { state: 'other' }, { cookie: page.cookie })
    assert.equal(locationOf(await decide(server, other)).searchParams.get('state'), 'other')
    assert.equal(locationOf(await decide(server, page)).searchParams.get('state'), 'xyz')
  })

  it('rejects a body that is not a form', async t => {
    const { server, page } = await open(t)
    const response = await decide(server, page, {}, { 'content-type': 'text/plain', 'cookie': page.cookie })
    await assertRefused(response, 'body-is-a-form', 'invalid_request', 400)
  })

  it('shows errors to browsers as a page', async t => {
    const { server, page } = await open(t)
    const response = await decide(server, page, {}, { accept: 'text/html' })
    assert.equal(response.status, 403)
    assert.match(await response.text(), /start again from the client/)
  })

  it('cannot be visited with GET', async t => {
    const { server } = await open(t)
    await assertRefused(await get(`${server.url}/oauth/consent`), 'method-is-allowed', 'method_not_allowed', 405)
  })
})
