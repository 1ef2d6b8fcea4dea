import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { sha256 } from '../../src/base/protocol/crypto.ts'
import { decodeJws, thumbprint, verifiesJws } from '../../src/base/protocol/jws.ts'
import {
  assertRefused, authorize, basic, claimsOf, get, getTokens, readJson, refresh, register, requestToken, startServer,
  type Members, claimsIn,
} from '../harness.ts'
import { createKeyPair, createProof, type Algorithm } from '../key-pair.ts'
import { tokenUrl, startBound, refreshWith, fullStore } from './dpop-client.ts'

/** RFC 9449 section 4.1 and section 7.1. */
const example = {
  tokenRequest: 'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg',
  resourceRequest: 'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA',
  access_token: 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU',
  jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
}

for (const [figure, proof] of Object.entries({ 'section 5': example.tokenRequest, 'section 7.1': example.resourceRequest })) {
  test(`the proof of RFC 9449 ${figure} verifies with its key, whose thumbprint is that of section 6.1`, () => {
    const decoded = decodeJws(proof)!
    const jwk = decoded.header['jwk'] as Members
    assert.ok(verifiesJws(decoded, jwk))
    assert.equal(thumbprint(jwk), example.jkt)
  })
}

test('ath of RFC 9449 section 7.1 is the hash of its access token', () => {
  assert.equal(sha256(example.access_token), decodeJws(example.resourceRequest)!.claims['ath'])
})

describe('A token request with a DPoP proof', () => {
  it('yields a token that is bound to the key (RFC 9449 section 5 and section 6.1)', async t => {
    const { key, access_token } = await startBound(t)
    assert.deepEqual(claimsOf(access_token)['cnf'], { jkt: key.jkt })
  })

  it('gets token_type DPoP (RFC 9449 section 5)', async t => {
    const bound = await startBound(t)
    assert.equal((await readJson(await refreshWith(bound, bound.key)))['token_type'], 'DPoP')
  })

  it('yields a bearer token without a proof', async t => {
    const { tokens } = await getTokens(await startServer(t))
    assert.equal(tokens['token_type'], 'Bearer')
    assert.equal('cnf' in claimsOf(tokens['access_token']), false)
  })

  for (const alg of ['ES256', 'EdDSA', 'RS256', 'PS256'] as readonly Algorithm[]) {
    it(`may sign with ${alg}, which the metadata lists (RFC 9449 section 5.1)`, async t => {
      const { server, access_token, key } = await startBound(t, {}, {}, createKeyPair(alg))
      assert.equal(claimsOf(access_token)['cnf'].jkt, key.jkt)
      const { dpop_signing_alg_values_supported } = await readJson(await get(`${server.url}/.well-known/oauth-authorization-server`))
      assert.ok(dpop_signing_alg_values_supported.includes(alg))
    })
  }

  it('works for the client credentials grant', async t => {
    const server = await startServer(t)
    const key = createKeyPair()
    const { client_id, client_secret } = await register(server, {
      grant_types: ['client_credentials'], redirect_uris: undefined, token_endpoint_auth_method: 'client_secret_basic',
    })
    const response = await requestToken(server, { grant_type: 'client_credentials' }, {
      ...basic(client_id, client_secret), dpop: createProof(key, 'POST', tokenUrl(server)),
    })
    assert.equal(claimsOf((await readJson(response))['access_token'])['cnf'].jkt, key.jkt)
  })

  const wellFormed = 'dpop-proof-is-well-formed'
  const forRequest = 'dpop-proof-is-for-this-request'
  const refused: Record<string, { changes?: Members; header?: Members; rule: string }> = {
    'typ JWT (RFC 9449 section 4.3)': { header: { typ: 'JWT' }, rule: wellFormed },
    'no typ (RFC 9449 section 4.3)': { header: { typ: undefined }, rule: wellFormed },
    'no jwk (RFC 9449 section 4.2)': { header: { jwk: undefined }, rule: wellFormed },
    'the jwk of another key (RFC 9449 section 4.3)': { header: { jwk: createKeyPair().jwk }, rule: wellFormed },
    'a private jwk (RFC 9449 section 4.3)': { header: { jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'AA' } }, rule: wellFormed },
    'a symmetric jwk (RFC 9449 section 11.6)': { header: { alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } }, rule: wellFormed },
    'a jwk with kty from Object.prototype': { header: { jwk: { kty: 'constructor' } }, rule: wellFormed },
    'a jwk that is not an object': { header: { jwk: 'key' }, rule: wellFormed },
    'alg none (RFC 9449 section 4.3)': { header: { alg: 'none' }, rule: wellFormed },
    'alg HS256 (RFC 9449 section 4.3)': { header: { alg: 'HS256' }, rule: wellFormed },
    'critical header parameters (RFC 7515 section 4.1.11)': { header: { crit: ['a'], a: 1 }, rule: wellFormed },
    'no jti (RFC 9449 section 4.2)': { changes: { jti: undefined }, rule: wellFormed },
    'a jti that is not a string': { changes: { jti: ['a'] }, rule: wellFormed },
    'an empty jti': { changes: { jti: '' }, rule: wellFormed },
    'a jti that makes it larger than 8 KB (RFC 9449 section 11.1)': { changes: { jti: 'x'.repeat(7_000) }, rule: wellFormed },
    'another htm (RFC 9449 section 4.3)': { changes: { htm: 'GET' }, rule: forRequest },
    'htm in lower case (RFC 9110 section 9.1)': { changes: { htm: 'post' }, rule: forRequest },
    'an array of methods as htm': { changes: { htm: ['POST'] }, rule: forRequest },
    'an htm that cannot be converted to a string': { changes: { htm: { toString: 1, valueOf: 1 } }, rule: forRequest },
    'no htm': { changes: { htm: undefined }, rule: forRequest },
    'another htu (RFC 9449 section 4.3)': { changes: { htu: 'https://other.example.com/oauth/token' }, rule: forRequest },
    'the htu of another path': { changes: { htu: 'ISSUER/oauth/revoke' }, rule: forRequest },
    'an htu that only starts like ours': { changes: { htu: 'ISSUER/oauth/tokens' }, rule: forRequest },
    'an htu within a blob': { changes: { htu: 'blob:ISSUER/oauth/token' }, rule: forRequest },
    'an htu that is not a URL': { changes: { htu: '/oauth/token' }, rule: forRequest },
    'no htu': { changes: { htu: undefined }, rule: forRequest },
    'an iat that is too old (RFC 9449 section 4.3)': { changes: { iat: 'NOW-90' }, rule: 'dpop-proof-is-fresh' },
    'an iat in the future (RFC 9449 section 4.3)': { changes: { iat: 'NOW+90' }, rule: 'dpop-proof-is-fresh' },
    'no iat (RFC 9449 section 4.2)': { changes: { iat: undefined }, rule: 'dpop-proof-is-fresh' },
    'an iat that is not a number': { changes: { iat: '0' }, rule: 'dpop-proof-is-fresh' },
  }
  for (const [what, { changes = {}, header = {}, rule }] of Object.entries(refused)) {
    it(`is rejected with ${what}`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      const authorization = await authorize(server, client)
      const form = { grant_type: 'authorization_code', client_id: client['client_id'], ...authorization, location: undefined }
      const bad = createProof(createKeyPair(), 'POST', tokenUrl(server), claimsIn(changes, server), header)
      await assertRefused(await requestToken(server, form, { dpop: bad }), rule, 'invalid_dpop_proof', 400)
      // The code is not lost to its owner.
      const good = createProof(createKeyPair(), 'POST', tokenUrl(server))
      assert.equal((await requestToken(server, form, { dpop: good })).status, 200)
    })
  }

  for (const [what, dpop] of Object.entries({ 'two proofs (RFC 9449 section 4.3)': 'a.b.c, a.b.c', 'a proof and a comma': 'a.b.c,' })) {
    it(`is rejected with ${what}`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      await assertRefused(
        await requestToken(server, { grant_type: 'refresh_token', client_id: client['client_id'] }, { dpop }),
        'dpop-proof-is-sent-once', 'invalid_dpop_proof', 400,
      )
    })
  }

  for (const dpop of ['x', 'a.b.c', '..']) {
    it(`is rejected with ${dpop}, which is not a JWT (RFC 9449 section 4.3)`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      await assertRefused(
        await requestToken(server, { grant_type: 'refresh_token', client_id: client['client_id'] }, { dpop }),
        wellFormed, 'invalid_dpop_proof', 400,
      )
    })
  }

  /** How the htu of a proof may be written (RFC 3986 section 6.2.2 and section 6.2.3). */
  const spellings: Record<string, (url: string) => string> = {
    'with a query (RFC 9449 section 4.3)': url => `${url}?a=b`,
    'with a fragment (RFC 9449 section 4.3)': url => `${url}#a`,
    'with scheme and host in upper case': url => url.replace('http://localhost', 'HTTP://LOCALHOST'),
    'with unreserved characters percent-encoded': url => url.replace('token', '%74ok%65n'),
    'with dot segments': url => url.replace('/oauth', '/a/../oauth'),
  }
  for (const [what, spell] of Object.entries(spellings)) {
    it(`may write htu ${what}`, async t => {
      const bound = await startBound(t)
      assert.equal((await refreshWith(bound, bound.key, { htu: spell(tokenUrl(bound.server)) })).status, 200)
    })
  }

  it('may write htu with the default port (RFC 3986 section 6.2.3)', async t => {
    const bound = await startBound(t, { SERVER_URL: 'http://localhost/tenant' })
    assert.equal((await refreshWith(bound, bound.key, { htu: 'http://localhost:80/tenant/oauth/token' })).status, 200)
  })

  it('is rejected with a used proof (RFC 9449 section 11.1)', async t => {
    const bound = await startBound(t)
    const jti = 'once'
    assert.equal((await refreshWith(bound, bound.key, { jti })).status, 200)
    await assertRefused(await refreshWith(bound, bound.key, { jti }), 'dpop-proof-is-unused', 'invalid_dpop_proof', 400)
  })

  it('is rejected with a used proof for as long as it is fresh', async t => {
    const bound = await startBound(t)
    const claims = { jti: 'once', iat: Math.floor(Date.now() / 1000) + 60 }
    assert.equal((await refreshWith(bound, bound.key, claims)).status, 200)
    bound.server.advance(118)
    await assertRefused(await refreshWith(bound, bound.key, claims), 'dpop-proof-is-unused', 'invalid_dpop_proof', 400)
    bound.server.advance(4)
    await assertRefused(await refreshWith(bound, bound.key, claims), 'dpop-proof-is-fresh', 'invalid_dpop_proof', 400)
  })

  it('may use a jti that another key used', async t => {
    const bound = await startBound(t, {}, { token_endpoint_auth_method: 'client_secret_post' })
    const jti = 'same'
    const { refresh_token } = await readJson(await refreshWith(bound, bound.key, { jti }))
    assert.equal((await refreshWith({ ...bound, refresh_token }, createKeyPair(), { jti })).status, 200)
  })

  it('gets 503 while there is no room to remember the proof', async t => {
    const server = await startServer(t, {}, { store: fullStore('proof of a token request') })
    const { client, tokens } = await getTokens(server)
    const bound = { server, client, key: createKeyPair(), access_token: '', refresh_token: tokens['refresh_token'] }
    await assertRefused(await refreshWith(bound, bound.key), 'one-time-use-can-be-remembered', 'temporarily_unavailable', 503)
    assert.equal((await refresh(server, client, tokens['refresh_token'])).status, 200)
  })
})
