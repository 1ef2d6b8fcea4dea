import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  assertRefused, callMcp, claimsOf, exchange, get, getTokens, postForm, readJson, refresh, refreshed, register,
  requestRegistration, startServer, startWithTokens, type Members, startWithCode, opens,
} from '../harness.ts'
import { attack } from './attack.ts'

const secretClient = { token_endpoint_auth_method: 'client_secret_post' }

describe('Tokens', { concurrency: 8 }, () => {
  attack('sends an access token as a refresh token', 'refresh-token-is-known', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    await assertRefused(await refresh(server, client, access_token), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  attack('sends a refresh token as an access token', 'jwt-is-well-formed', async t => {
    const { server, refresh_token } = await startWithTokens(t)
    assert.equal((await callMcp(server, refresh_token, 'ping')).status, 401)
  })

  attack('uses the refresh token of another client, to use it up for its owner', 'refresh-token-belongs-to-client', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    await assertRefused(await refresh(server, await register(server), refresh_token), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })

  const wrongRefreshes: Record<string, [Members, string]> = {
    'an unknown scope': [{ scope: 'admin' }, 'scope-is-not-widened'],
    'another resource': [{ resource: 'https://evil.example' }, 'resource-is-the-granted'],
    'an unknown client_id': [{ client_id: 'nobody' }, 'client-is-known'],
  }
  for (const [what, [changes, rule]] of Object.entries(wrongRefreshes)) {
    attack(`refreshes with ${what}, to use up the token for its owner`, rule, async t => {
      const { server, client, refresh_token } = await startWithTokens(t)
      assert.ok((await refresh(server, client, refresh_token, changes)).status >= 400)
      assert.equal((await refresh(server, client, refresh_token)).status, 200)
    })
  }

  attack('refreshes with a wider scope, and burns the token for its owner', 'scope-is-not-widened', async t => {
    const server = await startServer(t)
    const { client, tokens: { refresh_token } } = await getTokens(server, {}, { scope: 'mcp:tools:read' })
    const response = await refresh(server, client, refresh_token, { scope: 'mcp:tools:read mcp:tools:execute' })
    await assertRefused(response, 'scope-is-not-widened', 'invalid_scope', 400)
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })

  attack('uses a stolen refresh token after its owner did', 'refresh-token-is-unused', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const next = await refreshed(server, client, refresh_token)
    server.advance(31)
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
    await assertRefused(await refresh(server, client, next['refresh_token']), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal(await opens(server, next['access_token']), false)
  })

  attack('uses a stolen refresh token within the reuse window, after its successor was used', 'refresh-token-is-unused', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const next = await refreshed(server, client, refresh_token)
    await refreshed(server, client, next['refresh_token'])
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
  })

  attack('rotates forever to keep a grant alive', 'refresh-token-is-known', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '1' })
    let current = refresh_token
    for (let hour = 0; hour < 23; hour++) {
      server.advance(3600)
      current = (await refreshed(server, client, current))['refresh_token']
    }
    server.advance(3601)
    assert.equal((await readJson(await refresh(server, client, current)))['error'], 'invalid_grant')
  })

  attack('sets the clock back to revive an expired grant', 'src/base/config/clock.ts: Math.max(now()', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '1' })
    server.advance(86_401)
    await get(`${server.url}/health`)
    server.advance(-86_401)
    assert.equal((await readJson(await refresh(server, client, refresh_token)))['error'], 'invalid_grant')
  })

  attack('refreshes in the last minute of a grant to get a token that outlives it', 'src/core/oauth/access-token.ts: Math.floor(grant.expires_at', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const end = claimsOf(access_token)['iat'] + server.config.refreshTokenLifetime
    server.advance(server.config.refreshTokenLifetime - 60)
    const tokens = await refreshed(server, client, refresh_token)
    const { iat, exp } = claimsOf(tokens['access_token'])
    assert.ok(Math.abs(exp - end) <= 1, `exp ${exp}, end of the grant ${end}`)
    assert.equal(tokens['expires_in'], exp - iat)
    server.advance(120)
    assert.equal(await opens(server, tokens['access_token']), false)
  })

  attack('narrows the scope and then widens it beyond the grant', 'scope-is-not-widened', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server, {}, { scope: 'mcp:tools:read' })
    await assertRefused(await refresh(server, client, tokens['refresh_token'], { scope: 'mcp:tools:execute' }), 'scope-is-not-widened', 'invalid_scope', 400)
  })

  attack('revokes the token of another client', 'token-belongs-to-client', async t => {
    const { server, access_token, refresh_token } = await startWithTokens(t)
    const thief = await register(server)
    for (const token of [access_token, refresh_token]) {
      const response = await postForm(`${server.url}/oauth/revoke`, { token, client_id: thief['client_id'] })
      await assertRefused(response, 'token-belongs-to-client', 'invalid_grant', 400)
    }
    assert.equal(await opens(server, access_token), true)
  })

  attack('uses an access token after its refresh token was revoked', 'access-token-is-not-revoked', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    await postForm(`${server.url}/oauth/revoke`, { token: refresh_token, client_id: client['client_id'] })
    assert.equal(await opens(server, access_token), false)
  })

  attack('inspects the tokens of another client by introspection', 'src/extensions/introspect.ts: found.client_id === client.client_id', async t => {
    const { server, access_token, refresh_token } = await startWithTokens(t)
    const thief = await register(server, secretClient)
    for (const token of [access_token, refresh_token, 'unknown']) {
      const response = await postForm(`${server.url}/oauth/introspect`, { token, client_id: thief['client_id'], client_secret: thief['client_secret'] })
      assert.deepEqual(await readJson(response), { active: false })
    }
  })

  attack('introspects without a secret', 'client-is-confidential', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    const response = await postForm(`${server.url}/oauth/introspect`, { token: access_token, client_id: client['client_id'] })
    await assertRefused(response, 'client-is-confidential', 'invalid_client', 401)
  })

  attack('has tokens stored by a cache', 'src/core/oauth/token.ts: pragma', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { headers } = await exchange(server, client, authorization)
    assert.deepEqual([headers.get('cache-control'), headers.get('pragma')], ['no-store', 'no-cache'])
  })

  attack('uses the codes and tokens of a client that deleted itself', 'client-is-known', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { access_token, refresh_token } = await readJson(await exchange(server, client, authorization))
    await fetch(`${server.url}/oauth/register/${client['client_id']}`, {
      method: 'DELETE', headers: { authorization: `Bearer ${client['registration_access_token']}` },
    })
    assert.equal(await opens(server, access_token), false)
    await assertRefused(await refresh(server, client, refresh_token), 'client-is-authenticated', 'invalid_client', 401)
  })

  attack('fills the table of revocations by deleting unused registrations, to log everybody out', 'src/base/store/memory.ts: if (used || unused?.token_issued)', async t => {
    const server = await startServer(t)
    const client = await readJson(await requestRegistration(server))
    await fetch(`${server.url}/oauth/register/${client['client_id']}`, {
      method: 'DELETE', headers: { authorization: `Bearer ${client['registration_access_token']}` },
    })
    assert.equal((await readJson(await get(`${server.url}/health`)))['store'].revocations, 0)
  })

  attack('gets two identical tokens within one second', 'src/core/oauth/access-token.ts: jti: randomToken(16)', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const next = await refreshed(server, client, refresh_token)
    assert.notEqual(claimsOf(access_token)['jti'], claimsOf(next['access_token'])['jti'])
  })
})
