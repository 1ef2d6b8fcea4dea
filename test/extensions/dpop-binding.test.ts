import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRedirectedError, assertRefused, authorize, claimsOf, exchange, getTokens, postForm, readJson, refresh, register,
  requestCode, requestRegistration, requestToken, startServer, type TestContext,
} from '../harness.ts'
import { createKeyPair, createProof, type KeyPair } from '../key-pair.ts'
import { tokenUrl, startBound, refreshWith } from './dpop-client.ts'

describe('A client that registered dpop_bound_access_tokens', () => {
  const metadata = { dpop_bound_access_tokens: true }

  it('is held to it (RFC 9449 section 5.2)', async t => {
    const server = await startServer(t)
    const client = await register(server, metadata)
    assert.equal(client['dpop_bound_access_tokens'], true)
    const response = await exchange(server, client, await authorize(server, client))
    await assertRefused(response, 'dpop-proof-is-needed', 'invalid_dpop_proof', 400)
  })

  it('gets tokens with a proof (RFC 9449 section 5.2)', async t => {
    const { access_token } = await startBound(t, {}, metadata)
    assert.ok(claimsOf(access_token)['cnf'])
  })

  it('may send false instead of omitting it (RFC 9449 section 5.2)', async t => {
    const { tokens } = await getTokens(await startServer(t), { dpop_bound_access_tokens: false })
    assert.equal(tokens['token_type'], 'Bearer')
  })

  it('must send true or false (RFC 9449 section 5.2)', async t => {
    const registration = await requestRegistration(await startServer(t), { dpop_bound_access_tokens: 'true' })
    await assertRefused(registration, 'client-metadata-is-typed', 'invalid_client_metadata', 400)
  })
})

describe('The refresh token of a public client', () => {
  it('is bound to the key of the exchange (RFC 9449 section 5)', async t => {
    const bound = await startBound(t)
    await assertRefused(await refreshWith(bound, createKeyPair()), 'dpop-key-is-the-same', 'invalid_grant', 400)
    assert.equal((await refreshWith(bound, bound.key)).status, 200)
  })

  it('does not work without a proof (RFC 9449 section 5)', async t => {
    const { server, client, refresh_token } = await startBound(t)
    await assertRefused(await refresh(server, client, refresh_token), 'dpop-key-is-the-same', 'invalid_grant', 400)
  })

  it('stays bound through rotation', async t => {
    const bound = await startBound(t)
    const { refresh_token } = await readJson(await refreshWith(bound, bound.key))
    await assertRefused(await refreshWith({ ...bound, refresh_token }, createKeyPair()), 'dpop-key-is-the-same', 'invalid_grant', 400)
  })

  it('is bound by the first refresh with a proof (RFC 9449 section 5)', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server)
    const key = createKeyPair()
    const bound = { server, client, key, access_token: '', refresh_token: tokens['refresh_token'] }
    const { refresh_token } = await readJson(await refreshWith(bound, key))
    await assertRefused(await refreshWith({ ...bound, refresh_token }, createKeyPair()), 'dpop-key-is-the-same', 'invalid_grant', 400)
    await assertRefused(await refresh(server, client, refresh_token), 'dpop-key-is-the-same', 'invalid_grant', 400)
  })

  it('is useless to a thief within the reuse window', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server)
    const key = createKeyPair()
    const bound = { server, client, key, access_token: '', refresh_token: tokens['refresh_token'] }
    assert.equal((await refreshWith(bound, key)).status, 200)
    await assertRefused(await refreshWith(bound, createKeyPair()), 'dpop-key-is-the-same', 'invalid_grant', 400)
    assert.equal((await refreshWith(bound, key)).status, 200)
  })
})

describe('The refresh token of a client that authenticates', () => {
  it('can be used with another key, because it is bound to the client (RFC 9449 section 5)', async t => {
    const bound = await startBound(t, {}, { token_endpoint_auth_method: 'client_secret_post' })
    const other = createKeyPair()
    const { access_token } = await readJson(await refreshWith(bound, other))
    assert.equal(claimsOf(access_token)['cnf'].jkt, other.jkt)
  })
})

describe('A code that was requested with dpop_jkt', () => {
  async function start(t: TestContext) {
    const server = await startServer(t)
    const key = createKeyPair()
    const client = await register(server)
    const { code, code_verifier } = await authorize(server, client, { dpop_jkt: key.jkt })
    const form = { grant_type: 'authorization_code', client_id: client['client_id'], code, code_verifier }
    const send = (by: KeyPair | undefined) => requestToken(server, form, by ? { dpop: createProof(by, 'POST', tokenUrl(server)) } : {})
    return { key, send }
  }

  it('is redeemed with that key (RFC 9449 section 10)', async t => {
    const { key, send } = await start(t)
    assert.equal((await send(key)).status, 200)
  })

  it('is not redeemed with another key, and stays valid (RFC 9449 section 10)', async t => {
    const { key, send } = await start(t)
    await assertRefused(await send(createKeyPair()), 'dpop-key-is-the-same', 'invalid_grant', 400)
    assert.equal((await send(key)).status, 200)
  })

  it('is not redeemed without a proof (RFC 9449 section 10)', async t => {
    const { send } = await start(t)
    await assertRefused(await send(undefined), 'dpop-key-is-the-same', 'invalid_grant', 400)
  })

  it('cannot be requested with a malformed thumbprint (RFC 9449 section 10)', async t => {
    const server = await startServer(t)
    const response = await requestCode(server, await register(server), { dpop_jkt: 'a key' })
    assertRedirectedError(response, 'dpop-jkt-is-a-thumbprint', 'invalid_request')
  })
})

describe('Introspection of a bound token', () => {
  it('shows the key and the type (RFC 9449 section 6.2)', async t => {
    const { server, client, key, access_token: token } = await startBound(t, {}, { token_endpoint_auth_method: 'client_secret_post' })
    const { client_id, client_secret } = client
    const response = await postForm(`${server.url}/oauth/introspect`, { token, client_id, client_secret })
    const { active, token_type, cnf } = await readJson(response)
    assert.deepEqual({ active, token_type, cnf }, { active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } })
  })
})
