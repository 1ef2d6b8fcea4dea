import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, basic, callMcp, getTokens, postForm, refresh, refreshed, register, startServer, startWithTokens, type Members,
  type TestServer,
} from '../harness.ts'

function revoke(server: TestServer, client: Members, form: Members, headers: Record<string, string> = {}): Promise<Response> {
  const { client_id, client_secret } = client
  return postForm(`${server.url}/oauth/revoke`, { client_id, client_secret, ...form }, headers)
}

describe('POST /oauth/revoke', () => {
  it('answers 200 without a body (RFC 7009 section 2.2)', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    const response = await revoke(server, client, { token: access_token })
    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
  })

  it('revokes an access token immediately (RFC 7009 section 2)', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    await revoke(server, client, { token: access_token })
    await assertRefused(await callMcp(server, access_token, 'ping'), 'access-token-is-not-revoked', 'invalid_token', 401)
  })

  it('keeps the refresh token when an access token is revoked (RFC 7009 section 2.1)', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    await revoke(server, client, { token: access_token })
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })

  it('revokes a refresh token (RFC 7009 section 2)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    await revoke(server, client, { token: refresh_token })
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  it('revokes the access tokens of a revoked refresh token (RFC 7009 section 2.1)', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    await revoke(server, client, { token: refresh_token })
    await assertRefused(await callMcp(server, access_token, 'ping'), 'access-token-is-not-revoked', 'invalid_token', 401)
  })

  it('revokes the whole grant by an already rotated refresh token', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const { refresh_token: successor } = await refreshed(server, client, refresh_token)
    await revoke(server, client, { token: refresh_token })
    await assertRefused(await refresh(server, client, successor), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  it('answers 200 for an unknown token (RFC 7009 section 2.2)', async t => {
    const { server, client } = await startWithTokens(t)
    assert.equal((await revoke(server, client, { token: 'made-up' })).status, 200)
  })

  it('answers 200 for an already revoked token (RFC 7009 section 2.2)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    await revoke(server, client, { token: refresh_token })
    assert.equal((await revoke(server, client, { token: refresh_token })).status, 200)
  })

  it('finds the token whatever token_type_hint says (RFC 7009 section 2.1)', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    await revoke(server, client, { token: access_token, token_type_hint: 'refresh_token' })
    assert.equal((await callMcp(server, access_token, 'ping')).status, 401)
  })

  it('ignores an unknown token_type_hint (RFC 7009 section 2.1)', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    assert.equal((await revoke(server, client, { token: access_token, token_type_hint: 'saml' })).status, 200)
  })

  it('rejects the refresh token of another client, which stays valid (RFC 7009 section 2.1)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const response = await revoke(server, await register(server), { token: refresh_token })
    await assertRefused(response, 'token-belongs-to-client', 'invalid_grant', 400)
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })

  it('rejects the access token of another client, which stays valid (RFC 7009 section 2.1)', async t => {
    const { server, access_token } = await startWithTokens(t)
    const response = await revoke(server, await register(server), { token: access_token })
    await assertRefused(response, 'token-belongs-to-client', 'invalid_grant', 400)
    assert.equal((await callMcp(server, access_token, 'ping')).status, 200)
  })

  it('rejects a request without token (RFC 7009 section 2.1)', async t => {
    const { server, client } = await startWithTokens(t)
    await assertRefused(await revoke(server, client, {}), 'parameter-is-sent', 'invalid_request', 400)
  })

  it('rejects an unknown client (RFC 7009 section 2.1)', async t => {
    const { server, access_token } = await startWithTokens(t)
    const response = await revoke(server, { client_id: 'unknown' }, { token: access_token })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('rejects a confidential client without its secret (RFC 7009 section 2.1)', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server, { token_endpoint_auth_method: 'client_secret_post' })
    const response = await revoke(server, { client_id: client['client_id'] }, { token: tokens['access_token'] })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('accepts Basic (RFC 7009 section 2.1)', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server, { token_endpoint_auth_method: undefined })
    const { client_id, client_secret } = client
    const response = await revoke(server, {}, { token: tokens['access_token'] }, basic(client_id, client_secret))
    assert.equal(response.status, 200)
    assert.equal((await callMcp(server, tokens['access_token'], 'ping')).status, 401)
  })

  it('can be called from any origin (CORS) (RFC 7009 section 2.3)', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    const response = await revoke(server, client, { token: access_token }, { origin: 'https://app.example.com' })
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  })
})
