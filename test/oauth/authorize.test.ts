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

  it('redirects with 302, because 307 would resend a form (RFC 9700 section 4.12)', async t => {
    const server = await startServer(t)
    assert.equal((await requestCode(server, await register(server))).status, 302)
  })

  it('forbids caching the redirect', async t => {
    const server = await startServer(t)
    assert.equal((await requestCode(server, await register(server))).headers.get('cache-control'), 'no-store')
  })

  it('issues a new code for each request', async t => {
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
    'with spaces and plus signs': 'a b+c  d',
    'with query delimiters': '&code=evil#f?%20;=',
    'outside ASCII': 'Zürich 世界 🌍',
    'that is JSON': '{"a":["b\\"c"]}',
    'with markup': '<script>alert(1)</script>',
    'with line breaks': 'a\r\nb\tc',
    'of 4096 characters': 'x'.repeat(4096),
  }
  for (const [what, state] of Object.entries(states)) {
    it(`returns a state ${what} unchanged (RFC 6749 section 4.1.2)`, async t => {
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

  it('uses the only registered redirect URI if none is sent (OAuth 2.1 section 4.1.1)', async t => {
    const server = await startServer(t)
    const { location } = await authorize(server, await register(server), { redirect_uri: undefined })
    assert.equal(location.origin + location.pathname, redirect_uri)
  })

  it('accepts any port for a loopback redirect URI (RFC 8252 section 7.3)', async t => {
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

  it('issues a code for prompt=none if no interaction is needed (OpenID Connect Core 1.0 section 3.1.2.1)', async t => {
    const server = await startServer(t)
    assert.ok((await authorize(server, await register(server), { prompt: 'none' })).code)
  })

  it('accepts prompt=consent, which SDKs send with offline_access', async t => {
    const server = await startServer(t)
    assert.ok((await authorize(server, await register(server), { prompt: 'consent', scope: 'mcp:tools:read offline_access' })).code)
  })

  it('ignores unknown parameters (RFC 6749 section 3.1)', async t => {
    const server = await startServer(t)
    assert.ok((await authorize(server, await register(server), { nonce: 'n', 'x-extra': '1' })).code)
  })

  it('treats a parameter without a value as absent (RFC 6749 section 3.1)', async t => {
    const server = await startServer(t)
    const response = await requestRaw(server, await register(server), 'scope=&resource=&request=&state=')
    assert.equal(locationOf(response).searchParams.get('state'), 'xyz')
  })

  it('does not take a code from the query', async t => {
    const server = await startServer(t)
    const { location } = await authorize(server, await register(server), { code: 'mine', iss: 'https://evil.example' })
    assert.notEqual(location.searchParams.get('code'), 'mine')
    assert.deepEqual(location.searchParams.getAll('iss'), [server.config.issuer])
  })

  it('sends no CORS headers, so scripts of other origins cannot call it', async t => {
    const server = await startServer(t)
    const query = authorizationParameters(await register(server), createCodeVerifier())
    const response = await requestAuthorization(server, query, { origin: 'https://app.example.com' })
    assert.equal(response.headers.get('access-control-allow-origin'), null)
  })

  it('allows no origin in a CORS preflight', async t => {
    const server = await startServer(t)
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    const response = await get(`${server.url}/oauth/authorize`, headers, 'OPTIONS')
    assert.equal(response.headers.get('access-control-allow-origin'), null)
  })
})

describe('POST /oauth/authorize', () => {
  it('is rejected, and Allow names the supported method (RFC 9110 section 15.5.6)', async t => {
    const server = await startServer(t)
    const response = await postForm(`${server.url}/oauth/authorize`, { client_id: 'x' })
    assert.equal(response.headers.get('allow'), 'GET')
    await assertRefused(response, 'method-is-allowed', 'method_not_allowed', 405)
  })
})

describe('HEAD /oauth/authorize', () => {
  it('is rejected, because it would issue a code (RFC 9110 section 9.2.1)', async t => {
    const server = await startServer(t)
    const query = authorizationParameters(await register(server), createCodeVerifier())
    const response = await fetch(`${server.url}/oauth/authorize?${query}`, { method: 'HEAD', redirect: 'manual' })
    assert.deepEqual([response.status, response.headers.get('location')], [405, null])
  })
})

describe('GET /oauth/authorize, scope', () => {
  const both = 'mcp:tools:read mcp:tools:execute'
  const cases: Record<string, { asked: string | undefined; registered?: string; granted: string }> = {
    'grants all scopes if none is requested (RFC 6749 section 3.3)': { asked: undefined, granted: both },
    'grants the requested scope': { asked: 'mcp:tools:read', granted: 'mcp:tools:read' },
    'grants the registered scope if none is requested (RFC 7591 section 2)': {
      asked: undefined, registered: 'mcp:tools:read', granted: 'mcp:tools:read',
    },
    'narrows to the registered scope (RFC 7591 section 2)': { asked: both, registered: 'mcp:tools:read', granted: 'mcp:tools:read' },
    'drops the OpenID Connect scopes (RFC 6749 section 3.3)': { asked: `openid profile email ${both} offline_access`, granted: both },
    'grants all scopes if only OpenID Connect scopes are requested': { asked: 'openid offline_access', granted: both },
    'drops a repeated scope': { asked: 'mcp:tools:read mcp:tools:read', granted: 'mcp:tools:read' },
  }
  for (const [what, { asked, registered, granted }] of Object.entries(cases)) {
    it(what, async t => {
      const { tokens } = await getTokens(await startServer(t), { scope: registered }, { scope: asked })
      assert.equal(tokens['scope'], granted)
      assert.equal(claimsOf(tokens['access_token'])['scope'], granted)
    })
  }
})
