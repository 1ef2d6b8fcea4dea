import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import {
  assertRefused, authorizationParameters, authorize, claimsOf, get, getTokens, locationOf, postForm, redirect_uri, register,
  requestAuthorization, requestCode, startServer, type Members, type TestServer,
} from '../harness.ts'

/** Sends the query as it is, which `URLSearchParams` might write in another way. */
async function requestRaw(server: TestServer, client: Members, more: string, changes: Members = {}): Promise<Response> {
  const query = authorizationParameters(client, createCodeVerifier(), changes)
  return get(`${server.url}/oauth/authorize?${query}&${more}`)
}

describe('GET /oauth/authorize', () => {
  it('redirects with a code, the state and iss (RFC 6749 section 4.1.2, RFC 9207 section 2)', async t => {
    const server = await startServer(t)
    const { location } = await authorize(server, await register(server))
    assert.equal(location.origin + location.pathname, redirect_uri)
    assert.deepEqual([...location.searchParams.keys()], ['code', 'state', 'iss'])
    assert.match(location.searchParams.get('code')!, /^[A-Za-z0-9_-]{43}$/)
    assert.equal(location.searchParams.get('state'), 'xyz')
    assert.equal(location.searchParams.get('iss'), server.config.issuer)
  })

  it('redirects by 302, since 307 would send a form on (RFC 9700 section 4.12)', async t => {
    const server = await startServer(t)
    assert.equal((await requestCode(server, await register(server))).status, 302)
  })

  it('tells nobody to store the redirect', async t => {
    const server = await startServer(t)
    assert.equal((await requestCode(server, await register(server))).headers.get('cache-control'), 'no-store')
  })

  it('gives another code to each request', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const [one, other] = [await authorize(server, client), await authorize(server, client)]
    assert.notEqual(one.code, other.code)
  })

  it('works without state (OAuth 2.1 section 4.1.1)', async t => {
    const server = await startServer(t)
    const { location } = await authorize(server, await register(server), { state: undefined })
    assert.equal(location.searchParams.has('state'), false)
  })

  const states = {
    'with blanks and plus signs': 'a b+c  d',
    'with what has a meaning in a query': '&code=evil#f?%20;=',
    'beyond ASCII': 'Zürich 世界 🌍',
    'that is JSON': '{"a":["b\\"c"]}',
    'with markup': '<script>alert(1)</script>',
    'with line breaks': 'a\r\nb\tc',
    'of 4096 characters': 'x'.repeat(4096),
  }
  for (const [what, state] of Object.entries(states)) {
    it(`returns a state ${what} as it came (RFC 6749 section 4.1.2)`, async t => {
      const server = await startServer(t)
      const { location } = await authorize(server, await register(server), { state })
      assert.equal(location.searchParams.get('state'), state)
      assert.match(location.searchParams.get('code')!, /^[A-Za-z0-9_-]{43}$/)
    })
  }

  it('keeps the query of the redirect URI (RFC 6749 section 3.1.2)', async t => {
    const server = await startServer(t)
    const uri = `${redirect_uri}?tenant=a%2Fb&flow=1`
    const client = await register(server, { redirect_uris: [uri] })
    const response = await requestCode(server, client, { redirect_uri: uri })
    assert.ok(response.headers.get('location')!.startsWith(`${uri}&code=`))
  })

  it('takes the only registered redirect URI where none is sent (OAuth 2.1 section 4.1.1)', async t => {
    const server = await startServer(t)
    const { location } = await authorize(server, await register(server), { redirect_uri: undefined })
    assert.equal(location.origin + location.pathname, redirect_uri)
  })

  it('lets the port of a loopback redirect URI differ (RFC 8252 section 7.3)', async t => {
    const server = await startServer(t)
    const { location } = await authorize(server, await register(server), { redirect_uri: 'http://127.0.0.1:50123/callback' })
    assert.equal(location.host, '127.0.0.1:50123')
  })

  it('redirects to [::1] with another port (RFC 8252 section 7.3)', async t => {
    const server = await startServer(t)
    const client = await register(server, { redirect_uris: ['http://[::1]:7777/callback'] })
    const { location } = await authorize(server, client, { redirect_uri: 'http://[::1]:50123/callback' })
    assert.equal(location.host, '[::1]:50123')
  })

  it('answers prompt=none where nobody has to be asked (OpenID Connect Core 1.0 section 3.1.2.1)', async t => {
    const server = await startServer(t)
    assert.ok((await authorize(server, await register(server), { prompt: 'none' })).code)
  })

  it('answers prompt=consent, which SDKs send with offline_access', async t => {
    const server = await startServer(t)
    assert.ok((await authorize(server, await register(server), { prompt: 'consent', scope: 'mcp:tools:read offline_access' })).code)
  })

  it('ignores parameters that it does not know (RFC 6749 section 3.1)', async t => {
    const server = await startServer(t)
    assert.ok((await authorize(server, await register(server), { nonce: 'n', 'x-extra': '1' })).code)
  })

  it('takes a parameter without a value for an absent one (RFC 6749 section 3.1)', async t => {
    const server = await startServer(t)
    const response = await requestRaw(server, await register(server), 'scope=&resource=&request=&state=')
    assert.equal(locationOf(response).searchParams.get('state'), 'xyz')
  })

  it('takes no code out of the query', async t => {
    const server = await startServer(t)
    const { location } = await authorize(server, await register(server), { code: 'mine', iss: 'https://evil.example' })
    assert.notEqual(location.searchParams.get('code'), 'mine')
    assert.deepEqual(location.searchParams.getAll('iss'), [server.config.issuer])
  })

  it('may not be called by a script of another origin', async t => {
    const server = await startServer(t)
    const query = authorizationParameters(await register(server), createCodeVerifier())
    const response = await requestAuthorization(server, query, { origin: 'https://app.example.com' })
    assert.equal(response.headers.get('access-control-allow-origin'), null)
  })

  it('answers no preflight of a script of another origin', async t => {
    const server = await startServer(t)
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    const response = await get(`${server.url}/oauth/authorize`, headers, 'OPTIONS')
    assert.equal(response.headers.get('access-control-allow-origin'), null)
  })
})

describe('POST /oauth/authorize', () => {
  it('is refused, with the method that is allowed (RFC 9110 section 15.5.6)', async t => {
    const server = await startServer(t)
    const response = await postForm(`${server.url}/oauth/authorize`, { client_id: 'x' })
    assert.equal(response.headers.get('allow'), 'GET')
    await assertRefused(response, 'method-is-allowed', 'method_not_allowed', 405)
  })
})

describe('HEAD /oauth/authorize', () => {
  it('is refused, since a code would be issued (RFC 9110 section 9.2.1)', async t => {
    const server = await startServer(t)
    const query = authorizationParameters(await register(server), createCodeVerifier())
    const response = await fetch(`${server.url}/oauth/authorize?${query}`, { method: 'HEAD', redirect: 'manual' })
    assert.deepEqual([response.status, response.headers.get('location')], [405, null])
  })
})

describe('GET /oauth/authorize, scope', () => {
  const both = 'mcp:tools:read mcp:tools:execute'
  const cases: Record<string, { asked: string | undefined; registered?: string; granted: string }> = {
    'grants all where none is asked for (RFC 6749 section 3.3)': { asked: undefined, granted: both },
    'grants what is asked for': { asked: 'mcp:tools:read', granted: 'mcp:tools:read' },
    'grants the registered scope where none is asked for (RFC 7591 section 2)': {
      asked: undefined, registered: 'mcp:tools:read', granted: 'mcp:tools:read',
    },
    'narrows to the registered scope (RFC 7591 section 2)': { asked: both, registered: 'mcp:tools:read', granted: 'mcp:tools:read' },
    'drops the OpenID Connect scopes (RFC 6749 section 3.3)': { asked: `openid profile email ${both} offline_access`, granted: both },
    'grants all where only OpenID Connect scopes are asked for': { asked: 'openid offline_access', granted: both },
    'takes a repeated scope once': { asked: 'mcp:tools:read mcp:tools:read', granted: 'mcp:tools:read' },
  }
  for (const [what, { asked, registered, granted }] of Object.entries(cases)) {
    it(what, async t => {
      const { tokens } = await getTokens(await startServer(t), { scope: registered }, { scope: asked })
      assert.equal(tokens['scope'], granted)
      assert.equal(claimsOf(tokens['access_token'])['scope'], granted)
    })
  }
})
