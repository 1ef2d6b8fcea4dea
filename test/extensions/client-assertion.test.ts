import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryStore } from '../../src/base/store/memory.ts'
import {
  assertRefused, authorize, basic, exchange, postForm, readJson, refresh, register, startServer, type Members, claimsIn,
} from '../harness.ts'
import { createAssertion, createKeyPair, type Algorithm } from '../key-pair.ts'
import { client_assertion_type, keyMetadata, start, requestWith, debug } from './assertion-client.ts'

describe('A client that authenticates with private_key_jwt', () => {
  it('gets a token (RFC 7523 section 2.2)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const response = await requestWith(server, createAssertion(key, client_id, issuer))
    assert.equal(response.status, 200)
    assert.equal((await readJson(response))['token_type'], 'Bearer')
  })

  it('registers its keys and gets no secret (RFC 7591 section 2)', async t => {
    const key = createKeyPair()
    const client = await register(await startServer(t), keyMetadata(key.jwk))
    assert.deepEqual(client['jwks'], { keys: [key.jwk] })
    assert.equal(client['token_endpoint_auth_method'], 'private_key_jwt')
    assert.equal('client_secret' in client, false)
    assert.equal('client_secret_expires_at' in client, false)
  })

  for (const alg of ['ES256', 'EdDSA', 'RS256', 'PS256'] as readonly Algorithm[]) {
    it(`may sign with ${alg} (RFC 7518 section 3.1)`, async t => {
      const { server, key, client_id, issuer } = await start(t, createKeyPair(alg))
      assert.equal((await requestWith(server, createAssertion(key, client_id, issuer))).status, 200)
    })
  }

  it('may name the token endpoint as the audience (RFC 7523 section 3)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    assert.equal((await requestWith(server, createAssertion(key, client_id, `${issuer}/oauth/token`))).status, 200)
  })

  it('may name one audience in an array (RFC 7519 section 4.1.3)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, { aud: [issuer] }))).status, 200)
  })

  it('may send its client_id with the assertion (RFC 7521 section 4.2)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer), { client_id })).status, 200)
  })

  it('must use it to redeem a code and to refresh (RFC 7591 section 2)', async t => {
    const server = await startServer(t)
    const key = createKeyPair()
    const client = await register(server, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } })
    const { client_id } = client
    const authorization = await authorize(server, client)
    await assertRefused(await exchange(server, client, authorization), 'client-is-authenticated', 'invalid_client', 401)
    const authenticated = () => ({ client_assertion_type, client_assertion: createAssertion(key, client_id, server.config.issuer) })
    const { refresh_token } = await readJson(await exchange(server, client, authorization, authenticated()))
    await assertRefused(await refresh(server, client, refresh_token), 'client-is-authenticated', 'invalid_client', 401)
    assert.equal((await refresh(server, client, refresh_token, authenticated())).status, 200)
  })

  it('may introspect and revoke its tokens (RFC 7662 section 2.1, RFC 7009 section 2.1)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const { access_token: token } = await readJson(await requestWith(server, createAssertion(key, client_id, issuer)))
    const send = (path: string) => postForm(`${server.url}${path}`, {
      token, client_assertion_type, client_assertion: createAssertion(key, client_id, issuer),
    })
    assert.equal((await readJson(await send('/oauth/introspect')))['active'], true)
    assert.equal((await send('/oauth/revoke')).status, 200)
    assert.equal((await readJson(await send('/oauth/introspect')))['active'], false)
  })

  it('may have several keys, of which the assertion names one (RFC 7515 section 4.1.4)', async t => {
    const server = await startServer(t)
    const [first, second] = [createKeyPair(), createKeyPair()]
    const { client_id } = await register(server, keyMetadata({ ...first.jwk, kid: '1' }, { ...second.jwk, kid: '2' }))
    const { issuer } = server.config
    assert.equal((await requestWith(server, createAssertion(second, client_id, issuer, {}, { kid: '2' }))).status, 200)
    assert.equal((await requestWith(server, createAssertion(second, client_id, issuer))).status, 200)
    assert.equal((await requestWith(server, createAssertion(second, client_id, issuer, {}, { kid: '1' }))).status, 401)
  })
})

describe('A client assertion', () => {
  /** What is wrong with it, and the rule that says so. */
  const refused: Record<string, { changes?: Members; header?: Members; rule: string }> = {
    'whose iss is another client (RFC 7523 section 3)': { changes: { iss: 'other' }, rule: 'client-assertion-names-client' },
    'whose sub is another client (RFC 7523 section 3)': { changes: { sub: 'other' }, rule: 'client-assertion-names-client' },
    'without iss (RFC 7523 section 3)': { changes: { iss: undefined }, rule: 'client-assertion-names-client' },
    'without sub (RFC 7523 section 3)': { changes: { sub: undefined }, rule: 'client-assertion-names-client' },
    'whose iss and sub are not strings': { changes: { iss: 1, sub: 1 }, rule: 'client-assertion-names-client' },
    'for another audience (RFC 7523 section 3)': { changes: { aud: 'https://other.example.com' }, rule: 'client-assertion-is-for-us' },
    'for another audience too': { changes: { aud: ['ISSUER', 'https://other.example.com'] }, rule: 'client-assertion-is-for-us' },
    'for the audience with a trailing slash': { changes: { aud: 'ISSUER/' }, rule: 'client-assertion-is-for-us' },
    'without aud (RFC 7523 section 3)': { changes: { aud: undefined }, rule: 'client-assertion-is-for-us' },
    'with an empty array of audiences': { changes: { aud: [] }, rule: 'client-assertion-is-for-us' },
    'without exp (RFC 7523 section 3)': { changes: { exp: undefined }, rule: 'client-assertion-is-fresh' },
    'that has expired (RFC 7523 section 3)': { changes: { exp: 'NOW-31' }, rule: 'client-assertion-is-fresh' },
    'whose exp is too far in the future (RFC 7523 section 3)': { changes: { exp: 'NOW+700' }, rule: 'client-assertion-is-fresh' },
    'whose exp is not a number': { changes: { exp: '2030-01-01' }, rule: 'client-assertion-is-fresh' },
    'whose nbf is in the future (RFC 7523 section 3)': { changes: { nbf: 'NOW+60' }, rule: 'client-assertion-is-fresh' },
    'whose iat is in the future (RFC 7523 section 3)': { changes: { iat: 'NOW+60' }, rule: 'client-assertion-is-fresh' },
    'whose nbf is not a number': { changes: { nbf: null }, rule: 'client-assertion-is-fresh' },
    'without jti (OpenID Connect Core 1.0 section 9)': { changes: { jti: undefined }, rule: 'client-assertion-is-unused' },
    'whose jti is not a string': { changes: { jti: { a: 1 } }, rule: 'client-assertion-is-unused' },
    'whose jti is empty': { changes: { jti: '' }, rule: 'client-assertion-is-unused' },
    'whose jti has 40 kB': { changes: { jti: 'x'.repeat(40_000) }, rule: 'client-assertion-is-a-jwt' },
    'without a signature (RFC 7523 section 3)': { header: { alg: 'none' }, rule: 'client-assertion-signature-verifies' },
    'signed with an algorithm that does not fit the key (RFC 8725 section 3.1)': {
      header: { alg: 'RS256' }, rule: 'client-assertion-signature-verifies',
    },
    'with critical header parameters (RFC 7515 section 4.1.11)': {
      header: { crit: ['a'], a: 1 }, rule: 'client-assertion-signature-verifies',
    },
    'signed with a key that the client does not have': { header: { kid: 'other' }, rule: 'client-assertion-signature-verifies' },
  }
  for (const [what, { changes = {}, header = {}, rule }] of Object.entries(refused)) {
    it(`is rejected ${what}`, async t => {
      const key = createKeyPair()
      const server = await startServer(t, debug)
      const { client_id } = await register(server, keyMetadata({ ...key.jwk, kid: 'mine' }))
      const assertion = createAssertion(key, client_id, server.config.issuer, claimsIn(changes, server), header)
      const large = rule === 'client-assertion-is-a-jwt'
      await assertRefused(await requestWith(server, assertion), rule, 'invalid_client', 401)
      if (!large) assert.equal((await requestWith(server, createAssertion(key, client_id, server.config.issuer))).status, 200)
    })
  }

  it('is rejected if another client signed it (RFC 7523 section 3)', async t => {
    const { server, client_id, issuer } = await start(t, undefined, debug)
    const response = await requestWith(server, createAssertion(createKeyPair(), client_id, issuer))
    await assertRefused(response, 'client-assertion-signature-verifies', 'invalid_client', 401)
  })

  it('is rejected if it contains the key that signed it', async t => {
    const { server, client_id, issuer } = await start(t, undefined, debug)
    const thief = createKeyPair()
    const response = await requestWith(server, createAssertion(thief, client_id, issuer, {}, { jwk: thief.jwk }))
    await assertRefused(response, 'client-assertion-signature-verifies', 'invalid_client', 401)
  })

  it('is rejected with the client_id of another client (RFC 7521 section 4.2)', async t => {
    const { server, key, client_id, issuer } = await start(t, undefined, debug)
    const response = await requestWith(server, createAssertion(key, client_id, issuer), { client_id: 'other' })
    await assertRefused(response, 'client-assertion-names-client', 'invalid_client', 401)
  })

  it('works once (RFC 7523 section 3)', async t => {
    const { server, key, client_id, issuer } = await start(t, undefined, debug)
    const assertion = createAssertion(key, client_id, issuer)
    assert.equal((await requestWith(server, assertion)).status, 200)
    await assertRefused(await requestWith(server, assertion), 'client-assertion-is-unused', 'invalid_client', 401)
  })

  it('works only once for as long as it is valid', async t => {
    const { server, key, client_id, issuer } = await start(t, undefined, debug)
    const assertion = createAssertion(key, client_id, issuer, { exp: Math.floor(Date.now() / 1000) + 600 })
    assert.equal((await requestWith(server, assertion)).status, 200)
    server.advance(625)
    await assertRefused(await requestWith(server, assertion), 'client-assertion-is-unused', 'invalid_client', 401)
    server.advance(120)
    await assertRefused(await requestWith(server, assertion), 'client-assertion-is-fresh', 'invalid_client', 401)
  })

  it('has a jti that another client may also use', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const other = await register(server, keyMetadata(key.jwk))
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, { jti: 'same' }))).status, 200)
    assert.equal((await requestWith(server, createAssertion(key, other['client_id'], issuer, { jti: 'same' }))).status, 200)
  })

  it('does not use up its jti if it fails', async t => {
    const { server, key, client_id, issuer } = await start(t)
    assert.equal((await requestWith(server, createAssertion(createKeyPair(), client_id, issuer, { jti: 'same' }))).status, 401)
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, { jti: 'same' }))).status, 200)
  })

  it('gets 503 while there is no room to remember it', async t => {
    class FullStore extends MemoryStore {
      override async useOnce(): Promise<'full'> { return 'full' }
    }
    const now = () => Date.now() / 1000
    const store = new FullStore({ now, accessTokenLifetime: 60, authorizationCodeLifetime: 60, refreshTokenLifetime: 60 })
    const server = await startServer(t, {}, { store })
    const key = createKeyPair()
    const { client_id } = await register(server, keyMetadata(key.jwk))
    const response = await requestWith(server, createAssertion(key, client_id, server.config.issuer))
    await assertRefused(response, 'one-time-use-can-be-remembered', 'temporarily_unavailable', 503)
  })

  for (const type of [undefined, 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer', 'jwt']) {
    it(`is rejected with the type ${type} (RFC 7523 section 2.2)`, async t => {
      const { server, key, client_id, issuer } = await start(t)
      const response = await requestWith(server, createAssertion(key, client_id, issuer), { client_assertion_type: type })
      await assertRefused(response, 'client-assertion-type-is-jwt', 'invalid_client', 401)
    })
  }

  for (const text of ['x', 'a.b.c', '..', 'e30.e30']) {
    it(`is rejected as ${text}, which is not a JWT (RFC 7523 section 3)`, async t => {
      const { server } = await start(t)
      await assertRefused(await requestWith(server, text), 'client-assertion-is-a-jwt', 'invalid_client', 401)
    })
  }

  it('is rejected with a client_secret (RFC 6749 section 2.3)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const response = await requestWith(server, createAssertion(key, client_id, issuer), { client_secret: 'x' })
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  it('is rejected with Basic (RFC 6749 section 2.3)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const response = await requestWith(server, createAssertion(key, client_id, issuer), {}, basic(client_id, 'x'))
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  it('is rejected from a client that registered another method (RFC 7591 section 2)', async t => {
    const server = await startServer(t, debug)
    const key = createKeyPair()
    for (const token_endpoint_auth_method of ['none', 'client_secret_basic', undefined]) {
      const { client_id } = await register(server, { token_endpoint_auth_method, jwks: { keys: [key.jwk] } })
      const response = await requestWith(server, createAssertion(key, client_id, server.config.issuer), { grant_type: 'refresh_token' })
      await assertRefused(response, 'authentication-method-is-registered', 'invalid_client', 401)
    }
  })

  it('of an unknown client gets the same response as a wrong one', async t => {
    const { server, client_id, issuer } = await start(t)
    const bodies = await Promise.all(['unknown', client_id].map(async id => {
      const response = await requestWith(server, createAssertion(createKeyPair(), id, issuer))
      return [response.status, await response.text()]
    }))
    assert.deepEqual(bodies[0], bodies[1])
  })
})
