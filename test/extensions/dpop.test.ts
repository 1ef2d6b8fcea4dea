import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { sha256 } from '../../src/base/protocol/crypto.ts'
import { decodeJws, thumbprint, verifiesJws } from '../../src/base/protocol/jws.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import type { OneTimeUse } from '../../src/base/store/store.ts'
import {
  assertRedirectedError, assertRefused, authorize, basic, claimsOf, exchange, get, getTokens, postForm, postMcp, readJson, refresh,
  register, requestCode, requestRegistration, requestToken, startServer, type Members, type TestContext, type TestServer,
} from '../harness.ts'
import { createKeyPair, createProof, createTokenProof, type Algorithm, type KeyPair } from '../key-pair.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

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

interface Bound {
  readonly server: TestServer
  readonly client: Members
  readonly key: KeyPair
  readonly access_token: string
  readonly refresh_token: string
}

function tokenUrl({ config }: TestServer): string {
  return `${config.issuer}/oauth/token`
}

/** Tokens that are bound to a key. */
async function startBound(t: TestContext, env: Record<string, string> = {}, metadata: Members = {}, key = createKeyPair()): Promise<Bound> {
  const server = await startServer(t, env)
  const client = await register(server, metadata)
  const { code, code_verifier } = await authorize(server, client)
  const response = await requestToken(server, {
    grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'], client_secret: client['client_secret'],
  }, { dpop: createProof(key, 'POST', tokenUrl(server), env['OAUTH_DPOP_NONCE'] ? { nonce: await findNonce(server, client, key) } : {}) })
  assert.equal(response.status, 200)
  const { access_token, refresh_token } = await readJson(response)
  return { server, client, key, access_token, refresh_token }
}

/** The nonce that the token endpoint hands out when it misses one. */
async function findNonce(server: TestServer, client: Members, key: KeyPair): Promise<string> {
  const response = await requestToken(server, { grant_type: 'refresh_token', client_id: client['client_id'] }, {
    dpop: createProof(key, 'POST', tokenUrl(server)),
  })
  return response.headers.get('dpop-nonce') ?? assert.fail('no nonce')
}

/** Sends ping with the token and a proof; `changes` to the claims of the proof. */
function pingWith({ server, key, access_token }: Bound, changes: Members = {}, header: Members = {}): Promise<Response> {
  const proof = createProof(key, 'POST', server.config.resource, { ath: sha256(access_token), ...changes }, header)
  return postMcp(server, undefined, ping, { authorization: `DPoP ${access_token}`, dpop: proof })
}

function refreshWith({ server, client, refresh_token }: Bound, key: KeyPair, changes: Members = {}): Promise<Response> {
  const { client_id, client_secret } = client
  return requestToken(server, { grant_type: 'refresh_token', refresh_token, client_id, client_secret }, {
    dpop: createProof(key, 'POST', tokenUrl(server), changes),
  })
}

/** The scheme of the first challenge, and all parameters. */
function challengeOf(response: Response): Members {
  const header = response.headers.get('www-authenticate') ?? assert.fail('no challenge')
  const [, scheme] = /^(\w+) \w+="/.exec(header) ?? []
  return { scheme, ...Object.fromEntries([...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])) }
}

describe('A token request with a DPoP proof', () => {
  it('gives a token that is bound to the key (RFC 9449 section 5 and section 6.1)', async t => {
    const { key, access_token } = await startBound(t)
    assert.deepEqual(claimsOf(access_token)['cnf'], { jkt: key.jkt })
  })

  it('is answered with token_type DPoP (RFC 9449 section 5)', async t => {
    const bound = await startBound(t)
    assert.equal((await readJson(await refreshWith(bound, bound.key)))['token_type'], 'DPoP')
  })

  it('without a proof gives a bearer token', async t => {
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
    'a jwk of a type that is a name of Object.prototype': { header: { jwk: { kty: 'constructor' } }, rule: wellFormed },
    'a jwk that is no object': { header: { jwk: 'key' }, rule: wellFormed },
    'alg none (RFC 9449 section 4.3)': { header: { alg: 'none' }, rule: wellFormed },
    'alg HS256 (RFC 9449 section 4.3)': { header: { alg: 'HS256' }, rule: wellFormed },
    'critical header parameters (RFC 7515 section 4.1.11)': { header: { crit: ['a'], a: 1 }, rule: wellFormed },
    'no jti (RFC 9449 section 4.2)': { changes: { jti: undefined }, rule: wellFormed },
    'a jti that is no text': { changes: { jti: ['a'] }, rule: wellFormed },
    'an empty jti': { changes: { jti: '' }, rule: wellFormed },
    'a jti that makes it larger than 8 KB (RFC 9449 section 11.1)': { changes: { jti: 'x'.repeat(7_000) }, rule: wellFormed },
    'another htm (RFC 9449 section 4.3)': { changes: { htm: 'GET' }, rule: forRequest },
    'htm in lower case (RFC 9110 section 9.1)': { changes: { htm: 'post' }, rule: forRequest },
    'a list of methods as htm': { changes: { htm: ['POST'] }, rule: forRequest },
    'an htm that cannot be made a text': { changes: { htm: { toString: 1, valueOf: 1 } }, rule: forRequest },
    'no htm': { changes: { htm: undefined }, rule: forRequest },
    'another htu (RFC 9449 section 4.3)': { changes: { htu: 'https://other.example.com/oauth/token' }, rule: forRequest },
    'the htu of another path': { changes: { htu: 'ISSUER/oauth/revoke' }, rule: forRequest },
    'an htu that only begins like ours': { changes: { htu: 'ISSUER/oauth/tokens' }, rule: forRequest },
    'an htu within a blob': { changes: { htu: 'blob:ISSUER/oauth/token' }, rule: forRequest },
    'an htu that is no URL': { changes: { htu: '/oauth/token' }, rule: forRequest },
    'no htu': { changes: { htu: undefined }, rule: forRequest },
    'an iat that is too old (RFC 9449 section 4.3)': { changes: { iat: 'NOW-90' }, rule: 'dpop-proof-is-fresh' },
    'an iat that lies ahead (RFC 9449 section 4.3)': { changes: { iat: 'NOW+90' }, rule: 'dpop-proof-is-fresh' },
    'no iat (RFC 9449 section 4.2)': { changes: { iat: undefined }, rule: 'dpop-proof-is-fresh' },
    'an iat that is no number': { changes: { iat: '0' }, rule: 'dpop-proof-is-fresh' },
  }
  for (const [what, { changes = {}, header = {}, rule }] of Object.entries(refused)) {
    it(`is refused with ${what}`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      const authorization = await authorize(server, client)
      const form = { grant_type: 'authorization_code', client_id: client['client_id'], ...authorization, location: undefined }
      const bad = createProof(createKeyPair(), 'POST', tokenUrl(server), filled(changes, server), header)
      await assertRefused(await requestToken(server, form, { dpop: bad }), rule, 'invalid_dpop_proof', 400)
      // The code is not lost to its owner.
      const good = createProof(createKeyPair(), 'POST', tokenUrl(server))
      assert.equal((await requestToken(server, form, { dpop: good })).status, 200)
    })
  }

  for (const [what, dpop] of Object.entries({ 'two proofs (RFC 9449 section 4.3)': 'a.b.c, a.b.c', 'a proof and a comma': 'a.b.c,' })) {
    it(`is refused with ${what}`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      await assertRefused(
        await requestToken(server, { grant_type: 'refresh_token', client_id: client['client_id'] }, { dpop }),
        'dpop-proof-is-sent-once', 'invalid_dpop_proof', 400,
      )
    })
  }

  for (const dpop of ['x', 'a.b.c', '..']) {
    it(`is refused with ${dpop}, which is no JWT (RFC 9449 section 4.3)`, async t => {
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
    'with characters that need no encoding encoded': url => url.replace('token', '%74ok%65n'),
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

  it('is refused with a proof that was used (RFC 9449 section 11.1)', async t => {
    const bound = await startBound(t)
    const jti = 'once'
    assert.equal((await refreshWith(bound, bound.key, { jti })).status, 200)
    await assertRefused(await refreshWith(bound, bound.key, { jti }), 'dpop-proof-is-unused', 'invalid_dpop_proof', 400)
  })

  it('is refused with a used proof for as long as it is fresh', async t => {
    const bound = await startBound(t)
    const claims = { jti: 'once', iat: Math.floor(Date.now() / 1000) + 60 }
    assert.equal((await refreshWith(bound, bound.key, claims)).status, 200)
    bound.server.advance(118)
    await assertRefused(await refreshWith(bound, bound.key, claims), 'dpop-proof-is-unused', 'invalid_dpop_proof', 400)
    bound.server.advance(4)
    await assertRefused(await refreshWith(bound, bound.key, claims), 'dpop-proof-is-fresh', 'invalid_dpop_proof', 400)
  })

  it('may carry a jti that another key used', async t => {
    const bound = await startBound(t, {}, { token_endpoint_auth_method: 'client_secret_post' })
    const jti = 'same'
    const { refresh_token } = await readJson(await refreshWith(bound, bound.key, { jti }))
    assert.equal((await refreshWith({ ...bound, refresh_token }, createKeyPair(), { jti })).status, 200)
  })

  it('is put off, not passed, while there is no room to remember the proof', async t => {
    const server = await startServer(t, {}, { store: fullStore('proof of a token request') })
    const { client, tokens } = await getTokens(server)
    const bound = { server, client, key: createKeyPair(), access_token: '', refresh_token: tokens['refresh_token'] }
    await assertRefused(await refreshWith(bound, bound.key), 'one-time-use-can-be-remembered', 'temporarily_unavailable', 503)
    assert.equal((await refresh(server, client, tokens['refresh_token'])).status, 200)
  })
})

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

  it('may say false as well as nothing (RFC 9449 section 5.2)', async t => {
    const { tokens } = await getTokens(await startServer(t), { dpop_bound_access_tokens: false })
    assert.equal(tokens['token_type'], 'Bearer')
  })

  it('has to say true or false (RFC 9449 section 5.2)', async t => {
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

  it('gives no thief a second chance within the reuse window', async t => {
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
  it('may be used with another key: it is bound to the client instead (RFC 9449 section 5)', async t => {
    const bound = await startBound(t, {}, { token_endpoint_auth_method: 'client_secret_post' })
    const other = createKeyPair()
    const { access_token } = await readJson(await refreshWith(bound, other))
    assert.equal(claimsOf(access_token)['cnf'].jkt, other.jkt)
  })
})

describe('A code that was asked for with dpop_jkt', () => {
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

  it('is not redeemed with another key, nor lost by the attempt (RFC 9449 section 10)', async t => {
    const { key, send } = await start(t)
    await assertRefused(await send(createKeyPair()), 'dpop-key-is-the-same', 'invalid_grant', 400)
    assert.equal((await send(key)).status, 200)
  })

  it('is not redeemed without a proof (RFC 9449 section 10)', async t => {
    const { send } = await start(t)
    await assertRefused(await send(undefined), 'dpop-key-is-the-same', 'invalid_grant', 400)
  })

  it('is not asked for with what is no thumbprint (RFC 9449 section 10)', async t => {
    const server = await startServer(t)
    const response = await requestCode(server, await register(server), { dpop_jkt: 'a key' })
    assertRedirectedError(response, 'dpop-jkt-is-a-thumbprint', 'invalid_request')
  })
})

describe('/mcp with a token that is bound to a key', () => {
  it('opens with a proof by the key (RFC 9449 section 7.1)', async t => {
    assert.equal((await pingWith(await startBound(t))).status, 200)
  })

  it('opens on every path and with every method', async t => {
    const bound = await startBound(t)
    const { server, key, access_token } = bound
    const send = (path: string, method: string, body?: unknown) => fetch(`${server.url}${path}`, {
      method, ...(body ? { body: JSON.stringify(body) } : {}),
      headers: {
        'content-type': 'application/json', 'authorization': `DPoP ${access_token}`,
        'dpop': createTokenProof(key, access_token, method, `${server.config.issuer}${path}`),
      },
    })
    assert.equal((await send('/mcp/tools/list', 'POST', { ...ping, method: 'tools/list' })).status, 200)
    assert.equal((await send('/mcp', 'GET')).status, 405)
  })

  it('opens below a SERVER_URL with a path', async t => {
    assert.equal((await pingWith(await startBound(t, { SERVER_URL: 'http://localhost/tenant' }))).status, 200)
  })

  it('takes the scheme in any case (RFC 9110 section 11.1)', async t => {
    const { server, key, access_token } = await startBound(t)
    const dpop = createTokenProof(key, access_token, 'POST', server.config.resource)
    assert.equal((await postMcp(server, undefined, ping, { authorization: `dpop ${access_token}`, dpop })).status, 200)
  })

  it('refuses the token as Bearer, and says what it takes (RFC 9449 section 7.2)', async t => {
    const { server, access_token } = await startBound(t)
    const response = await postMcp(server, access_token, ping)
    assert.deepEqual(challengeOf(response), {
      scheme: 'Bearer', error: 'invalid_token', scope: 'mcp:tools:read mcp:tools:execute', algs: 'ES256 EdDSA RS256 PS256',
      error_description: 'a token that is bound to a key must be sent as DPoP, and any other token as Bearer',
      error_uri: `${server.config.issuer}/explain/bound-token-comes-with-proof`,
      resource_metadata: `${server.config.issuer}/.well-known/oauth-protected-resource/mcp`,
    })
    assert.match(response.headers.get('www-authenticate')!, /, DPoP algs="[^"]+"$/)
    await assertRefused(response, 'bound-token-comes-with-proof', 'invalid_token', 401)
  })

  it('refuses the token as Bearer even beside a proof (RFC 9449 section 7.2)', async t => {
    const { server, key, access_token } = await startBound(t)
    const dpop = createTokenProof(key, access_token, 'POST', server.config.resource)
    const response = await postMcp(server, access_token, ping, { dpop })
    await assertRefused(response, 'bound-token-comes-with-proof', 'invalid_token', 401)
  })

  it('refuses a token that is bound to nothing as DPoP (RFC 9449 section 7.1)', async t => {
    const server = await startServer(t)
    const { tokens } = await getTokens(server)
    const { access_token } = tokens
    const dpop = createTokenProof(createKeyPair(), access_token, 'POST', server.config.resource)
    const response = await postMcp(server, undefined, ping, { authorization: `DPoP ${access_token}`, dpop })
    assert.equal(challengeOf(response)['scheme'], 'DPoP')
    await assertRefused(response, 'bound-token-comes-with-proof', 'invalid_token', 401)
  })

  it('refuses a proof by another key (RFC 9449 section 7.1)', async t => {
    const response = await pingWith({ ...await startBound(t), key: createKeyPair() })
    assert.equal(challengeOf(response)['scheme'], 'DPoP')
    await assertRefused(response, 'proof-is-by-the-bound-key', 'invalid_token', 401)
  })

  it('refuses a missing proof (RFC 9449 section 7.1)', async t => {
    const { server, access_token } = await startBound(t)
    const response = await postMcp(server, undefined, ping, { authorization: `DPoP ${access_token}` })
    assert.equal(challengeOf(response)['error'], 'invalid_dpop_proof')
    await assertRefused(response, 'dpop-proof-is-sent-once', 'invalid_dpop_proof', 401)
  })

  it('answers a token that has expired in the scheme that was used (RFC 9449 section 7.1)', async t => {
    const bound = await startBound(t)
    bound.server.advance(3700)
    const response = await pingWith(bound)
    assert.deepEqual([challengeOf(response)['scheme'], challengeOf(response)['error']], ['DPoP', 'invalid_token'])
    await assertRefused(response, 'access-token-is-fresh', 'invalid_token', 401)
  })

  it('refuses what is no token in the scheme that was used (RFC 9449 section 7.1)', async t => {
    const response = await postMcp(await startServer(t), undefined, ping, { authorization: 'DPoP abc' })
    assert.equal(challengeOf(response)['scheme'], 'DPoP')
    await assertRefused(response, 'jwt-is-well-formed', 'invalid_token', 401)
  })

  const refused: Record<string, { changes: Members; rule: string }> = {
    'no ath (RFC 9449 section 4.3)': { changes: { ath: undefined }, rule: 'dpop-proof-is-for-this-token' },
    'the ath of another token (RFC 9449 section 4.3)': { changes: { ath: sha256('another') }, rule: 'dpop-proof-is-for-this-token' },
    'the htu of the token endpoint': { changes: { htu: 'ISSUER/oauth/token' }, rule: 'dpop-proof-is-for-this-request' },
    'the htu of a path beside it': { changes: { htu: 'ISSUER/mcp/' }, rule: 'dpop-proof-is-for-this-request' },
    'the htm of another method': { changes: { htm: 'GET' }, rule: 'dpop-proof-is-for-this-request' },
    'an iat that is too old': { changes: { iat: 'NOW-90' }, rule: 'dpop-proof-is-fresh' },
  }
  for (const [what, { changes, rule }] of Object.entries(refused)) {
    it(`refuses a proof with ${what}`, async t => {
      const bound = await startBound(t)
      const response = await pingWith(bound, filled(changes, bound.server))
      assert.equal(challengeOf(response)['scheme'], 'DPoP')
      await assertRefused(response, rule, 'invalid_dpop_proof', 401)
    })
  }

  it('refuses a proof that was used (RFC 9449 section 11.1)', async t => {
    const bound = await startBound(t)
    assert.equal((await pingWith(bound, { jti: 'once' })).status, 200)
    await assertRefused(await pingWith(bound, { jti: 'once' }), 'dpop-proof-is-unused', 'invalid_dpop_proof', 401)
  })

  it('does not count a proof as used that was refused', async t => {
    const bound = await startBound(t)
    assert.equal((await pingWith(bound, { jti: 'once', ath: 'wrong' })).status, 401)
    assert.equal((await pingWith(bound, { jti: 'once' })).status, 200)
  })

  it('puts a request off while there is no room to remember its proof', async t => {
    const server = await startServer(t, {}, { store: fullStore('proof of a resource request') })
    const client = await register(server)
    const key = createKeyPair()
    const { code, code_verifier } = await authorize(server, client)
    const { access_token } = await readJson(await requestToken(server, {
      grant_type: 'authorization_code', client_id: client['client_id'], code, code_verifier,
    }, { dpop: createProof(key, 'POST', tokenUrl(server)) }))
    const response = await pingWith({ server, client, key, access_token, refresh_token: '' })
    await assertRefused(response, 'one-time-use-can-be-remembered', 'temporarily_unavailable', 503)
  })

  it('lists its algorithms in the metadata of the resource (RFC 9728 section 2)', async t => {
    const { url } = await startServer(t)
    const { dpop_signing_alg_values_supported } = await readJson(await get(`${url}/.well-known/oauth-protected-resource/mcp`))
    assert.deepEqual(dpop_signing_alg_values_supported, ['ES256', 'EdDSA', 'RS256', 'PS256'])
  })

  it('counts the proofs that were used in /health', async t => {
    const bound = await startBound(t)
    await pingWith(bound)
    assert.equal((await readJson(await get(`${bound.server.url}/health`)))['store'].used_proofs, 2)
  })
})

describe('Introspection of a token that is bound to a key', () => {
  it('shows the key and the type (RFC 9449 section 6.2)', async t => {
    const { server, client, key, access_token: token } = await startBound(t, {}, { token_endpoint_auth_method: 'client_secret_post' })
    const { client_id, client_secret } = client
    const response = await postForm(`${server.url}/oauth/introspect`, { token, client_id, client_secret })
    const { active, token_type, cnf } = await readJson(response)
    assert.deepEqual({ active, token_type, cnf }, { active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } })
  })
})

describe('With OAUTH_DPOP_NONCE=true', () => {
  const env = { OAUTH_DPOP_NONCE: 'true' }

  it('the token endpoint demands a nonce, and hands it out (RFC 9449 section 8)', async t => {
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

  it('the MCP server demands a nonce, and hands it out (RFC 9449 section 9)', async t => {
    const bound = await startBound(t, env)
    const response = await pingWith(bound)
    const nonce = response.headers.get('dpop-nonce')
    const { scheme, error } = challengeOf(response)
    assert.deepEqual({ scheme, error }, { scheme: 'DPoP', error: 'use_dpop_nonce' })
    await assertRefused(response, 'dpop-nonce-is-ours', 'use_dpop_nonce', 401)
    assert.equal((await pingWith(bound, { nonce })).status, 200)
  })

  it('a nonce has the characters that it may have (RFC 9449 section 8.1)', async t => {
    const nonce = (await pingWith(await startBound(t, env))).headers.get('dpop-nonce')
    assert.match(nonce!, /^[\x21\x23-\x5b\x5d-\x7e]{43}$/)
  })

  it('a success hands out the nonce too, so that the next is known before the last has aged (RFC 9449 section 8.2)', async t => {
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

  it('a nonce ages (RFC 9449 section 8)', async t => {
    const bound = await startBound(t, env)
    const nonce = (await pingWith(bound)).headers.get('dpop-nonce')
    bound.server.advance(240)
    const response = await pingWith(bound, { nonce, iat: Math.floor(Date.now() / 1000) + 240 })
    await assertRefused(response, 'dpop-nonce-is-ours', 'use_dpop_nonce', 401)
  })

  for (const nonce of ['', 'x'.repeat(43), 1, null]) {
    it(`${JSON.stringify(nonce)} is no nonce (RFC 9449 section 4.3)`, async t => {
      await assertRefused(await pingWith(await startBound(t, env), { nonce }), 'dpop-nonce-is-ours', 'use_dpop_nonce', 401)
    })
  }

  it('the nonce of another server is none', async t => {
    const bound = await startBound(t, env)
    const other = await startBound(t, { ...env, JWT_SECRET_KEY: 'another test key of 32 bytes or more, no secret' })
    const nonce = (await pingWith(other)).headers.get('dpop-nonce')
    assert.equal((await pingWith(bound, { nonce })).status, 401)
  })

  it('a bearer token needs none, and is told of none', async t => {
    const server = await startServer(t, env)
    const { tokens } = await getTokens(server)
    const response = await postMcp(server, tokens['access_token'], ping)
    assert.deepEqual([response.status, response.headers.get('dpop-nonce')], [200, null])
  })

  it('a page in a browser may read the nonce', async t => {
    const response = await pingWith(await startBound(t, env))
    assert.match(response.headers.get('access-control-expose-headers')!, /\bDPoP-Nonce\b/)
  })
})

describe('Without OAUTH_DPOP_NONCE', () => {
  it('no nonce is handed out', async t => {
    const response = await pingWith(await startBound(t))
    assert.equal(response.headers.get('dpop-nonce'), null)
  })

  it('a nonce that nobody asked for is passed over', async t => {
    assert.equal((await pingWith(await startBound(t), { nonce: 'x' })).status, 200)
  })
})

/** A store that has no room left for one kind of use. */
function fullStore(full: OneTimeUse): MemoryStore {
  const store = new MemoryStore({
    now: () => Date.now() / 1000, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 86_400,
  })
  const useOnce = store.useOnce.bind(store)
  store.useOnce = async (use, id_hash, client_id) => use === full ? 'full' : useOnce(use, id_hash, client_id)
  return store
}

/** Puts the issuer and the time where a table can only name them. */
function filled(changes: Members, { config }: TestServer): Members {
  return Object.fromEntries(Object.entries(changes).map(([name, value]) => {
    if (typeof value !== 'string') return [name, value]
    const ahead = /^NOW([+-]\d+)$/.exec(value)?.[1]
    return [name, ahead === undefined ? value.replace('ISSUER', config.issuer) : Math.floor(Date.now() / 1000) + Number(ahead)]
  }))
}
