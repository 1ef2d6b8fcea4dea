import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeChallengeS256, createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import {
  assertRedirectedError, assertRefused, authorizationParameters, get, redirect_uri, register, requestAuthorization,
  requestCode, startServer, type Members, type TestServer } from '../harness.ts'

/** Sends the query as it is, which `URLSearchParams` might write in another way. */
async function requestRaw(server: TestServer, client: Members, more: string, changes: Members = {}): Promise<Response> {
  const query = authorizationParameters(client, createCodeVerifier(), changes)
  return get(`${server.url}/oauth/authorize?${query}&${more}`)
}

describe('GET /oauth/authorize, before the redirect URI is trusted', () => {
  interface Case { change: Members; more?: string; metadata?: Members; rule: string; error: string }
  const cases: Record<string, Case> = {
    'an unknown client (RFC 6749 section 4.1.2.1)': {
      change: { client_id: 'unknown' }, rule: 'client-is-registered', error: 'invalid_client',
    },
    'no client_id (RFC 6749 section 4.1.1)': {
      change: { client_id: undefined }, rule: 'parameter-is-sent', error: 'invalid_request',
    },
    'an empty client_id (RFC 6749 section 3.1)': { change: { client_id: '' }, rule: 'parameter-is-sent', error: 'invalid_request' },
    'two client_ids (RFC 6749 section 3.1)': {
      change: {}, more: 'client_id=other', rule: 'parameters-are-not-repeated', error: 'invalid_request',
    },
    'two redirect URIs (RFC 6749 section 3.1)': {
      change: {}, more: `redirect_uri=${encodeURIComponent(redirect_uri)}`,
      rule: 'parameters-are-not-repeated', error: 'invalid_request',
    },
    'a foreign redirect URI (OAuth 2.1 section 2.3.1)': {
      change: { redirect_uri: 'https://evil.example/cb' }, rule: 'redirect-uri-is-registered', error: 'invalid_request',
    },
    'a redirect URI with another path (OAuth 2.1 section 2.3.1)': {
      change: { redirect_uri: `${redirect_uri}/x` }, rule: 'redirect-uri-is-registered', error: 'invalid_request',
    },
    'a redirect URI with an added query (OAuth 2.1 section 2.3.1)': {
      change: { redirect_uri: `${redirect_uri}?x=1` }, rule: 'redirect-uri-is-registered', error: 'invalid_request',
    },
    'localhost for 127.0.0.1 (OAuth 2.1 section 2.3.1)': {
      change: { redirect_uri: 'http://localhost:7777/callback' }, rule: 'redirect-uri-is-registered', error: 'invalid_request',
    },
    'the redirect URI of another client (OAuth 2.1 section 2.3.1)': {
      change: {}, metadata: { redirect_uris: ['https://app.example.com/cb'] },
      rule: 'redirect-uri-is-registered', error: 'invalid_request',
    },
    'no redirect URI, with two registered (OAuth 2.1 section 4.1.1)': {
      change: { redirect_uri: undefined }, metadata: { redirect_uris: [redirect_uri, 'https://app.example.com/cb'] },
      rule: 'redirect-uri-is-clear', error: 'invalid_request',
    },
  }
  for (const [what, { change, more = '', metadata, rule, error }] of Object.entries(cases)) {
    it(`shows an error for ${what} and does not redirect`, async t => {
      const server = await startServer(t)
      const response = await requestRaw(server, await register(server, metadata), more, change)
      assert.equal(response.headers.get('location'), null)
      await assertRefused(response, rule, error, 400)
    })

    it(`shows browsers an error page for ${what}`, async t => {
      const server = await startServer(t)
      const query = authorizationParameters(await register(server, metadata), createCodeVerifier(), change)
      const response = await get(`${server.url}/oauth/authorize?${query}&${more}`, { accept: 'text/html,*/*;q=0.8' })
      assert.equal(response.status, 400)
      assert.equal(response.headers.get('location'), null)
      assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
      assert.match(await response.text(), /What to do/)
    })
  }

  it('tells users that the client must register again', async t => {
    const server = await startServer(t)
    const query = authorizationParameters({ client_id: 'unknown' }, createCodeVerifier())
    const response = await requestAuthorization(server, query, { accept: 'text/html' })
    assert.match(await response.text(), /register again/)
  })

  it('escapes the client_id in the page', async t => {
    const server = await startServer(t)
    const query = authorizationParameters({ client_id: '<script>alert(1)</script>' }, createCodeVerifier())
    const response = await requestAuthorization(server, query, { accept: 'text/html' })
    assert.doesNotMatch(await response.text(), /<script/)
  })
})

describe('GET /oauth/authorize, once the redirect URI is trusted', () => {
  const challenge = codeChallengeS256(createCodeVerifier())
  const cases: Record<string, { change: Members; rule: string; error: string; metadata?: Members; env?: Record<string, string> }> = {
    'no response_type (RFC 6749 section 4.1.2.1)': {
      change: { response_type: undefined }, rule: 'parameter-is-sent', error: 'invalid_request',
    },
    'the response type token (OAuth 2.1 section 4.1.1)': {
      change: { response_type: 'token' }, rule: 'response-type-is-code', error: 'unsupported_response_type',
    },
    'the response type code token (OAuth 2.1 section 4.1.1)': {
      change: { response_type: 'code token' }, rule: 'response-type-is-code', error: 'unsupported_response_type',
    },
    'a client that registered without the code grant (RFC 6749 section 4.1.2.1)': {
      change: {}, metadata: { grant_types: ['refresh_token'] }, rule: 'client-may-use-code-grant', error: 'unauthorized_client',
    },
    'no code_challenge (RFC 7636 section 4.4.1)': {
      change: { code_challenge: undefined }, rule: 'code-challenge-is-sent', error: 'invalid_request',
    },
    'no code_challenge of a confidential client (OAuth 2.1 section 4.1.1)': {
      change: { code_challenge: undefined }, metadata: { token_endpoint_auth_method: 'client_secret_basic' },
      rule: 'code-challenge-is-sent', error: 'invalid_request',
    },
    'the method plain (RFC 7636 section 4.4.1)': {
      change: { code_challenge_method: 'plain' }, rule: 'code-challenge-method-is-s256', error: 'invalid_request',
    },
    'no method, which means plain (RFC 7636 section 4.3)': {
      change: { code_challenge_method: undefined }, rule: 'code-challenge-method-is-s256', error: 'invalid_request',
    },
    'the method in lower case (RFC 7636 section 4.3)': {
      change: { code_challenge_method: 's256' }, rule: 'code-challenge-method-is-s256', error: 'invalid_request',
    },
    'a code_challenge with padding (RFC 7636 section 4.2)': {
      change: { code_challenge: `${challenge}=` }, rule: 'code-challenge-is-well-formed', error: 'invalid_request',
    },
    'a code_challenge in hexadecimal (RFC 7636 section 4.2)': {
      change: { code_challenge: 'ab'.repeat(32) }, rule: 'code-challenge-is-well-formed', error: 'invalid_request',
    },
    'a request object (RFC 9101 section 5)': {
      change: { request: 'eyJhbGciOiJub25lIn0.e30.' }, rule: 'request-object-is-not-used', error: 'invalid_request',
    },
    'a request_uri (RFC 9101 section 5)': {
      change: { request_uri: 'http://127.0.0.1:1/' }, rule: 'request-object-is-not-used', error: 'invalid_request',
    },
    'an unknown scope (RFC 6749 section 4.1.2.1)': {
      change: { scope: 'mcp:admin' }, rule: 'scope-is-supported', error: 'invalid_scope',
    },
    'a malformed scope (RFC 6749 section 3.3)': {
      change: { scope: 'mcp:tools:"read"' }, rule: 'scope-is-supported', error: 'invalid_scope',
    },
    'a scope outside the registered one (RFC 7591 section 2)': {
      change: { scope: 'mcp:tools:execute' }, metadata: { scope: 'mcp:tools:read' },
      rule: 'scope-is-within-registration', error: 'invalid_scope',
    },
    'a resource of another server (RFC 8707 section 2)': {
      change: { resource: 'https://other.example/mcp' }, rule: 'resource-is-ours', error: 'invalid_target',
    },
    'prompt=none when nobody is signed in (OpenID Connect Core 1.0 section 3.1.2.6)': {
      change: { prompt: 'none' }, env: { OAUTH_AUTO_APPROVE: 'false' }, rule: 'user-is-signed-in', error: 'login_required',
    },
    'prompt=none with another value (OpenID Connect Core 1.0 section 3.1.2.1)': {
      change: { prompt: 'login none' }, env: { OAUTH_AUTO_APPROVE: 'false' }, rule: 'prompt-none-stands-alone', error: 'invalid_request',
    },
  }
  for (const [what, { change, rule, error, metadata, env }] of Object.entries(cases)) {
    it(`redirects ${what} with error, state and iss`, async t => {
      const server = await startServer(t, env)
      const response = await requestCode(server, await register(server, metadata), change)
      assert.equal(response.status, 302)
      const query = assertRedirectedError(response, rule, error)
      assert.equal(query.get('state'), 'xyz')
      assert.equal(query.get('iss'), server.config.issuer)
      assert.equal(query.has('code'), false)
    })
  }

  it('redirects a browser too', async t => {
    const server = await startServer(t)
    const query = authorizationParameters(await register(server), createCodeVerifier(), { response_type: 'token' })
    assertRedirectedError(
      await requestAuthorization(server, query, { accept: 'text/html' }), 'response-type-is-code', 'unsupported_response_type',
    )
  })

  it('redirects the error of a repeated parameter (RFC 6749 section 3.1)', async t => {
    const server = await startServer(t)
    const response = await requestRaw(server, await register(server), 'code_challenge_method=plain')
    assertRedirectedError(response, 'parameters-are-not-repeated', 'invalid_request')
  })

  it('returns no state if state was repeated (RFC 6749 section 3.1)', async t => {
    const server = await startServer(t)
    const response = await requestRaw(server, await register(server), 'state=other')
    const query = assertRedirectedError(response, 'parameters-are-not-repeated', 'invalid_request')
    assert.equal(query.has('state'), false)
  })

  it('rejects a state of more than 4096 characters', async t => {
    const server = await startServer(t)
    const response = await requestCode(server, await register(server), { state: 'x'.repeat(4097) })
    assertRedirectedError(response, 'parameter-is-bounded', 'invalid_request')
  })

  it('uses only characters that error_description allows (RFC 6749 section 4.1.2.1)', async t => {
    const server = await startServer(t)
    const response = await requestCode(server, await register(server), { response_type: 'tök"en\\\r\n' })
    const query = assertRedirectedError(response, 'response-type-is-code', 'unsupported_response_type')
    assert.match(query.get('error_description')!, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })
})
