import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, postJson, readJson, redirect_uri, register, requestRegistration, startServer, validMetadata, type Members,
} from '../harness.ts'

describe('POST /oauth/register', () => {
  it('answers 201 with the client information (RFC 7591 section 3.2.1)', async t => {
    const server = await startServer(t)
    const response = await requestRegistration(server)
    assert.equal(response.status, 201)
    assert.equal(response.headers.get('content-type'), 'application/json')
    const { client_id, client_id_issued_at, registration_access_token, ...rest } = await readJson(response)
    assert.match(client_id, /^[A-Za-z0-9_-]{22}$/)
    assert.ok(Number.isInteger(client_id_issued_at))
    assert.match(registration_access_token, /^[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(rest, {
      client_name: 'Test client',
      redirect_uris: [redirect_uri],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      registration_client_uri: `${server.config.issuer}/oauth/register/${client_id}`,
    })
  })

  it('forbids caching the answer (RFC 7591 section 3.2.1)', async t => {
    const response = await requestRegistration(await startServer(t))
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('pragma'), 'no-cache')
  })

  it('issues a new client_id for each registration (RFC 7591 section 3.2.1)', async t => {
    const server = await startServer(t)
    const [one, other] = [await register(server), await register(server)]
    assert.notEqual(one['client_id'], other['client_id'])
  })

  it('echoes everything that it registered (RFC 7591 section 3.2.1)', async t => {
    const metadata = {
      client_name: 'Zürich 世界',
      redirect_uris: ['https://app.example.com/cb', 'cursor://anysphere.cursor-retrieval/cb', redirect_uri],
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: 'mcp:tools:read',
      client_uri: 'https://app.example.com',
      logo_uri: 'https://app.example.com/logo.png',
      tos_uri: 'https://app.example.com/tos',
      policy_uri: 'https://app.example.com/policy',
      contacts: ['dev@example.com'],
      software_id: '4NRB1-0XZABZI9E6-5SM3R',
      software_version: '1.2.3',
      application_type: 'native',
    }
    const registered = await register(await startServer(t), metadata)
    assert.deepEqual({ ...registered, ...metadata }, registered)
  })

  it('issues no secret for the method none (RFC 7591 section 3.2.1)', async t => {
    const client = await register(await startServer(t), { token_endpoint_auth_method: 'none' })
    assert.deepEqual([client['client_secret'], client['client_secret_expires_at']], [undefined, undefined])
  })

  for (const token_endpoint_auth_method of ['client_secret_post', 'client_secret_basic']) {
    it(`issues a secret that does not expire for ${token_endpoint_auth_method} (RFC 7591 section 3.2.1)`, async t => {
      const client = await register(await startServer(t), { token_endpoint_auth_method })
      assert.match(client['client_secret'], /^[A-Za-z0-9_-]{43}$/)
      assert.equal(client['client_secret_expires_at'], 0)
    })
  }

  it('registers client_secret_basic if no method is named (RFC 7591 section 2)', async t => {
    const client = await register(await startServer(t), { token_endpoint_auth_method: undefined })
    assert.equal(client['token_endpoint_auth_method'], 'client_secret_basic')
    assert.match(client['client_secret'], /^[A-Za-z0-9_-]{43}$/)
  })

  it('registers no response type for a client that only refreshes (RFC 7591 section 2.1)', async t => {
    const client = await register(await startServer(t), { grant_types: ['refresh_token'] })
    assert.deepEqual(client['response_types'], [])
  })

  it('ignores unknown members (RFC 7591 section 2)', async t => {
    const client = await register(await startServer(t), {
      'client_name#de': 'Testprogramm', jwks_uri: 'https://app.example.com/jwks', default_max_age: 60, x: { y: [1] },
    })
    assert.deepEqual(['client_name#de', 'jwks_uri', 'default_max_age', 'x'].filter(name => name in client), [])
  })

  for (const name of ['client_id', 'client_secret', 'registration_access_token', 'client_secret_expires_at', 'client_id_issued_at']) {
    it(`does not let a client choose its ${name} (RFC 7591 section 5)`, async t => {
      const client = await register(await startServer(t), { token_endpoint_auth_method: 'client_secret_post', [name]: 'mine' })
      assert.notEqual(client[name], 'mine')
    })
  }

  it('treats null as absent', async t => {
    const client = await register(await startServer(t), { client_name: null, scope: null, grant_types: null, logo_uri: null })
    assert.deepEqual(client['grant_types'], ['authorization_code', 'refresh_token'])
    assert.ok(!('client_name' in client))
  })

  it('drops a repeated grant type', async t => {
    const client = await register(await startServer(t), { grant_types: ['authorization_code', 'authorization_code'] })
    assert.deepEqual(client['grant_types'], ['authorization_code'])
  })

  it('registers the supported scopes and returns them (RFC 7591 section 2)', async t => {
    const client = await register(await startServer(t), { scope: 'openid mcp:tools:read mcp:admin offline_access' })
    assert.equal(client['scope'], 'mcp:tools:read')
  })

  it('registers all scopes if only OpenID Connect scopes are requested, and says so', async t => {
    const client = await register(await startServer(t), { scope: 'openid profile offline_access' })
    assert.equal(client['scope'], 'mcp:tools:read mcp:tools:execute')
  })

  it('registers a client of application_type web with an https redirect URI', async t => {
    const client = await register(await startServer(t), { application_type: 'web', redirect_uris: ['https://app.example.com/cb'] })
    assert.equal(client['application_type'], 'web')
  })

  it('can be called from any origin (CORS)', async t => {
    const server = await startServer(t)
    const response = await postJson(`${server.url}/oauth/register`, validMetadata, { origin: 'https://app.example.com' })
    assert.equal(response.status, 201)
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  })

  const badUri = { rule: 'redirect-uri-is-safe', error: 'invalid_redirect_uri' }
  const notSent = { rule: 'redirect-uris-are-sent', error: 'invalid_redirect_uri' }
  const notWeb = { rule: 'redirect-uri-fits-application-type', error: 'invalid_redirect_uri' }
  const mistyped = { rule: 'client-metadata-is-typed', error: 'invalid_client_metadata' }
  const refused: Record<string, { metadata: Members; rule: string; error: string }> = {
    'no redirect_uris (RFC 7591 section 2)': { metadata: { redirect_uris: undefined }, ...notSent },
    'an empty list of redirect_uris (RFC 7591 section 2)': { metadata: { redirect_uris: [] }, ...notSent },
    'redirect_uris that is not an array (RFC 7591 section 2)': { metadata: { redirect_uris: redirect_uri }, ...notSent },
    'a redirect URI that is not a string (RFC 7591 section 2)': { metadata: { redirect_uris: [redirect_uri, 1] }, ...notSent },
    'more than 20 redirect URIs': { metadata: { redirect_uris: Array(21).fill(redirect_uri) }, ...notSent },
    'http to a public host (RFC 8252 section 8.3)': { metadata: { redirect_uris: ['http://app.example.com/cb'] }, ...badUri },
    'javascript: (RFC 7591 section 5)': { metadata: { redirect_uris: ['javascript:alert(1)'] }, ...badUri },
    'a fragment (RFC 6749 section 3.1.2)': { metadata: { redirect_uris: ['https://app.example.com/cb#'] }, ...badUri },
    'a bad redirect URI after a good one': { metadata: { redirect_uris: [redirect_uri, 'data:text/html,x'] }, ...badUri },
    'application_type web with a loopback redirect URI': { metadata: { application_type: 'web' }, ...notWeb },
    'application_type web with https on loopback': {
      metadata: { application_type: 'web', redirect_uris: ['https://localhost/cb'] }, ...notWeb,
    },
    'application_type web with https on loopback in upper case': {
      metadata: { application_type: 'web', redirect_uris: ['https://LOCALHOST/cb'] }, ...notWeb,
    },
    'application_type web with a private-use scheme': {
      metadata: { application_type: 'web', redirect_uris: ['com.example.app:/cb'] }, ...notWeb,
    },
    'the implicit grant (OAuth 2.1 section 10.1)': {
      metadata: { grant_types: ['implicit'] }, rule: 'grant-types-are-supported', error: 'invalid_client_metadata',
    },
    'the password grant (RFC 7591 section 2)': {
      metadata: { grant_types: ['password'] }, rule: 'grant-types-are-supported', error: 'invalid_client_metadata',
    },
    'grant_types that is not an array (RFC 7591 section 2)': { metadata: { grant_types: 'authorization_code' }, ...mistyped },
    'the response type token (OAuth 2.1 section 10.1)': {
      metadata: { response_types: ['token'] }, rule: 'response-types-are-supported', error: 'invalid_client_metadata',
    },
    'the response type code without its grant type (RFC 7591 section 2.1)': {
      metadata: { grant_types: ['refresh_token'], response_types: ['code'] },
      rule: 'grant-types-fit-response-types', error: 'invalid_client_metadata',
    },
    'an unsupported client authentication method (RFC 7591 section 2)': {
      metadata: { token_endpoint_auth_method: 'tls_client_auth' },
      rule: 'authentication-method-is-supported', error: 'invalid_client_metadata',
    },
    'a client authentication method that is not a string (RFC 7591 section 2)': {
      metadata: { token_endpoint_auth_method: ['none'] }, ...mistyped,
    },
    'a scope that is not a string (RFC 7591 section 2)': { metadata: { scope: ['mcp:tools:read'] }, ...mistyped },
    'a client_uri with javascript: (RFC 7591 section 5)': { metadata: { client_uri: 'javascript:alert(1)' }, ...mistyped },
    'a logo_uri with data: (RFC 7591 section 5)': { metadata: { logo_uri: 'data:image/png;base64,AA==' }, ...mistyped },
  }
  for (const [what, { metadata, rule, error }] of Object.entries(refused)) {
    it(`rejects ${what}`, async t => {
      await assertRefused(await requestRegistration(await startServer(t), metadata), rule, error, 400)
    })
  }

  for (const body of ['[]', '"client"', 'null', '1']) {
    it(`rejects the body ${body}, which is not an object (RFC 7591 section 3.1)`, async t => {
      const response = await postJson(`${(await startServer(t)).url}/oauth/register`, body)
      await assertRefused(response, 'client-metadata-is-an-object', 'invalid_client_metadata', 400)
    })
  }

  it('rejects a body that is not JSON (RFC 7591 section 3.1)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, 'redirect_uris=x')
    await assertRefused(response, 'json-is-well-formed', 'invalid_request', 400)
  })

  it('rejects an empty body (RFC 7591 section 3.1)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, '')
    await assertRefused(response, 'json-is-well-formed', 'invalid_request', 400)
  })

  it('rejects a repeated member (RFC 8259 section 4)', async t => {
    const body = `{"redirect_uris":["${redirect_uri}"],"redirect_uris":["https://evil.example/cb"]}`
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, body)
    await assertRefused(response, 'json-is-well-formed', 'invalid_request', 400)
  })

  it('rejects JSON under another media type (RFC 7591 section 3.1)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, validMetadata, { 'content-type': 'text/plain' })
    await assertRefused(response, 'body-is-json', 'unsupported_media_type', 415)
  })

  it('accepts the media type with parameters and in upper case', async t => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    assert.equal((await postJson(`${(await startServer(t)).url}/oauth/register`, validMetadata, headers)).status, 201)
  })

  it('answers errors with JSON even if Accept includes HTML (RFC 7591 section 3.2.2)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, '[]', { accept: 'text/html, */*; q=.2' })
    assert.equal(response.headers.get('content-type'), 'application/json')
  })

  it('uses only characters that error_description allows (RFC 6749 section 5.2)', async t => {
    const response = await requestRegistration(await startServer(t), { redirect_uris: ['https://a.example/"\\\u00e9\n'] })
    const { error_description } = await readJson(response)
    assert.match(error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })
})
