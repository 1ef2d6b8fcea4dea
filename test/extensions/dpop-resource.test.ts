import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sha256 } from '../../src/base/protocol/crypto.ts'
import {
  assertRefused, authorize, get, getTokens, postMcp, readJson, register, requestToken, startServer, type Members, claimsIn,
} from '../harness.ts'
import { createKeyPair, createProof, createTokenProof } from '../key-pair.ts'
import { tokenUrl, startBound, pingWith, challengeOf, fullStore, ping } from './dpop-client.ts'

describe('/mcp with a bound token', () => {
  it('accepts it with a proof by the key (RFC 9449 section 7.1)', async t => {
    assert.equal((await pingWith(await startBound(t))).status, 200)
  })

  it('accepts it on every path and with every method', async t => {
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

  it('accepts it below a SERVER_URL with a path', async t => {
    assert.equal((await pingWith(await startBound(t, { SERVER_URL: 'http://localhost/tenant' }))).status, 200)
  })

  it('accepts the scheme in any case (RFC 9110 section 11.1)', async t => {
    const { server, key, access_token } = await startBound(t)
    const dpop = createTokenProof(key, access_token, 'POST', server.config.resource)
    assert.equal((await postMcp(server, undefined, ping, { authorization: `dpop ${access_token}`, dpop })).status, 200)
  })

  it('rejects the token as Bearer, and the challenge names DPoP (RFC 9449 section 7.2)', async t => {
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

  it('rejects the token as Bearer even with a proof (RFC 9449 section 7.2)', async t => {
    const { server, key, access_token } = await startBound(t)
    const dpop = createTokenProof(key, access_token, 'POST', server.config.resource)
    const response = await postMcp(server, access_token, ping, { dpop })
    await assertRefused(response, 'bound-token-comes-with-proof', 'invalid_token', 401)
  })

  it('rejects an unbound token as DPoP (RFC 9449 section 7.1)', async t => {
    const server = await startServer(t)
    const { tokens } = await getTokens(server)
    const { access_token } = tokens
    const dpop = createTokenProof(createKeyPair(), access_token, 'POST', server.config.resource)
    const response = await postMcp(server, undefined, ping, { authorization: `DPoP ${access_token}`, dpop })
    assert.equal(challengeOf(response)['scheme'], 'DPoP')
    await assertRefused(response, 'bound-token-comes-with-proof', 'invalid_token', 401)
  })

  it('rejects a proof by another key (RFC 9449 section 7.1)', async t => {
    const response = await pingWith({ ...await startBound(t), key: createKeyPair() })
    assert.equal(challengeOf(response)['scheme'], 'DPoP')
    await assertRefused(response, 'proof-is-by-the-bound-key', 'invalid_token', 401)
  })

  it('rejects a missing proof (RFC 9449 section 7.1)', async t => {
    const { server, access_token } = await startBound(t)
    const response = await postMcp(server, undefined, ping, { authorization: `DPoP ${access_token}` })
    assert.equal(challengeOf(response)['error'], 'invalid_dpop_proof')
    await assertRefused(response, 'dpop-proof-is-sent-once', 'invalid_dpop_proof', 401)
  })

  it('challenges an expired token with the scheme of the request (RFC 9449 section 7.1)', async t => {
    const bound = await startBound(t)
    bound.server.advance(3700)
    const response = await pingWith(bound)
    assert.deepEqual([challengeOf(response)['scheme'], challengeOf(response)['error']], ['DPoP', 'invalid_token'])
    await assertRefused(response, 'access-token-is-fresh', 'invalid_token', 401)
  })

  it('challenges a malformed token with the scheme of the request (RFC 9449 section 7.1)', async t => {
    const response = await postMcp(await startServer(t), undefined, ping, { authorization: 'DPoP abc' })
    assert.equal(challengeOf(response)['scheme'], 'DPoP')
    await assertRefused(response, 'jwt-is-well-formed', 'invalid_token', 401)
  })

  const refused: Record<string, { changes: Members; rule: string }> = {
    'no ath (RFC 9449 section 4.3)': { changes: { ath: undefined }, rule: 'dpop-proof-is-for-this-token' },
    'the ath of another token (RFC 9449 section 4.3)': { changes: { ath: sha256('another') }, rule: 'dpop-proof-is-for-this-token' },
    'the htu of the token endpoint': { changes: { htu: 'ISSUER/oauth/token' }, rule: 'dpop-proof-is-for-this-request' },
    'the htu of a sibling path': { changes: { htu: 'ISSUER/mcp/' }, rule: 'dpop-proof-is-for-this-request' },
    'the htm of another method': { changes: { htm: 'GET' }, rule: 'dpop-proof-is-for-this-request' },
    'an iat that is too old': { changes: { iat: 'NOW-90' }, rule: 'dpop-proof-is-fresh' },
  }
  for (const [what, { changes, rule }] of Object.entries(refused)) {
    it(`rejects a proof with ${what}`, async t => {
      const bound = await startBound(t)
      const response = await pingWith(bound, claimsIn(changes, bound.server))
      assert.equal(challengeOf(response)['scheme'], 'DPoP')
      await assertRefused(response, rule, 'invalid_dpop_proof', 401)
    })
  }

  it('rejects a used proof (RFC 9449 section 11.1)', async t => {
    const bound = await startBound(t)
    assert.equal((await pingWith(bound, { jti: 'once' })).status, 200)
    await assertRefused(await pingWith(bound, { jti: 'once' }), 'dpop-proof-is-unused', 'invalid_dpop_proof', 401)
  })

  it('does not use up a rejected proof', async t => {
    const bound = await startBound(t)
    assert.equal((await pingWith(bound, { jti: 'once', ath: 'wrong' })).status, 401)
    assert.equal((await pingWith(bound, { jti: 'once' })).status, 200)
  })

  it('answers with 503 while there is no room to remember the proof', async t => {
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

  it('counts used proofs in /health', async t => {
    const bound = await startBound(t)
    await pingWith(bound)
    assert.equal((await readJson(await get(`${bound.server.url}/health`)))['store'].used_proofs, 2)
  })
})
