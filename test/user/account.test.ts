import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, authorize, callMcp, decide, exchange, get, locationOf, openConsent, openPage, postForm, readJson, refresh, register,
  signIn, startServer, type Members, type TestContext, type TestServer,
} from '../harness.ts'

const web = { redirect_uris: ['https://app.example.com/cb'], client_name: 'Weather <app>' }
const toWeb = { redirect_uri: 'https://app.example.com/cb' }

/** A user who allowed a client, which has tokens by that. */
async function allow(t: TestContext, username = 'demo') {
  const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
  const client = await register(server, web)
  const cookie = await signIn(server, username)
  return { server, client, cookie, tokens: await tokensFor(server, client, cookie) }
}

async function tokensFor(server: TestServer, client: Members, cookie: string): Promise<Members> {
  const page = await openConsent(server, client, { ...toWeb, prompt: 'consent' }, { cookie })
  const code = locationOf(await decide(server, page)).searchParams.get('code')!
  return readJson(await exchange(server, client, { code, code_verifier: page.code_verifier }, toWeb))
}

const account = (server: TestServer, cookie: string) => openPage(`${server.url}/account`, { cookie })

async function change(server: TestServer, cookie: string, fields: Members, headers: Record<string, string> = {}): Promise<Response> {
  const page = await account(server, cookie)
  return postForm(`${server.url}/account`, { csrf_token: page.csrf_token, ...fields }, { cookie: page.cookie, ...headers })
}

async function listToolsStatus(server: TestServer, { access_token }: Members): Promise<number> {
  return (await callMcp(server, access_token, 'tools/list')).status
}

function grantIdsOf(html: string): string[] {
  return [...html.matchAll(/name="grant_id" value="([^"]+)"/g)].map(([, id]) => id!)
}

describe('GET /account', () => {
  it('asks anonymous visitors to sign in', async t => {
    const { html } = await openPage(`${(await startServer(t)).url}/account`)
    assert.match(html, /<h1>Sign in<\/h1>/)
    assert.match(html, /name="return_to" value="\/account"/)
  })

  it('says who is signed in', async t => {
    const server = await startServer(t)
    const { html } = await account(server, await signIn(server, 'guest'))
    for (const part of ['Guest User', 'guest@example.com', 'guest-user']) assert.ok(html.includes(part), part)
  })

  it('says that no app has access', async t => {
    const server = await startServer(t)
    assert.match((await account(server, await signIn(server))).html, /No app can act on your behalf/)
  })

  it('shows the scopes, the redirect host and the date for each client', async t => {
    const { server, cookie } = await allow(t)
    const { html } = await account(server, cookie)
    const today = new Date().toISOString().slice(0, 10)
    assert.match(html, /<h3>Weather &lt;app&gt;<\/h3>/)
    const when = `<time datetime="${today}T[0-9:.]+Z">${today} \\d\\d:\\d\\d UTC</time>`
    const what = 'you allowed <code>mcp:tools:read mcp:tools:execute</code>. The answer went to <strong>app.example.com</strong>'
    assert.match(html, new RegExp(`On ${when} ${what}`))
    assert.match(html, new RegExp(`Access since ${when}`))
  })

  it('shows when a grant was last refreshed', async t => {
    const { server, client, cookie, tokens } = await allow(t)
    assert.doesNotMatch((await account(server, cookie)).html, /last refreshed/)
    await refresh(server, client, tokens['refresh_token'])
    assert.match((await account(server, cookie)).html, /last refreshed on <time datetime="\d{4}-\d\d-\d\dT[^>]*>\d{4}-\d\d-\d\d \d\d:\d\d UTC/)
  })

  it('shows nothing about other users', async t => {
    const { server } = await allow(t)
    assert.match((await account(server, await signIn(server, 'guest'))).html, /No app can act on your behalf/)
  })

  it('shows the newest twenty grants of a client and the number of others', async t => {
    const server = await startServer(t)
    const client = await register(server)
    for (let i = 0; i < 22; i++) await exchange(server, client, await authorize(server, client))
    const { html } = await account(server, await signIn(server))
    assert.equal(grantIdsOf(html).length, 20)
    assert.match(html, /And 2 older\./)
  })

  it('shows a grant that was approved automatically', async t => {
    const server = await startServer(t)
    const client = await register(server)
    await exchange(server, client, await authorize(server, client))
    assert.match((await account(server, await signIn(server))).html, /<h3>Test client<\/h3>/)
  })
})

describe('POST /account, revoking all access of a client', () => {
  it('revokes its access tokens and refresh tokens immediately', async t => {
    const { server, client, cookie, tokens } = await allow(t)
    assert.equal(await listToolsStatus(server, tokens), 200)
    const response = await change(server, cookie, { client_id: client['client_id'] })
    assert.deepEqual([response.status, response.headers.get('location')], [303, '/account'])
    assert.equal(await listToolsStatus(server, tokens), 401)
    await assertRefused(await refresh(server, client, tokens['refresh_token']), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.match((await account(server, cookie)).html, /No app can act on your behalf/)
  })

  it('invalidates a code that was not redeemed yet', async t => {
    const { server, client, cookie } = await allow(t)
    const page = await openConsent(server, client, { ...toWeb, prompt: 'consent' }, { cookie })
    const code = locationOf(await decide(server, page)).searchParams.get('code')!
    await change(server, cookie, { client_id: client['client_id'] })
    const response = await exchange(server, client, { code, code_verifier: page.code_verifier }, toWeb)
    await assertRefused(response, 'code-is-known', 'invalid_grant', 400)
  })

  it('makes the client ask the user again', async t => {
    const { server, client, cookie } = await allow(t)
    await change(server, cookie, { client_id: client['client_id'] })
    const { html } = await openConsent(server, client, toWeb, { cookie, 'sec-fetch-site': 'none' })
    assert.doesNotMatch(html, /You granted it/)
  })

  it('does not affect other clients', async t => {
    const { server, client, cookie, tokens } = await allow(t)
    const other = await register(server, web)
    const theirs = await tokensFor(server, other, cookie)
    await change(server, cookie, { client_id: other['client_id'] })
    assert.deepEqual([await listToolsStatus(server, tokens), await listToolsStatus(server, theirs)], [200, 401])
    assert.ok((await account(server, cookie)).html.includes(client['client_id']))
  })

  it('does not affect other users of the client', async t => {
    const { server, client, tokens } = await allow(t)
    const guest = await signIn(server, 'guest')
    await tokensFor(server, client, guest)
    await change(server, guest, { client_id: client['client_id'] })
    assert.equal(await listToolsStatus(server, tokens), 200)
  })

  it('is idempotent', async t => {
    const { server, client, cookie } = await allow(t)
    for (let i = 0; i < 2; i++) assert.equal((await change(server, cookie, { client_id: client['client_id'] })).status, 303)
  })
})

describe('POST /account, revoking one grant', () => {
  it('revokes its tokens and no others of the client', async t => {
    const { server, client, cookie, tokens } = await allow(t)
    const [first] = grantIdsOf((await account(server, cookie)).html)
    const second = await tokensFor(server, client, cookie)
    await change(server, cookie, { grant_id: first })
    assert.deepEqual([await listToolsStatus(server, tokens), await listToolsStatus(server, second)], [401, 200])
    assert.equal(grantIdsOf((await account(server, cookie)).html).length, 1)
  })

  it('cannot revoke a grant of another user', async t => {
    const { server, cookie, tokens } = await allow(t)
    const [grant_id] = grantIdsOf((await account(server, cookie)).html)
    assert.equal((await change(server, await signIn(server, 'guest'), { grant_id })).status, 303)
    assert.equal(await listToolsStatus(server, tokens), 200)
  })
})

describe('POST /account', () => {
  it('rejects a form from another site (RFC 6749 section 10.12)', async t => {
    const { server, client, cookie, tokens } = await allow(t)
    const response = await change(server, cookie, { client_id: client['client_id'] }, { 'sec-fetch-site': 'cross-site' })
    await assertRefused(response, 'form-is-from-this-site', 'access_denied', 403)
    assert.equal(await listToolsStatus(server, tokens), 200)
  })

  it('rejects the form of another session (RFC 6749 section 10.12)', async t => {
    const { server, client, cookie, tokens } = await allow(t)
    const { csrf_token } = await account(server, await signIn(server, 'guest'))
    const response = await change(server, cookie, { client_id: client['client_id'], csrf_token })
    await assertRefused(response, 'form-belongs-to-browser', 'access_denied', 403)
    assert.equal(await listToolsStatus(server, tokens), 200)
  })

  it('does nothing if the user has signed out', async t => {
    const { server, client, cookie, tokens } = await allow(t)
    const page = await account(server, cookie)
    await postForm(`${server.url}/sign-out`, { csrf_token: page.csrf_token }, { cookie: page.cookie })
    const fields = { csrf_token: page.csrf_token, client_id: client['client_id'] }
    const response = await postForm(`${server.url}/account`, fields, { cookie: page.cookie })
    await assertRefused(response, 'form-belongs-to-browser', 'access_denied', 403)
    assert.equal(await listToolsStatus(server, tokens), 200)
  })
})

describe('A remembered consent', () => {
  const ask = async (t: TestContext, metadata: Members = web, to: Members = toWeb) => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const client = await register(server, metadata)
    const cookie = await signIn(server)
    const allowed = await openConsent(server, client, { ...to, scope: 'mcp:tools:read' }, { cookie })
    await decide(server, allowed)
    const again = (changes: Members = {}, headers: Record<string, string> = { 'sec-fetch-site': 'none' }) => {
      const query = new URLSearchParams({
        response_type: 'code', client_id: client['client_id'], ...to, state: 'again', scope: 'mcp:tools:read',
        code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', ...changes,
      })
      return get(`${server.url}/oauth/authorize?${query}`, { accept: 'text/html', cookie, ...headers })
    }
    return { server, client, cookie, again }
  }

  it('applies to the same request of the same client', async t => {
    const response = await (await ask(t)).again()
    assert.equal(response.status, 302)
    assert.deepEqual([...locationOf(response).searchParams.keys()], ['code', 'state', 'iss'])
  })

  it('applies to prompt=none (OpenID Connect Core 1.0 section 3.1.2.1)', async t => {
    assert.ok(locationOf(await (await ask(t)).again({ prompt: 'none' })).searchParams.has('code'))
  })

  it('does not apply to a request for more scopes', async t => {
    const response = await (await ask(t)).again({ scope: 'mcp:tools:read mcp:tools:execute' })
    assert.match(await response.text(), /You granted it <code>mcp:tools:read<\/code> on <time/)
  })

  it('does not apply to prompt=consent (OpenID Connect Core 1.0 section 3.1.2.1)', async t => {
    assert.match(await (await (await ask(t)).again({ prompt: 'consent' })).text(), /name="decision"/)
  })

  const sites: Record<string, Record<string, string>> = {
    'from another site': { 'sec-fetch-site': 'cross-site' },
    'from a sibling host': { 'sec-fetch-site': 'same-site' },
    'from a browser without Sec-Fetch-Site': {},
  }
  for (const [what, headers] of Object.entries(sites)) {
    it(`does not apply to a request ${what}`, async t => {
      assert.match(await (await (await ask(t)).again({}, headers)).text(), /name="decision"/)
    })
  }

  it('does not apply to a request from another site after sign-in', async t => {
    const { server, again } = await ask(t)
    const page = await again({}, { 'sec-fetch-site': 'cross-site', 'cookie': '' })
    const html = await page.text()
    const return_to = /name="return_to" value="([^"]+)"/.exec(html)![1]!.replaceAll('&amp;', '&')
    const headers = { 'accept': 'text/html', 'cookie': await signIn(server), 'sec-fetch-site': 'same-origin' }
    const response = await get(`${server.url}${return_to}`, headers)
    assert.match(await response.text(), /name="decision"/)
  })

  it('does not apply to a client on loopback, which any program could be (RFC 8252 section 8.6)', async t => {
    const to = { redirect_uri: 'http://127.0.0.1:7777/callback' }
    const response = await (await ask(t, { redirect_uris: [to.redirect_uri] }, to)).again()
    assert.match(await response.text(), /You granted it/)
  })

  it('does not apply to a private-use scheme, which any app can claim (RFC 8252 section 8.6)', async t => {
    const to = { redirect_uri: 'cursor://anysphere/callback' }
    const response = await (await ask(t, { redirect_uris: [to.redirect_uri] }, to)).again()
    assert.match(await response.text(), /You granted it/)
  })

  it('does not apply to another redirect host of the client', async t => {
    const metadata = { ...web, redirect_uris: [...web.redirect_uris, 'https://other.example.com/cb'] }
    const response = await (await ask(t, metadata)).again({ redirect_uri: 'https://other.example.com/cb' })
    assert.doesNotMatch(await response.text(), /You granted it/)
  })

  it('does not apply to another user', async t => {
    const { server, again } = await ask(t)
    const response = await again({}, { 'cookie': await signIn(server, 'guest'), 'sec-fetch-site': 'none' })
    assert.match(await response.text(), /name="decision"/)
  })

  it('does not apply when nobody is signed in', async t => {
    const response = await (await ask(t)).again({}, { 'cookie': '', 'sec-fetch-site': 'none' })
    assert.match(await response.text(), /<h1>Sign in<\/h1>/)
  })

  it('is forgotten after 90 days', async t => {
    const { server, again } = await ask(t)
    server.advance(90 * 86_400)
    const response = await again({}, { 'cookie': await signIn(server), 'sec-fetch-site': 'none' })
    assert.equal(response.status, 400, 'the client is forgotten as well')
  })

  it('ends when the user denies a request', async t => {
    const { server, client, cookie, again } = await ask(t)
    const page = await openConsent(server, client, { ...toWeb, prompt: 'consent' }, { cookie })
    await decide(server, page, { decision: 'deny' })
    const html = await (await again()).text()
    assert.match(html, /name="decision"/)
    assert.doesNotMatch(html, /You granted it/)
  })

  it('is the latest decision of the user', async t => {
    const { server, client, cookie, again } = await ask(t)
    const wide = await openConsent(server, client, { ...toWeb, prompt: 'consent' }, { cookie })
    await decide(server, wide, { 'scope.mcp:tools:read': undefined })
    assert.match(await (await again()).text(), /You granted it <code>mcp:tools:execute<\/code>/)
  })
})
