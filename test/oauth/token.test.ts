import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import {
  assertRefused, authorize, callMcp, exchange, getTokens, redirect_uri, register, requestToken, startServer,
} from '../harness.ts'

describe('POST /oauth/token', () => {
  it('rejects a grant type that OAuth 2.1 removed (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await requestToken(server, { grant_type: 'password', client_id: client['client_id'] })
    await assertRefused(response, 'grant-type-is-supported', 'unsupported_grant_type', 400)
  })

  it('rejects a grant type that the client did not register (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    const client = await register(server, { grant_types: ['authorization_code'] })
    const response = await requestToken(server, { grant_type: 'refresh_token', client_id: client['client_id'] })
    await assertRefused(response, 'client-may-use-grant-type', 'unauthorized_client', 400)
  })

  it('forbids caching the tokens (RFC 6749 section 5.1)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client))
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('content-type'), 'application/json')
  })
})

describe('POST /oauth/token, grant_type=authorization_code', () => {
  it('issues an access token, a refresh token and the granted scope (RFC 6749 section 5.1)', async t => {
    const { tokens } = await getTokens(await startServer(t))
    const { access_token, refresh_token, ...rest } = tokens
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, scope: 'mcp:tools:read mcp:tools:execute' })
    assert.equal(typeof access_token, 'string')
    assert.equal(typeof refresh_token, 'string')
  })

  it('issues no refresh token to a client that did not register for it', async t => {
    const { tokens } = await getTokens(await startServer(t), { grant_types: ['authorization_code'] })
    assert.equal(tokens['refresh_token'], undefined)
  })

  it('rejects a code that was never issued (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const authorization = await authorize(server, client)
    const response = await exchange(server, client, { ...authorization, code: 'made-up' })
    await assertRefused(response, 'code-is-known', 'invalid_grant', 400)
  })

  it('rejects the code of another client like an unknown one (RFC 6749 section 4.1.3)', async t => {
    const server = await startServer(t)
    const authorization = await authorize(server, await register(server))
    const response = await exchange(server, await register(server), authorization)
    await assertRefused(response, 'code-is-known', 'invalid_grant', 400)
  })

  it('says that the client is another one when DEBUG is on', async t => {
    const server = await startServer(t, { DEBUG: 'true' })
    const authorization = await authorize(server, await register(server))
    const response = await exchange(server, await register(server), authorization)
    await assertRefused(response, 'code-belongs-to-client', 'invalid_grant', 400)
  })

  it('rejects an expired code (RFC 6749 section 4.1.2)', async t => {
    const server = await startServer(t, { OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES: '1' })
    const client = await register(server)
    const authorization = await authorize(server, client)
    server.advance(61)
    await assertRefused(await exchange(server, client, authorization), 'code-is-fresh', 'invalid_grant', 400)
  })

  it('rejects a redirect_uri that differs from the authorization request (RFC 6749 section 4.1.3)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client), { redirect_uri: `${redirect_uri}/` })
    await assertRefused(response, 'redirect-uri-is-the-same', 'invalid_grant', 400)
  })

  it('accepts a request without redirect_uri (OAuth 2.1 section 4.1.3)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client), { redirect_uri: undefined })
    assert.equal(response.status, 200)
  })

  it('rejects a request without code_verifier (RFC 7636 section 4.5)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client), { code_verifier: undefined })
    await assertRefused(response, 'parameter-is-sent', 'invalid_request', 400)
  })

  it('rejects a code_verifier of 42 characters (RFC 7636 section 4.1)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client), { code_verifier: 'a'.repeat(42) })
    await assertRefused(response, 'code-verifier-is-well-formed', 'invalid_grant', 400)
  })

  it('rejects a code_verifier that does not match the code_challenge (RFC 7636 section 4.6)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client), { code_verifier: createCodeVerifier() })
    await assertRefused(response, 'code-verifier-matches', 'invalid_grant', 400)
  })

  it('rejects a resource other than the granted one (RFC 8707 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client), { resource: 'https://other.example/mcp' })
    await assertRefused(response, 'resource-is-the-granted', 'invalid_target', 400)
  })

  it('does not use up the code in a rejected attempt', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const authorization = await authorize(server, client)
    await exchange(server, client, authorization, { code_verifier: createCodeVerifier() })
    assert.equal((await exchange(server, client, authorization)).status, 200)
  })

  it('rejects a code that is used twice and revokes its tokens (RFC 6749 section 4.1.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const authorization = await authorize(server, client)
    const first = await exchange(server, client, authorization)
    const { access_token } = await first.json() as { access_token: string }
    assert.equal((await callMcp(server, access_token, 'tools/list')).status, 200)
    await assertRefused(await exchange(server, client, authorization), 'code-is-unused', 'invalid_grant', 400)
    const response = await callMcp(server, access_token, 'tools/list')
    await assertRefused(response, 'access-token-is-not-revoked', 'invalid_token', 401)
  })

  it('accepts only one of 50 concurrent redemptions', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const authorization = await authorize(server, client)
    const responses = await Promise.all(Array.from({ length: 50 }, () => exchange(server, client, authorization)))
    assert.equal(responses.filter(({ status }) => status === 200).length, 1)
    assert.equal(responses.filter(({ status }) => status === 400).length, 49)
  })
})
