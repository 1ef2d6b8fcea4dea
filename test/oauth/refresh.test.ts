import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, authorize, callMcp, claimsOf, exchange, getTokens, readJson, refresh, refreshed, register, startServer,
  startWithTokens,
} from '../harness.ts'

const day = 86_400

describe('POST /oauth/token, grant_type=refresh_token', () => {
  it('issues a new access token and a new refresh token (RFC 6749 section 6)', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const tokens = await refreshed(server, client, refresh_token)
    const { access_token: newer, refresh_token: successor, ...rest } = tokens
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, scope: 'mcp:tools:read mcp:tools:execute' })
    assert.notEqual(newer, access_token)
    assert.notEqual(successor, refresh_token)
  })

  it('issues an access token that works', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const { access_token } = await refreshed(server, client, refresh_token)
    assert.equal((await callMcp(server, access_token, 'tools/list')).status, 200)
  })

  it('does not revoke the previous access token', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    await refreshed(server, client, refresh_token)
    assert.equal((await callMcp(server, access_token, 'tools/list')).status, 200)
  })

  it('issues the new access token with the claims of the grant (RFC 9068 section 2.2)', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const { jti, iat, exp, ...claims } = claimsOf((await refreshed(server, client, refresh_token))['access_token'])
    const { jti: olderJti, iat: _, exp: __, ...olderClaims } = claimsOf(access_token)
    assert.deepEqual(claims, olderClaims)
    assert.notEqual(jti, olderJti)
    assert.equal(exp - iat, 3600)
  })

  it('forbids caching the tokens (RFC 6749 section 5.1)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    assert.equal((await refresh(server, client, refresh_token)).headers.get('cache-control'), 'no-store')
  })

  it('rotates the token every time (OAuth 2.1 section 4.3.1)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const second = await refreshed(server, client, refresh_token)
    const third = await refreshed(server, client, second['refresh_token'])
    assert.equal((await refresh(server, client, third['refresh_token'])).status, 200)
  })

  it('works after a hundred rotations', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    let current = refresh_token
    for (let i = 0; i < 100; i++) {
      current = (await refreshed(server, client, current))['refresh_token']
      server.advance(60)
    }
    assert.equal((await refresh(server, client, current)).status, 200)
  })

  it('rejects a token that was never issued (RFC 6749 section 5.2)', async t => {
    const { server, client } = await startWithTokens(t)
    await assertRefused(await refresh(server, client, 'made-up'), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  it('rejects an access token as refresh_token', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    await assertRefused(await refresh(server, client, access_token), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  it('rejects a request without refresh_token (RFC 6749 section 6)', async t => {
    const { server, client } = await startWithTokens(t)
    await assertRefused(await refresh(server, client, ''), 'parameter-is-sent', 'invalid_request', 400)
  })
})

describe('A refresh token of another client', () => {
  it('is rejected like an unknown one (RFC 6749 section 6)', async t => {
    const { server, refresh_token } = await startWithTokens(t)
    const other = await register(server)
    await assertRefused(await refresh(server, other, refresh_token), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  it('is identified in the error when DEBUG is on', async t => {
    const { server, refresh_token } = await startWithTokens(t, { DEBUG: 'true' })
    const other = await register(server)
    await assertRefused(await refresh(server, other, refresh_token), 'refresh-token-belongs-to-client', 'invalid_grant', 400)
  })

  it('still works for its owner afterwards', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    await refresh(server, await register(server), refresh_token)
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })
})

describe('A reused refresh token', () => {
  it('yields the same successor within the window', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const first = await refreshed(server, client, refresh_token)
    const again = await refreshed(server, client, refresh_token)
    assert.equal(again['refresh_token'], first['refresh_token'])
  })

  it('yields a working access token within the window', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    await refreshed(server, client, refresh_token)
    const { access_token } = await refreshed(server, client, refresh_token)
    assert.equal((await callMcp(server, access_token, 'tools/list')).status, 200)
  })

  it('leaves the successor usable within the window', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const { refresh_token: successor } = await refreshed(server, client, refresh_token)
    await refreshed(server, client, refresh_token)
    assert.equal((await refresh(server, client, successor)).status, 200)
  })

  it('yields the same successor for 20 concurrent refreshes', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const all = await Promise.all(Array.from({ length: 20 }, () => refreshed(server, client, refresh_token)))
    assert.equal(new Set(all.map(tokens => tokens['refresh_token'])).size, 1)
    assert.equal((await refresh(server, client, all[0]!['refresh_token'])).status, 200)
  })

  it('is rejected after the window (OAuth 2.1 section 4.3.1)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    await refreshed(server, client, refresh_token)
    server.advance(31)
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
  })

  it('is rejected immediately if the window is 0 (OAuth 2.1 section 4.3.1)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    await refreshed(server, client, refresh_token)
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
  })

  it('is rejected within the window once its successor was used (OAuth 2.1 section 4.3.1)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const { refresh_token: successor } = await refreshed(server, client, refresh_token)
    await refreshed(server, client, successor)
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
  })

  it('is useless to another client within the window, and stays valid', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const { refresh_token: successor } = await refreshed(server, client, refresh_token)
    await assertRefused(await refresh(server, await register(server), refresh_token), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal((await refresh(server, client, successor)).status, 200)
  })

  it('revokes its successor (RFC 9700 section 4.14.2)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const { refresh_token: successor } = await refreshed(server, client, refresh_token)
    server.advance(31)
    await refresh(server, client, refresh_token)
    await assertRefused(await refresh(server, client, successor), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  it('revokes all access tokens of the grant (RFC 9700 section 4.14.2)', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const newer = await refreshed(server, client, refresh_token)
    server.advance(31)
    await refresh(server, client, refresh_token)
    for (const token of [access_token, newer['access_token']]) {
      await assertRefused(await callMcp(server, token, 'ping'), 'access-token-is-not-revoked', 'invalid_token', 401)
    }
  })

  it('does not affect other grants of the client', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const other = await readJson(await exchange(server, client, await authorize(server, client)))
    await refreshed(server, client, refresh_token)
    server.advance(31)
    await refresh(server, client, refresh_token)
    assert.equal((await callMcp(server, other['access_token'], 'ping')).status, 200)
    assert.equal((await refresh(server, client, other['refresh_token'])).status, 200)
  })
})

describe('The scope of a refresh', () => {
  it('can be narrower (RFC 6749 section 6)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const tokens = await refreshed(server, client, refresh_token, { scope: 'mcp:tools:read' })
    assert.equal(tokens['scope'], 'mcp:tools:read')
    assert.equal(claimsOf(tokens['access_token'])['scope'], 'mcp:tools:read')
  })

  it('does not narrow the refresh token (RFC 6749 section 6)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const narrow = await refreshed(server, client, refresh_token, { scope: 'mcp:tools:read' })
    const tokens = await refreshed(server, client, narrow['refresh_token'])
    assert.equal(tokens['scope'], 'mcp:tools:read mcp:tools:execute')
  })

  it('cannot be wider (RFC 6749 section 6)', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server, {}, { scope: 'mcp:tools:read' })
    const response = await refresh(server, client, tokens['refresh_token'], { scope: 'mcp:tools:read mcp:tools:execute' })
    await assertRefused(response, 'scope-is-not-widened', 'invalid_scope', 400)
  })

  it('cannot contain an unknown scope (RFC 6749 section 6)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const response = await refresh(server, client, refresh_token, { scope: 'mcp:admin' })
    await assertRefused(response, 'scope-is-not-widened', 'invalid_scope', 400)
  })

  it('cannot be malformed (RFC 6749 section 3.3)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const response = await refresh(server, client, refresh_token, { scope: 'mcp:tools:"read"' })
    await assertRefused(response, 'scope-is-not-widened', 'invalid_scope', 400)
  })

  it('may contain OpenID Connect scopes, which are ignored', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const tokens = await refreshed(server, client, refresh_token, { scope: 'openid mcp:tools:read offline_access' })
    assert.equal(tokens['scope'], 'mcp:tools:read')
  })

  it('does not use up the refresh token if it is rejected', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: '0' })
    await refresh(server, client, refresh_token, { scope: 'mcp:admin' })
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })
})

describe('The resource of a refresh', () => {
  it('can be the granted one (RFC 8707 section 2.2)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const { access_token } = await refreshed(server, client, refresh_token, { resource: server.config.issuer })
    assert.equal(claimsOf(access_token)['aud'], server.config.resource)
  })

  it('cannot be another one (RFC 8707 section 2.2)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const response = await refresh(server, client, refresh_token, { resource: 'https://other.example/mcp' })
    await assertRefused(response, 'resource-is-the-granted', 'invalid_target', 400)
  })
})

describe('The expiry of a refresh token', () => {
  it('comes after OAUTH_REFRESH_TOKEN_EXPIRE_DAYS', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '2' })
    server.advance(2 * day + 1)
    const body = await readJson(await refresh(server, client, refresh_token))
    assert.equal(body['error'], 'invalid_grant')
  })

  it('does not come before', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '2' })
    server.advance(2 * day - 60)
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })

  it('is not extended by rotation (RFC 9700 section 4.14.2)', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '2' })
    server.advance(1.5 * day)
    const { refresh_token: successor } = await refreshed(server, client, refresh_token)
    server.advance(1 * day)
    await assertRefused(await refresh(server, client, successor), 'refresh-token-is-fresh', 'invalid_grant', 400)
  })
})
