import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe } from 'node:test'
import { hashPassword } from '../../src/base/config/password.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import { parseUsers } from '../../src/base/config/users-file.ts'
import {
  assertRedirectedError, assertRefused, authorizationParameters, authorize, claimsOf, decide, exchange, get, getTokens, locationOf, openConsent,
  openPage, postForm, readJson, redirect_uri, register, requestAuthorization, requestCode, startServer, type Members, type TestServer,
} from '../harness.ts'
import { attack } from './attack.ts'

const verifier = 'v'.repeat(43)
const asks = { OAUTH_AUTO_APPROVE: 'false' }

/** Sends an authorization request with `more` appended to the query as it stands. */
function requestWith(server: TestServer, client: Members, more: string, changes: Members = {}): Promise<Response> {
  return get(`${server.url}/oauth/authorize?${authorizationParameters(client, verifier, changes)}${more}`)
}

/** Where the error goes that must not be redirected: nowhere. */
async function assertShown(response: Response, rule: string, error: string): Promise<void> {
  assert.equal(response.headers.get('location'), null)
  await assertRefused(response, rule, error, 400)
}

describe('Authorization', { concurrency: 8 }, () => {
  const registered = 'https://app.example.com/cb?tenant=1'
  const nearMisses = {
    'an extra slash': 'https://app.example.com/cb/?tenant=1',
    'a subpath': 'https://app.example.com/cb/x?tenant=1',
    'dot segments that lead back': 'https://app.example.com/x/../cb?tenant=1',
    'another case in the path': 'https://app.example.com/CB?tenant=1',
    'another case in the host': 'https://APP.example.com/cb?tenant=1',
    'another case in the scheme': 'HTTPS://app.example.com/cb?tenant=1',
    'the default port': 'https://app.example.com:443/cb?tenant=1',
    'another port': 'https://app.example.com:8443/cb?tenant=1',
    'a percent-encoded letter': 'https://app.example.com/%63b?tenant=1',
    'an extra query parameter': 'https://app.example.com/cb?tenant=1&x=1',
    'no query': 'https://app.example.com/cb',
    'a fragment': 'https://app.example.com/cb?tenant=1#x',
    'an empty fragment': 'https://app.example.com/cb?tenant=1#',
    'a user name': 'https://app.example.com@evil.example/cb?tenant=1',
    'a longer host': 'https://app.example.com.evil.example/cb?tenant=1',
    'another host before it': 'https://evil.example/https://app.example.com/cb?tenant=1',
    'a subdomain': 'https://x.app.example.com/cb?tenant=1',
    'a dot at the end of the host': 'https://app.example.com./cb?tenant=1',
    'a backslash': 'https://evil.example\\app.example.com/cb?tenant=1',
    'http instead of https': 'http://app.example.com/cb?tenant=1',
    'a newline at the end': 'https://app.example.com/cb?tenant=1\n',
    'a space at the end': 'https://app.example.com/cb?tenant=1 ',
    'a NUL at the end': 'https://app.example.com/cb?tenant=1\0',
    'a tab inside': 'https://app.example.com/c\tb?tenant=1',
    'another redirect URI after a comma': 'https://app.example.com/cb?tenant=1,https://evil.example',
    'another redirect URI after a space': 'https://app.example.com/cb?tenant=1 https://evil.example',
    'the scheme javascript': 'javascript://app.example.com/cb?tenant=1',
  }
  for (const [what, redirect_uri] of Object.entries(nearMisses)) {
    attack(`sends a redirect_uri that differs by ${what}`, 'redirect-uri-is-registered', async t => {
      const server = await startServer(t)
      const client = await register(server, { redirect_uris: [registered] })
      await assertShown(await requestCode(server, client, { redirect_uri }), 'redirect-uri-is-registered', 'invalid_request')
    })
  }

  const loopback = {
    'localhost for 127.0.0.1': 'http://localhost:7777/callback', '::1 for 127.0.0.1': 'http://[::1]:7777/callback',
    'another path': 'http://127.0.0.1:7777/other', 'a query': 'http://127.0.0.1:7777/callback?x', 'https': 'https://127.0.0.1:7777/callback',
    'a port above 65535': 'http://127.0.0.1:77777/callback', 'a user name': 'http://127.0.0.1:7777@evil.example/callback',
    'a host with the same beginning': 'http://127.0.0.1.evil.example/callback', 'a port with a sign': 'http://127.0.0.1:+80/callback',
  }
  for (const [what, redirect_uri] of Object.entries(loopback)) {
    attack(`abuses the free port of a loopback redirect URI with ${what}`, 'redirect-uri-is-registered', async t => {
      const server = await startServer(t)
      await assertShown(await requestCode(server, await register(server), { redirect_uri }), 'redirect-uri-is-registered', 'invalid_request')
    })
  }

  attack('uses the redirect URI of another client', 'redirect-uri-is-registered', async t => {
    const server = await startServer(t)
    await register(server, { redirect_uris: ['https://other.example/cb'] })
    const response = await requestCode(server, await register(server), { redirect_uri: 'https://other.example/cb' })
    await assertShown(response, 'redirect-uri-is-registered', 'invalid_request')
  })

  attack('leaves out redirect_uri although several are registered', 'redirect-uri-is-clear', async t => {
    const server = await startServer(t)
    const client = await register(server, { redirect_uris: ['https://app.example.com/1', 'https://app.example.com/2'] })
    await assertShown(await requestCode(server, client, { redirect_uri: undefined }), 'redirect-uri-is-clear', 'invalid_request')
  })

  for (const name of ['client_id', 'redirect_uri']) {
    attack(`sends ${name} twice, so that the check reads one and the redirect the other`, 'parameters-are-not-repeated', async t => {
      const server = await startServer(t)
      const response = await requestWith(server, await register(server), `&${name}=${encodeURIComponent('https://evil.example/')}`)
      await assertShown(response, 'parameters-are-not-repeated', 'invalid_request')
    })
  }

  for (const name of ['response_type', 'code_challenge', 'code_challenge_method', 'scope', 'state', 'prompt', 'x', '__proto__']) {
    attack(`sends ${name} twice`, 'parameters-are-not-repeated', async t => {
      const server = await startServer(t)
      const response = await requestWith(server, await register(server), `&${name}=a&${name}=b`)
      assertRedirectedError(response, 'parameters-are-not-repeated', 'invalid_request')
    })
  }

  attack('requests another resource beside that of this server', 'resource-is-ours', async t => {
    const server = await startServer(t)
    const resources = [server.config.resource, 'https://other.example/mcp'].map(resource => `&resource=${encodeURIComponent(resource)}`)
    const response = await requestWith(server, await register(server), resources.join(''))
    assertRedirectedError(response, 'resource-is-ours', 'invalid_target')
  })

  attack('sends a parameter in another case to smuggle in a second value', 'src/base/http/parameters.ts: private readonly values', async t => {
    const server = await startServer(t)
    const response = await requestWith(server, await register(server), '&Redirect_Uri=https://evil.example/&REDIRECT_URI=https://evil.example/')
    assert.ok(locationOf(response).href.startsWith(`${redirect_uri}?code=`))
  })

  attack('sends an unknown client_id', 'client-is-registered', async t => {
    const server = await startServer(t)
    await assertShown(await requestCode(server, { client_id: 'constructor' }), 'client-is-registered', 'invalid_client')
  })

  const challenges: Record<string, [Members, string]> = {
    'without code_challenge': [{ code_challenge: undefined, code_challenge_method: undefined }, 'code-challenge-is-sent'],
    'with a method but no code_challenge': [{ code_challenge: undefined }, 'code-challenge-is-sent'],
    'with an empty code_challenge': [{ code_challenge: '' }, 'code-challenge-is-sent'],
    'without a method, which means plain': [{ code_challenge_method: undefined }, 'code-challenge-method-is-s256'],
    'with the method plain': [{ code_challenge_method: 'plain' }, 'code-challenge-method-is-s256'],
    'with the method s256': [{ code_challenge_method: 's256' }, 'code-challenge-method-is-s256'],
    'with the method S256 and a space': [{ code_challenge_method: 'S256 ' }, 'code-challenge-method-is-s256'],
    'with the method S512': [{ code_challenge_method: 'S512' }, 'code-challenge-method-is-s256'],
    'with a code_challenge of 42 characters': [{ code_challenge: 'x'.repeat(42) }, 'code-challenge-is-well-formed'],
    'with a code_challenge of 44 characters': [{ code_challenge: 'x'.repeat(44) }, 'code-challenge-is-well-formed'],
    'with a padded code_challenge': [{ code_challenge: `${'x'.repeat(42)}=` }, 'code-challenge-is-well-formed'],
    'with a code_challenge in base64': [{ code_challenge: `${'x'.repeat(42)}+` }, 'code-challenge-is-well-formed'],
    'with a code_challenge that ends in a newline': [{ code_challenge: `${'x'.repeat(43)}\n` }, 'code-challenge-is-well-formed'],
  }
  for (const [what, [changes, rule]] of Object.entries(challenges)) {
    attack(`requests a code ${what}`, rule, async t => {
      const server = await startServer(t)
      assertRedirectedError(await requestCode(server, await register(server), changes), rule, 'invalid_request')
    })
  }

  for (const response_type of ['token', 'code token', 'code id_token', 'none', 'CODE', 'code ']) {
    attack(`requests the response type ${JSON.stringify(response_type)}`, 'response-type-is-code', async t => {
      const server = await startServer(t)
      assertRedirectedError(await requestCode(server, await register(server), { response_type }), 'response-type-is-code', 'unsupported_response_type')
    })
  }

  for (const name of ['request', 'request_uri']) {
    attack(`sends ${name}, so that the server fetches a URL`, 'request-object-is-not-used', async t => {
      const trap = createServer(socket => socket.destroy())
      let calls = 0
      trap.on('connection', () => { calls++ })
      trap.listen(0, '127.0.0.1')
      await once(trap, 'listening')
      t.after(async () => void trap.close())
      const server = await startServer(t)
      const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/`
      assertRedirectedError(await requestCode(server, await register(server), { [name]: url }), 'request-object-is-not-used', 'invalid_request')
      assert.equal(calls, 0)
    })
  }

  for (const response_mode of ['fragment', 'form_post', 'web_message']) {
    attack(`requests the response mode ${response_mode} to get the code outside the query`, 'src/core/oauth/authorization-response.ts: return withParameters(redirect_uri, { code, state', async t => {
      const server = await startServer(t)
      const location = locationOf(await requestCode(server, await register(server), { response_mode }))
      assert.equal(location.hash, '')
      assert.ok(location.searchParams.has('code') || location.searchParams.has('error'))
    })
  }

  for (const resource of ['https://evil.example/mcp', 'http://localhost.evil.example', 'x', '//', 'http://127.0.0.1:1/mcp']) {
    attack(`requests a token for the resource ${resource}`, 'resource-is-ours', async t => {
      const server = await startServer(t)
      assertRedirectedError(await requestCode(server, await register(server), { resource }), 'resource-is-ours', 'invalid_target')
    })
  }

  for (const scope of ['admin', 'MCP:TOOLS:READ', 'mcp:tools:read\tmcp:tools:execute', 'mcp:tools:read"', '*']) {
    attack(`requests the scope ${JSON.stringify(scope)}`, 'scope-is-supported', async t => {
      const server = await startServer(t)
      assertRedirectedError(await requestCode(server, await register(server), { scope }), 'scope-is-supported', 'invalid_scope')
    })
  }

  attack('asks for an unknown scope beside a known one, and gets a token with it', 'src/core/oauth/server-scope.ts: supportedScopes.includes(scope)', async t => {
    const server = await startServer(t)
    const { tokens } = await getTokens(server, {}, { scope: 'mcp:tools:read mcp:tools:admin * mcp:tools:execute"' })
    assert.equal(tokens['scope'], 'mcp:tools:read')
    assert.equal(claimsOf(tokens['access_token'])['scope'], 'mcp:tools:read')
  })

  attack('requests more scope than the client registered', 'scope-is-within-registration', async t => {
    const server = await startServer(t)
    const client = await register(server, { scope: 'mcp:tools:read' })
    assertRedirectedError(await requestCode(server, client, { scope: 'mcp:tools:execute' }), 'scope-is-within-registration', 'invalid_scope')
  })

  attack('gets a code with prompt=none, unseen by the user', 'user-is-signed-in', async t => {
    const server = await startServer(t, asks)
    assertRedirectedError(await requestCode(server, await register(server), { prompt: 'none' }), 'user-is-signed-in', 'login_required')
  })

  attack('uses the code grant with a client that did not register it', 'client-may-use-code-grant', async t => {
    const server = await startServer(t)
    const client = await register(server, { grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic' })
    assertRedirectedError(await requestCode(server, client), 'client-may-use-code-grant', 'unauthorized_client')
  })

  attack('sends a state of 5,000 characters to fill the store', 'parameter-is-bounded', async t => {
    const server = await startServer(t, asks)
    assertRedirectedError(await requestCode(server, await register(server), { state: 'x'.repeat(5000) }), 'parameter-is-bounded', 'invalid_request')
  })

  const states = ['a&b=c', 'a b+c', 'ä€😀', '"><script>alert(1)</script>', '%0d%0aSet-Cookie: a=b', '\r\nSet-Cookie: a=b', '\0', '#', ';', '&code=evil', '__proto__']
  for (const state of states) {
    attack(`changes the redirect with the state ${JSON.stringify(state)}`, 'src/base/protocol/redirect-uri.ts: if (value !== undefined) query.append', async t => {
      const server = await startServer(t)
      const response = await requestCode(server, await register(server), { state })
      const { searchParams, hash } = locationOf(response)
      assert.deepEqual([searchParams.getAll('state'), searchParams.getAll('code').length, hash], [[state], 1, ''])
      assert.equal(response.headers.get('set-cookie'), null)
    })
  }

  for (const [what, octets] of Object.entries({ 'octets that are not UTF-8': '%ff%fe', 'an overlong slash': '%c0%af', 'half a surrogate pair': '%ed%a0%80', 'a stray percent sign': '%zz' })) {
    attack(`sends a state with ${what}, which would be returned altered`, 'parameters-are-utf-8', async t => {
      const server = await startServer(t)
      const response = await requestWith(server, await register(server), `&state=${octets}`, { state: undefined })
      await assertShown(response, 'parameters-are-utf-8', 'invalid_request')
    })
  }

  attack('has the query of the redirect URI lost or duplicated', 'src/base/protocol/redirect-uri.ts: const separator =', async t => {
    const server = await startServer(t)
    const uri = 'http://127.0.0.1/cb?a=1&b=%20'
    const location = locationOf(await requestCode(server, await register(server, { redirect_uris: [uri] }), { redirect_uri: uri })).href
    assert.ok(location.startsWith(`${uri}&code=`), location)
  })

  attack('has a response without iss to prepare a mix-up attack', 'src/core/oauth/authorization-response.ts: iss: config.issuer', async t => {
    const server = await startServer(t, asks)
    const client = await register(server)
    for (const response of [await requestCode(server, client, { scope: 'x' }), await requestCode(server, client, { prompt: 'none' })]) {
      assert.equal(locationOf(response).searchParams.get('iss'), server.config.issuer)
    }
    const granted = await decide(server, await openConsent(server, client))
    assert.equal(locationOf(granted).searchParams.get('iss'), server.config.issuer)
  })

  attack('guesses codes', 'src/core/oauth/authorization-response.ts: const code = randomToken()', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const codes = []
    for (let i = 0; i < 20; i++) codes.push((await authorize(server, client)).code)
    assert.equal(new Set(codes).size, 20)
    assert.ok(codes.every(code => Buffer.from(code, 'base64url').length >= 16))
  })

  const markup = '"><img src=x onerror=alert(1)>'
  attack('injects markup into the consent page with client_name, redirect URI and state', 'src/base/ui/html.ts: return escapeHtml(String(value))', async t => {
    const server = await startServer(t, { ...asks, MCP_SERVER_NAME: markup })
    const client = await register(server, { client_name: markup, client_uri: 'https://x.example/?<b>' })
    const { html } = await openConsent(server, client, { state: markup })
    assert.doesNotMatch(html, /<img|<b>|onerror=alert\(1\)>/)
  })

  for (const name of ['client_id', 'redirect_uri', 'response_type', 'x']) {
    attack(`injects markup into the error page with ${name}`, 'src/base/ui/html.ts: return escapeHtml(String(value))', async t => {
      const server = await startServer(t, { DEBUG: 'true' })
      const query = authorizationParameters({ client_id: 'unknown' }, verifier, { [name]: `${markup}\r\nX: y` })
      const response = await requestAuthorization(server, query, { accept: 'text/html' })
      assert.doesNotMatch(await response.text(), /<img/)
      assert.equal(response.headers.get('x'), null)
    })
  }

  attack('uses the authorization endpoint as an open redirector', 'redirect-uri-is-registered', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const changes = [{ redirect_uri: 'https://evil.example' }, { client_id: 'x', redirect_uri: 'https://evil.example' }]
    for (const change of changes) assert.equal((await requestCode(server, client, change)).headers.get('location'), null)
  })

  attack('gets a code with HEAD, which a browser may send unseen', 'method-is-allowed', async t => {
    const server = await startServer(t)
    const query = authorizationParameters(await register(server), verifier)
    const response = await get(`${server.url}/oauth/authorize?${query}`, {}, 'HEAD')
    assert.deepEqual([response.status, response.headers.get('location')], [405, null])
  })

  attack('reads the authorization endpoint with a script on another site', 'src/routes.ts: \'/oauth/authorize\'', async t => {
    const server = await startServer(t, asks)
    const response = await requestAuthorization(server, authorizationParameters(await register(server), verifier), { origin: 'https://evil.example' })
    assert.equal(response.headers.get('access-control-allow-origin'), null)
  })

  attack('frames the consent page', 'src/base/ui/security-headers.ts: \'x-frame-options\'', async t => {
    const server = await startServer(t, asks)
    const { response } = await openConsent(server, await register(server))
    assert.equal(response.headers.get('x-frame-options'), 'DENY')
    assert.match(response.headers.get('content-security-policy')!, /frame-ancestors 'none'/)
  })

  attack('approves on behalf of the user from another browser', 'consent-belongs-to-browser', async t => {
    const server = await startServer(t, asks)
    const response = await decide(server, await openConsent(server, await register(server)), {}, { cookie: 'browser=forged' })
    await assertRefused(response, 'consent-belongs-to-browser', 'access_denied', 403)
  })

  attack('approves with a forged form, without the token of the page', 'consent-is-open', async t => {
    const server = await startServer(t, asks)
    const response = await decide(server, await openConsent(server, await register(server)), { consent_token: 'forged' })
    await assertRefused(response, 'consent-is-open', 'access_denied', 403)
  })

  attack('repeats an approval to get a second code', 'consent-is-open', async t => {
    const server = await startServer(t, asks)
    const page = await openConsent(server, await register(server))
    assert.equal((await decide(server, page)).status, 303)
    await assertRefused(await decide(server, page), 'consent-is-open', 'access_denied', 403)
  })

  attack('has the approval of one request count for another with changed parameters', 'src/core/user/consent.ts: issueCode(', async t => {
    const server = await startServer(t, asks)
    const client = await register(server, { redirect_uris: [redirect_uri, 'https://app.example.com/cb'] })
    const page = await openConsent(server, client, { scope: 'mcp:tools:read' })
    const changes = { redirect_uri: 'https://app.example.com/cb', scope: 'mcp:tools:read mcp:tools:execute', client_id: 'x', state: 'y' }
    const location = locationOf(await decide(server, page, changes))
    assert.ok(location.href.startsWith(redirect_uri))
    assert.equal(location.searchParams.get('state'), 'xyz')
    const tokens = await readJson(await exchange(server, client, { code: location.searchParams.get('code')!, code_verifier: page.code_verifier }))
    assert.equal(tokens['scope'], 'mcp:tools:read')
  })

  attack('has a client on the internet auto-approved by a server that auto-approves loopback clients', 'src/core/oauth/authorize.ts: isLoopbackRedirectUri(redirect_uri)', async t => {
    const server = await startServer(t)
    const uri = 'https://app.example.com/cb'
    const response = await requestCode(server, await register(server, { redirect_uris: [uri] }), { redirect_uri: uri })
    assert.equal(response.status, 200)
  })

  attack('floods the authorization endpoint from one address', 'address-is-within-limits', async t => {
    const server = await startServer(t, { ...asks, RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE: '2' })
    const client = await register(server)
    for (let i = 0; i < 2; i++) assert.equal((await requestCode(server, client)).status, 200)
    const response = await requestCode(server, client)
    assert.ok(Number(response.headers.get('retry-after')) > 0)
    await assertRefused(response, 'address-is-within-limits', 'too_many_requests', 429)
    assert.equal((await get(`${server.url}/health`)).status, 200)
    server.advance(60)
    assert.equal((await requestCode(server, client)).status, 200)
  })

  attack('floods user names from a blocked address to evict the counts of failed attempts', 'src/user/sign-in.ts: for (const kind of [\'address\', \'name\']', async t => {
    const store = new MemoryStore({ now: () => Date.now() / 1000, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 3600 })
    const countAttempt = store.countAttempt.bind(store)
    const counted: string[] = []
    store.countAttempt = (key, key_hash) => { counted.push(key); return countAttempt(key, key_hash) }
    const password_hash = await hashPassword('x', { ln: 14, r: 8, p: 1 })
    const users = parseUsers(JSON.stringify([{ sub: 'ada', username: 'ada', name: 'Ada', email: 'ada@example.com', password_hash }]))
    users.authenticate = async () => undefined
    const server = await startServer(t, {}, { store, users })
    const { cookie, csrf_token } = await openPage(`${server.url}/account`)
    const guess = (username: string) => postForm(`${server.url}/sign-in`, { csrf_token, username, password: 'x' }, { cookie })
    for (let i = 0; i < 100; i++) assert.equal((await guess(`user ${i}`)).status, 403)
    for (let i = 0; i < 20; i++) await assertRefused(await guess(`more ${i}`), 'sign-in-attempts-are-bounded', 'too_many_requests', 429)
    assert.equal(counted.filter(key => key === 'name').length, 100)
  })
})

