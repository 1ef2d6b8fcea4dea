/** A stolen refresh token: what the thief does with it, and what ends it (OAuth 2.1 section 4.3.1, RFC 9700 section 4.14.2). */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { assertRefused, callMcp, refresh, refreshed, startWithTokens } from '../harness.ts'
import { attack } from './attack.ts'

describe('A stolen refresh token', () => {
  for (const rotations of [2, 59]) {
    attack(`rotates a stolen token ${rotations} times in a row, so that the token of its owner is merely unknown`, 'refresh-token-is-unused', async t => {
      const { server, client, refresh_token } = await startWithTokens(t)
      let stolen = { refresh_token, access_token: '' }
      for (let i = 0; i < rotations; i++) stolen = await refreshed(server, client, stolen.refresh_token) as typeof stolen
      await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
      await assertRefused(await refresh(server, client, stolen.refresh_token), 'refresh-token-is-known', 'invalid_grant', 400)
      assert.equal((await callMcp(server, stolen.access_token, 'ping')).status, 401)
    })
  }

  attack('rotates a stolen token for days, more often than any table remembers', 'refresh-token-is-unused', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    let stolen = refresh_token
    for (let i = 0; i < 150; i++) {
      stolen = (await refreshed(server, client, stolen))['refresh_token']
      server.advance(600)
    }
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
    await assertRefused(await refresh(server, client, stolen), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  attack('rotates a stolen token without a pause', 'refresh-is-not-too-often', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    let stolen = refresh_token
    for (let i = 0; i < 60; i++) stolen = (await refreshed(server, client, stolen))['refresh_token']
    const refused = await refresh(server, client, stolen)
    assert.match(refused.headers.get('retry-after')!, /^\d+$/)
    await assertRefused(refused, 'refresh-is-not-too-often', 'too_many_requests', 429)
    server.advance(60)
    await refreshed(server, client, stolen)
  })

  const forged: Record<string, (parts: readonly [string, string, string]) => string> = {
    'the next generation': ([handle, , mac]) => `${handle}.1.${mac}`,
    'a leading zero in the generation': ([handle, generation, mac]) => `${handle}.0${generation}.${mac}`,
    'another handle': ([handle, generation, mac]) => `${[...handle].reverse().join('')}.${generation}.${mac}`,
    'no MAC': ([handle, generation]) => `${handle}.${generation}.`,
    'a MAC with another last bit': ([handle, generation, mac]) => `${handle}.${generation}.${mac.slice(0, -1)}${mac.endsWith('A') ? 'B' : 'A'}`,
    'a fourth part': ([handle, generation, mac]) => `${handle}.${generation}.${mac}.x`,
  }
  for (const [what, forge] of Object.entries(forged)) {
    attack(`forges a refresh token from a real one with ${what}`, 'refresh-token-is-known', async t => {
      const { server, client, refresh_token } = await startWithTokens(t)
      const made = forge(refresh_token.split('.') as [string, string, string])
      await assertRefused(await refresh(server, client, made), 'refresh-token-is-known', 'invalid_grant', 400)
      await refreshed(server, client, refresh_token)
    })
  }
})
