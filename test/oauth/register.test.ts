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

  it('tells nobody to store the answer (RFC 7591 section 3.2.1)', async t => {
    const response = await requestRegistration(await startServer(t))
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('pragma'), 'no-cache')
  })

  it('gives another client_id to each registration (RFC 7591 section 3.2.1)', async t => {
    const server = await startServer(t)
    const [one, other] = [await register(server), await register(server)]
    assert.notEqual(one['client_id'], other['client_id'])
  })

  it('echoes all that it registered (RFC 7591 section 3.2.1)', async t => {
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

  it('gives no secret to a client of the method none (RFC 7591 section 3.2.1)', async t => {
    const client = await register(await startServer(t), { token_endpoint_auth_method: 'none' })
    assert.deepEqual([client['client_secret'], client['client_secret_expires_at']], [undefined, undefined])
  })

  for (const token_endpoint_auth_method of ['client_secret_post', 'client_secret_basic']) {
    it(`gives a secret that does not expire for ${token_endpoint_auth_method} (RFC 7591 section 3.2.1)`, async t => {
      const client = await register(await startServer(t), { token_endpoint_auth_method })
      assert.match(client['client_secret'], /^[A-Za-z0-9_-]{43}$/)
      assert.equal(client['client_secret_expires_at'], 0)
    })
  }

  it('registers client_secret_basic where no method is named (RFC 7591 section 2)', async t => {
    const client = await register(await startServer(t), { token_endpoint_auth_method: undefined })
    assert.equal(client['token_endpoint_auth_method'], 'client_secret_basic')
    assert.match(client['client_secret'], /^[A-Za-z0-9_-]{43}$/)
  })

  it('registers no response type for a client that only refreshes (RFC 7591 section 2.1)', async t => {
    const client = await register(await startServer(t), { grant_types: ['refresh_token'] })
    assert.deepEqual(client['response_types'], [])
  })

  it('ignores members that it does not know (RFC 7591 section 2)', async t => {
    const client = await register(await startServer(t), {
      'client_name#de': 'Testprogramm', jwks_uri: 'https://app.example.com/jwks', default_max_age: 60, x: { y: [1] },
    })
    assert.deepEqual(['client_name#de', 'jwks_uri', 'default_max_age', 'x'].filter(name => name in client), [])
  })

  for (const name of ['client_id', 'client_secret', 'registration_access_token', 'client_secret_expires_at', 'client_id_issued_at']) {
    it(`lets no client choose its ${name} (RFC 7591 section 5)`, async t => {
      const client = await register(await startServer(t), { token_endpoint_auth_method: 'client_secret_post', [name]: 'mine' })
      assert.notEqual(client[name], 'mine')
    })
  }

  it('takes null for an absent member', async t => {
    const client = await register(await startServer(t), { client_name: null, scope: null, grant_types: null, logo_uri: null })
    assert.deepEqual(client['grant_types'], ['authorization_code', 'refresh_token'])
    assert.ok(!('client_name' in client))
  })

  it('takes a repeated grant type once', async t => {
    const client = await register(await startServer(t), { grant_types: ['authorization_code', 'authorization_code'] })
    assert.deepEqual(client['grant_types'], ['authorization_code'])
  })

  it('registers the scopes that it has, and says which (RFC 7591 section 2)', async t => {
    const client = await register(await startServer(t), { scope: 'openid mcp:tools:read mcp:admin offline_access' })
    assert.equal(client['scope'], 'mcp:tools:read')
  })

  it('sets no bound where only OpenID Connect scopes are asked for', async t => {
    const client = await register(await startServer(t), { scope: 'openid profile offline_access' })
    assert.equal(client['scope'], undefined)
  })

  it('registers a client of application_type web with an https redirect URI', async t => {
    const client = await register(await startServer(t), { application_type: 'web', redirect_uris: ['https://app.example.com/cb'] })
    assert.equal(client['application_type'], 'web')
  })

  it('may be called by a page of any origin', async t => {
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
    'redirect_uris that are no list (RFC 7591 section 2)': { metadata: { redirect_uris: redirect_uri }, ...notSent },
    'a redirect URI that is no text (RFC 7591 section 2)': { metadata: { redirect_uris: [redirect_uri, 1] }, ...notSent },
    'more than 20 redirect URIs': { metadata: { redirect_uris: Array(21).fill(redirect_uri) }, ...notSent },
    'http to a public host (RFC 8252 section 8.3)': { metadata: { redirect_uris: ['http://app.example.com/cb'] }, ...badUri },
    'javascript: (RFC 7591 section 5)': { metadata: { redirect_uris: ['javascript:alert(1)'] }, ...badUri },
    'a fragment (RFC 6749 section 3.1.2)': { metadata: { redirect_uris: ['https://app.example.com/cb#'] }, ...badUri },
    'a bad redirect URI behind a good one': { metadata: { redirect_uris: [redirect_uri, 'data:text/html,x'] }, ...badUri },
    'application_type web with a loopback redirect URI': { metadata: { application_type: 'web' }, ...notWeb },
    'application_type web with https to this machine': {
      metadata: { application_type: 'web', redirect_uris: ['https://localhost/cb'] }, ...notWeb,
    },
    'application_type web with https to this machine in upper case': {
      metadata: { application_type: 'web', redirect_uris: ['https://LOCALHOST/cb'] }, ...notWeb,
    },
    'application_type web with a private-use scheme': {
      metadata: { application_type: 'web', redirect_uris: ['com.example.app:/cb'] }, ...notWeb,
    },
    'an application_type that does not exist': { metadata: { application_type: 'mobile' }, ...mistyped },
    'the implicit grant (OAuth 2.1 section 10.1)': {
      metadata: { grant_types: ['implicit'] }, rule: 'grant-types-are-supported', error: 'invalid_client_metadata',
    },
    'the password grant (RFC 7591 section 2)': {
      metadata: { grant_types: ['authorization_code', 'password'] },
      rule: 'grant-types-are-supported', error: 'invalid_client_metadata',
    },
    'grant_types that are no list (RFC 7591 section 2)': { metadata: { grant_types: 'authorization_code' }, ...mistyped },
    'the response type token (OAuth 2.1 section 10.1)': {
      metadata: { response_types: ['code', 'token'] }, rule: 'response-types-are-supported', error: 'invalid_client_metadata',
    },
    'the response type code without its grant type (RFC 7591 section 2.1)': {
      metadata: { grant_types: ['refresh_token'], response_types: ['code'] },
      rule: 'grant-types-fit-response-types', error: 'invalid_client_metadata',
    },
    'the code grant without its response type (RFC 7591 section 2.1)': {
      metadata: { grant_types: ['authorization_code'], response_types: [] },
      rule: 'grant-types-fit-response-types', error: 'invalid_client_metadata',
    },
    'a method of client authentication that it does not have (RFC 7591 section 2)': {
      metadata: { token_endpoint_auth_method: 'tls_client_auth' },
      rule: 'authentication-method-is-supported', error: 'invalid_client_metadata',
    },
    'a method of client authentication that is no text (RFC 7591 section 2)': {
      metadata: { token_endpoint_auth_method: ['none'] }, ...mistyped,
    },
    'a scope of which it has nothing (RFC 7591 section 2)': {
      metadata: { scope: 'repo user' }, rule: 'scope-can-be-registered', error: 'invalid_client_metadata',
    },
    'a scope that is malformed (RFC 6749 section 3.3)': {
      metadata: { scope: 'mcp:tools:read "x"' }, rule: 'scope-can-be-registered', error: 'invalid_client_metadata',
    },
    'a client_name that is no text (RFC 7591 section 2)': { metadata: { client_name: { en: 'x' } }, ...mistyped },
    'a client_name of more than 1024 characters': { metadata: { client_name: 'x'.repeat(1025) }, ...mistyped },
    'a client_uri that is a script (RFC 7591 section 5)': { metadata: { client_uri: 'javascript:alert(1)' }, ...mistyped },
    'a logo_uri that is data (RFC 7591 section 5)': { metadata: { logo_uri: 'data:image/png;base64,AA==' }, ...mistyped },
    'a policy_uri with a line break': { metadata: { policy_uri: 'https://app.example.com/\n' }, ...mistyped },
    'contacts that are no list (RFC 7591 section 2)': { metadata: { contacts: 'dev@example.com' }, ...mistyped },
    'more than 20 contacts': { metadata: { contacts: Array(21).fill('dev@example.com') }, ...mistyped },
  }
  for (const [what, { metadata, rule, error }] of Object.entries(refused)) {
    it(`refuses ${what}`, async t => {
      await assertRefused(await requestRegistration(await startServer(t), metadata), rule, error, 400)
    })
  }

  for (const body of ['[]', '"client"', 'null', '1']) {
    it(`refuses the body ${body}, which is no object (RFC 7591 section 3.1)`, async t => {
      const response = await postJson(`${(await startServer(t)).url}/oauth/register`, body)
      await assertRefused(response, 'client-metadata-is-an-object', 'invalid_client_metadata', 400)
    })
  }

  it('refuses a body that is no JSON (RFC 7591 section 3.1)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, 'redirect_uris=x')
    await assertRefused(response, 'json-is-well-formed', 'invalid_request', 400)
  })

  it('refuses an empty body (RFC 7591 section 3.1)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, '')
    await assertRefused(response, 'json-is-well-formed', 'invalid_request', 400)
  })

  it('refuses a member that is named twice (RFC 8259 section 4)', async t => {
    const body = `{"redirect_uris":["${redirect_uri}"],"redirect_uris":["https://evil.example/cb"]}`
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, body)
    await assertRefused(response, 'json-is-well-formed', 'invalid_request', 400)
  })

  it('refuses JSON under another media type (RFC 7591 section 3.1)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, validMetadata, { 'content-type': 'text/plain' })
    await assertRefused(response, 'body-is-json', 'unsupported_media_type', 415)
  })

  it('accepts the media type with parameters and in upper case', async t => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    assert.equal((await postJson(`${(await startServer(t)).url}/oauth/register`, validMetadata, headers)).status, 201)
  })

  it('answers errors as JSON even where HTML is accepted (RFC 7591 section 3.2.2)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, '[]', { accept: 'text/html, */*; q=.2' })
    assert.equal(response.headers.get('content-type'), 'application/json')
  })

  it('writes the error in characters that error_description allows (RFC 6749 section 5.2)', async t => {
    const response = await requestRegistration(await startServer(t), { redirect_uris: ['https://a.example/"\\\u00e9\n'] })
    const { error_description } = await readJson(response)
    assert.match(error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })
})
