import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertRefused, authorize, getTokens, postMcp, register, requestToken, startServer, type Members } from '../harness.ts'
import { createKeyPair, createProof } from '../key-pair.ts'
import { tokenUrl, startBound, pingWith, refreshWith, challengeOf, ping } from './dpop-client.ts'

describe('With OAUTH_DPOP_NONCE=true', () => {
  const env = { OAUTH_DPOP_NONCE: 'true' }

  it('the token endpoint requires a nonce, and sends it (RFC 9449 section 8)', async t => {
    const server = await startServer(t, env)
    const client = await register(server)
    const { code, code_verifier } = await authorize(server, client)
    const send = (claims: Members) => requestToken(server, {
      grant_type: 'authorization_code', client_id: client['client_id'], code, code_verifier,
    }, { dpop: createProof(createKeyPair(), 'POST', tokenUrl(server), claims) })
    const response = await send({})
    const nonce = response.headers.get('dpop-nonce')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    await assertRefused(response, 'dpop-nonce-is-ours', 'use_dpop_nonce', 400)
    // The code is still there.
    assert.equal((await send({ nonce })).status, 200)
  })

  it('the MCP server requires a nonce, and sends it (RFC 9449 section 9)', async t => {
    const bound = await startBound(t, env)
    const response = await pingWith(bound)
    const nonce = response.headers.get('dpop-nonce')
    const { scheme, error } = challengeOf(response)
    assert.deepEqual({ scheme, error }, { scheme: 'DPoP', error: 'use_dpop_nonce' })
    await assertRefused(response, 'dpop-nonce-is-ours', 'use_dpop_nonce', 401)
    assert.equal((await pingWith(bound, { nonce })).status, 200)
  })

  it('a nonce has only allowed characters (RFC 9449 section 8.1)', async t => {
    const nonce = (await pingWith(await startBound(t, env))).headers.get('dpop-nonce')
    assert.match(nonce!, /^[\x21\x23-\x5b\x5d-\x7e]{43}$/)
  })

  it('a success sends the nonce too, so that clients learn the next one in time (RFC 9449 section 8.2)', async t => {
    const bound = await startBound(t, env)
    const first = (await pingWith(bound)).headers.get('dpop-nonce')!
    bound.server.advance(120)
    const late = { nonce: first, iat: Math.floor(Date.now() / 1000) + 120 }
    const response = await pingWith(bound, late)
    assert.equal(response.status, 200)
    const second = response.headers.get('dpop-nonce')
    assert.notEqual(second, first)
    const refreshed = await refreshWith(bound, bound.key, late)
    assert.equal(refreshed.status, 200)
    assert.equal(refreshed.headers.get('dpop-nonce'), second)
  })

  it('a nonce expires (RFC 9449 section 8)', async t => {
    const bound = await startBound(t, env)
    const nonce = (await pingWith(bound)).headers.get('dpop-nonce')
    bound.server.advance(240)
    const response = await pingWith(bound, { nonce, iat: Math.floor(Date.now() / 1000) + 240 })
    await assertRefused(response, 'dpop-nonce-is-ours', 'use_dpop_nonce', 401)
  })

  for (const nonce of ['', 'x'.repeat(43), 1, null]) {
    it(`${JSON.stringify(nonce)} is not accepted as a nonce (RFC 9449 section 4.3)`, async t => {
      await assertRefused(await pingWith(await startBound(t, env), { nonce }), 'dpop-nonce-is-ours', 'use_dpop_nonce', 401)
    })
  }

  it('the nonce of another server is rejected', async t => {
    const bound = await startBound(t, env)
    const other = await startBound(t, { ...env, JWT_SECRET_KEY: 'another test key of 32 bytes or more, no secret' })
    const nonce = (await pingWith(other)).headers.get('dpop-nonce')
    assert.equal((await pingWith(bound, { nonce })).status, 401)
  })

  it('a bearer token needs no nonce and gets none', async t => {
    const server = await startServer(t, env)
    const { tokens } = await getTokens(server)
    const response = await postMcp(server, tokens['access_token'], ping)
    assert.deepEqual([response.status, response.headers.get('dpop-nonce')], [200, null])
  })

  it('a script can read the nonce (CORS)', async t => {
    const response = await pingWith(await startBound(t, env))
    assert.match(response.headers.get('access-control-expose-headers')!, /\bDPoP-Nonce\b/)
  })
})

describe('Without OAUTH_DPOP_NONCE', () => {
  it('no nonce is sent', async t => {
    const response = await pingWith(await startBound(t))
    assert.equal(response.headers.get('dpop-nonce'), null)
  })

  it('an unrequested nonce is ignored', async t => {
    assert.equal((await pingWith(await startBound(t), { nonce: 'x' })).status, 200)
  })
})
