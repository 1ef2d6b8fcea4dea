import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  assertRefused, exchange, get, readJson, refresh, refreshed, register, startWithTokens,
  type Members, startWithCode, opens,
} from '../harness.ts'
import { attack, answerOf } from './attack.ts'

describe('Authorization codes', { concurrency: 8 }, () => {
  const wrong: Record<string, [Members, string]> = {
    'no code_verifier': [{ code_verifier: undefined }, 'parameter-is-sent'],
    'an empty code_verifier': [{ code_verifier: '' }, 'parameter-is-sent'],
    'another code_verifier': [{ code_verifier: 'x'.repeat(43) }, 'code-verifier-matches'],
    'a code_verifier of 42 characters': [{ code_verifier: 'x'.repeat(42) }, 'code-verifier-is-well-formed'],
    'a code_verifier of 60,000 characters': [{ code_verifier: 'x'.repeat(60_000) }, 'code-verifier-is-well-formed'],
    'a code_verifier with a newline': [{ code_verifier: `${'x'.repeat(43)}\n` }, 'code-verifier-is-well-formed'],
    'another redirect_uri': [{ redirect_uri: 'http://127.0.0.1:7778/callback' }, 'redirect-uri-is-the-same'],
    'another resource': [{ resource: 'https://evil.example/mcp' }, 'resource-is-the-granted'],
    'another grant_type': [{ grant_type: 'password' }, 'grant-type-is-supported'],
    'a grant_type in another case': [{ grant_type: 'Authorization_Code' }, 'grant-type-is-supported'],
    'the grant_type __proto__': [{ grant_type: '__proto__' }, 'grant-type-is-supported'],
    'no client_id': [{ client_id: undefined }, 'parameter-is-sent'],
    'an unknown client_id': [{ client_id: 'nobody' }, 'client-is-authenticated'],
    'a secret that the client does not have': [{ client_secret: 'x' }, 'client-is-authenticated'],
  }
  for (const [what, [changes, rule]] of Object.entries(wrong)) {
    attack(`redeems a code with ${what}, to use it up for its owner`, rule === 'client-is-authenticated' ? 'client-is-known' : rule, async t => {
      const { server, client, authorization } = await startWithCode(t)
      const refused = await exchange(server, client, authorization, changes)
      assert.ok(refused.status === 400 || refused.status === 401)
      assert.equal((await readJson(refused))['error_uri'].split('/explain/')[1], rule)
      assert.equal((await exchange(server, client, authorization)).status, 200)
    })
  }

  attack('sends the code_challenge in place of the code_verifier', 'code-verifier-matches', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { codeChallengeS256 } = await import('../../src/base/protocol/pkce.ts')
    const response = await exchange(server, client, authorization, { code_verifier: codeChallengeS256(authorization.code_verifier) })
    await assertRefused(response, 'code-verifier-matches', 'invalid_grant', 400)
  })

  attack('injects the code of another client, to use it up for its owner', 'code-belongs-to-client', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const thief = await register(server)
    await assertRefused(await exchange(server, thief, authorization), 'code-is-known', 'invalid_grant', 400)
    assert.equal((await exchange(server, client, authorization)).status, 200)
  })

  attack('learns from the error whether a code exists', 'code-is-known', async t => {
    const { server, authorization } = await startWithCode(t)
    const thief = await register(server)
    const [foreign, unknown] = [await exchange(server, thief, authorization), await exchange(server, thief, { ...authorization, code: 'x'.repeat(43) })]
    assert.deepEqual(await answerOf(foreign), await answerOf(unknown))
  })

  attack('replays a code and keeps the tokens of the first exchange', 'code-is-unused', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const tokens = await readJson(await exchange(server, client, authorization))
    assert.equal(await opens(server, tokens['access_token']), true)
    await assertRefused(await exchange(server, client, authorization), 'code-is-unused', 'invalid_grant', 400)
    assert.equal(await opens(server, tokens['access_token']), false)
    await assertRefused(await refresh(server, client, tokens['refresh_token']), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  attack('replays a code without its verifier to log the owner out', 'code-verifier-matches', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const tokens = await readJson(await exchange(server, client, authorization))
    await exchange(server, client, authorization, { code_verifier: 'x'.repeat(43) })
    await exchange(server, await register(server), authorization)
    assert.equal(await opens(server, tokens['access_token']), true)
  })

  attack('redeems one code fifty times concurrently', 'code-is-unused', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => exchange(server, client, authorization)))).map(({ status }) => status)
    assert.equal(statuses.filter(status => status === 200).length, 1)
    assert.equal(statuses.filter(status => status === 400).length, 49)
  })

  attack('redeems an expired code', 'code-is-fresh', async t => {
    const { server, client, authorization } = await startWithCode(t)
    server.advance(601)
    await assertRefused(await exchange(server, client, authorization), 'code-is-fresh', 'invalid_grant', 400)
  })

  attack('sets the clock back to revive an expired code', 'src/base/config/clock.ts: Math.max(now()', async t => {
    const { server, client, authorization } = await startWithCode(t)
    server.advance(601)
    await get(`${server.url}/health`)
    server.advance(-7200)
    await assertRefused(await exchange(server, client, authorization), 'code-is-fresh', 'invalid_grant', 400)
  })

  attack('sets the clock back to invalidate all tokens', 'src/base/config/clock.ts: Math.max(now()', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    server.advance(-86_400)
    assert.equal(await opens(server, access_token), true)
    assert.equal(await opens(server, (await refreshed(server, client, refresh_token))['access_token']), true)
  })

  attack('sends a code as a refresh token', 'refresh-token-is-known', async t => {
    const { server, client, authorization } = await startWithCode(t)
    await assertRefused(await refresh(server, client, authorization.code), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal((await exchange(server, client, authorization)).status, 200)
  })

  attack('sends a refresh token as a code', 'code-is-known', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const response = await exchange(server, client, { code: refresh_token, code_verifier: 'x'.repeat(43) })
    await assertRefused(response, 'code-is-known', 'invalid_grant', 400)
  })
})
