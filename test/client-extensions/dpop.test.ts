import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { DpopProver } from '../../src/client/extensions/dpop.ts'
import type { McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { ClientStorage, StoredTokens } from '../../src/core/client/seams/storage.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addAuthorizationServer, assertFails, assertRefusal, assertUntrusted, changeTokens, clientOf, formOf, json, modernAnswer,
  record, startPeer, validTokens, type Answer, type AuthorizationServerChanges, type Peer, type Received,
} from '../peer.ts'

interface Proof {
  readonly header: Members
  readonly claims: Members
}

/** Verifies a proof with node:crypto and the key that it carries, and returns its contents. */
function readProof(proof: unknown): Proof {
  assert.ok(typeof proof === 'string', 'a proof is sent')
  const [first, second, signature] = proof.split('.')
  const [header, claims] = [first, second].map(part => JSON.parse(Buffer.from(part!, 'base64url').toString()) as Members)
  const key = createPublicKey({ key: header!['jwk'] as JsonWebKey, format: 'jwk' })
  const isRight = verify('sha256', Buffer.from(`${first}.${second}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature!, 'base64url'))
  assert.ok(isRight, 'the signature verifies')
  return { header: header!, claims: claims! }
}

function proofOf({ headers }: Received): Proof {
  return readProof(headers['dpop'])
}

function hashOf(access_token: string): string {
  return createHash('sha256').update(access_token).digest('base64url')
}

describe('DpopProver.proof()', () => {
  const prover = (): DpopProver => new DpopProver(undefined, () => 1_562_262_616.9)

  it('has type, algorithm and only the public key in its header (RFC 9449 section 4.2)', () => {
    const { header } = readProof(prover().proof('POST', 'https://server.example.com/token'))
    const { jwk, ...rest } = header
    assert.deepEqual(rest, { typ: 'dpop+jwt', alg: 'ES256' })
    assert.deepEqual(Object.keys(jwk).sort(), ['crv', 'kty', 'x', 'y'])
  })

  it('has method, URL, time and a jti in its claims (RFC 9449 section 4.2)', () => {
    const { jti, ...claims } = readProof(prover().proof('POST', 'https://server.example.com/token')).claims
    assert.deepEqual(claims, { htm: 'POST', htu: 'https://server.example.com/token', iat: 1_562_262_616 })
    assert.ok(typeof jti === 'string' && jti.length >= 16, '96 bits of randomness at least')
  })

  it('has a new jti each time (RFC 9449 section 4.2)', () => {
    const same = prover()
    const ids = Array.from({ length: 20 }, () => readProof(same.proof('GET', 'https://a.example/')).claims['jti'])
    assert.equal(new Set(ids).size, 20)
  })

  for (const [url, htu] of [
    ['https://a.example/mcp?tenant=1&x=2', 'https://a.example/mcp'], ['https://a.example/mcp#part', 'https://a.example/mcp'],
    ['https://a.example', 'https://a.example/'], ['https://a.example:443/x', 'https://a.example/x'],
    ['http://127.0.0.1:8000/mcp/', 'http://127.0.0.1:8000/mcp/'],
  ] as const) {
    it(`has ${htu} as htu of ${url}, without query and fragment (RFC 9449 section 4.2)`, () => {
      assert.equal(readProof(prover().proof('GET', url)).claims['htu'], htu)
    })
  }

  it('carries the hash of the access token, as in RFC 9449 section 7.1', () => {
    const { ath } = readProof(prover().proof('GET', 'https://a.example/', 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU')).claims
    assert.equal(ath, 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
  })

  it('is signed with the stored key', () => {
    const first = prover()
    const again = new DpopProver(first.exportKey(), () => 0)
    const keyOf = (proof: string): unknown => readProof(proof).header['jwk']
    assert.deepEqual(keyOf(again.proof('GET', 'https://a.example/')), keyOf(first.proof('GET', 'https://a.example/')))
  })

  it('is signed with a new key if none is stored', () => {
    assert.notDeepEqual(prover().exportKey(), prover().exportKey())
  })
})

describe('DpopProver.learnNonce()', () => {
  const nonceOf = (prover: DpopProver, url: string): unknown => readProof(prover.proof('GET', url)).claims['nonce']
  const learn = (prover: DpopProver, nonce: string, url = 'https://a.example/token'): boolean =>
    prover.learnNonce(url, 200, new Headers({ 'dpop-nonce': nonce }), undefined)

  it('keeps the nonces of two servers apart (RFC 9449 section 8)', () => {
    const prover = new DpopProver(undefined, () => 0)
    learn(prover, 'of-a')
    learn(prover, 'of-b', 'https://b.example/mcp')
    assert.deepEqual(['https://a.example/other', 'https://b.example/mcp', 'https://c.example/'].map(url => nonceOf(prover, url)), ['of-a', 'of-b', undefined])
  })

  it('uses the newest nonce, from a response of any status (RFC 9449 section 8.2)', () => {
    const prover = new DpopProver(undefined, () => 0)
    learn(prover, 'old')
    learn(prover, 'new')
    assert.equal(nonceOf(prover, 'https://a.example/'), 'new')
  })

  const demand = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n' }
  for (const [what, status, headers, error, expected] of [
    ['a 400 with the error in its body', 400, { 'dpop-nonce': 'n' }, 'use_dpop_nonce', true],
    ['a 401 with the error in its body', 401, { 'dpop-nonce': 'n' }, 'use_dpop_nonce', true],
    ['a 401 with the error in its challenge', 401, demand, undefined, true],
    ['a 401 whose second challenge has the error', 401, { ...demand, 'www-authenticate': 'Bearer realm="a", DPoP error="use_dpop_nonce"' }, undefined, true],
    ['the error without a nonce', 400, {}, 'use_dpop_nonce', false],
    ['a nonce with another error', 400, { 'dpop-nonce': 'n' }, 'invalid_grant', false],
    ['a nonce with success', 200, { 'dpop-nonce': 'n' }, undefined, false],
    ['a 403 with the error', 403, demand, 'use_dpop_nonce', false],
  ] as const) {
    it(`returns ${expected} for ${what} (RFC 9449 section 8)`, () => {
      assert.equal(new DpopProver(undefined, () => 0).learnNonce('https://a.example/', status, new Headers(headers), error), expected)
    })
  }
})

// --- The whole flow ---

interface Setting {
  readonly peer: Peer
  readonly storage: ClientStorage
  connect(options?: Partial<McpClientOptions>): Promise<unknown>
  stored(): Promise<StoredTokens>
}

/** A server that issues DPoP tokens, and accepts them on `/mcp` only with a proof. */
async function start(t: TestContext, changes: AuthorizationServerChanges = {}): Promise<Setting> {
  const peer = await startPeer(t)
  addAuthorizationServer(peer, { tokens: { token_type: 'DPoP' }, ...changes })
  const path = '/.well-known/oauth-protected-resource/mcp'
  peer.on(`GET ${path}`, json({ resource: `${peer.url}/mcp`, authorization_servers: [peer.url] }))
  const refuse: Answer = { status: 401, headers: { 'www-authenticate': `DPoP resource_metadata="${peer.url}${path}", algs="ES256"` } }
  peer.on('POST /mcp', received => received.headers.authorization?.startsWith('DPoP ') && received.headers['dpop'] ? modernAnswer(received) : refuse)
  const storage = new MemoryStorage()
  return {
    peer, storage,
    connect: (options = {}) => clientOf(peer.url, { storage, dpop: true, ...options }).connect(),
    stored: async () => (await storage.read()).servers[`${peer.url}/mcp`]!,
  }
}

describe('McpClient with dpop: the token request', () => {
  it('carries a proof for the token endpoint, without an access token (RFC 9449 section 5)', async t => {
    const { peer, connect } = await start(t)
    await connect()
    const { claims } = proofOf(peer.to('POST /token')[0]!)
    assert.deepEqual([claims['htm'], claims['htu'], 'ath' in claims], ['POST', `${peer.url}/token`, false])
  })

  it('must not be answered with a Bearer token (RFC 9449 section 5)', async t => {
    const { connect, storage } = await start(t, { tokens: { token_type: 'Bearer' } })
    const { message } = await assertUntrusted(connect(), 'token-type-is-usable')
    assert.equal(message, 'the token_type is Bearer, but this client can use DPoP')
    assert.deepEqual((await storage.read()).servers, {})
  })

  for (const token_type of ['dpop', 'DPOP']) {
    it(`may be answered with the token_type ${token_type} (RFC 6749 section 5.1)`, async t => {
      const { connect } = await start(t, { tokens: { token_type } })
      await connect()
    })
  }

  it('carries no proof without the dpop option', async t => {
    const { peer, connect } = await start(t)
    await assertUntrusted(connect({ dpop: false }), 'token-type-is-usable')
    assert.equal(peer.to('POST /token')[0]!.headers['dpop'], undefined)
  })

  const demand = json({ error: 'use_dpop_nonce' }, 400, { 'dpop-nonce': 'of-the-authorization-server' })

  it('is repeated with the required nonce and a new jti (RFC 9449 section 8)', async t => {
    const { peer, connect } = await start(t)
    peer.on('POST /token', request => proofOf(request).claims['nonce'] === undefined ? demand : json(validTokens({ token_type: 'DPoP' })))
    await connect()
    const [first, second] = peer.to('POST /token')
    assert.equal(proofOf(second!).claims['nonce'], 'of-the-authorization-server')
    assert.notEqual(proofOf(first!).claims['jti'], proofOf(second!).claims['jti'])
    assert.deepEqual(formOf(second!), formOf(first!))
    assert.equal(peer.to('POST /token').length, 2)
  })

  it('is repeated only once (RFC 9449 section 8)', async t => {
    const { peer, connect } = await start(t)
    peer.on('POST /token', demand)
    await assertRefusal(connect(), 'tokens-are-granted', 'use_dpop_nonce')
    assert.equal(peer.to('POST /token').length, 2)
  })
})

describe('McpClient with dpop: a request to the resource server', () => {
  it('carries the token with the DPoP scheme, and a proof for exactly this request (RFC 9449 section 7.1)', async t => {
    const { peer, connect, stored } = await start(t)
    await connect()
    const last = peer.to('POST /mcp').at(-1)!
    const { access_token } = await stored()
    assert.equal(last.headers.authorization, `DPoP ${access_token}`)
    const { htm, htu, ath } = proofOf(last).claims
    assert.deepEqual({ htm, htu, ath }, { htm: 'POST', htu: `${peer.url}/mcp`, ath: hashOf(access_token) })
  })

  it('is signed with the key of the token request (RFC 9449 section 7.1)', async t => {
    const { peer, connect } = await start(t)
    await connect()
    assert.deepEqual(proofOf(peer.to('POST /mcp').at(-1)!).header, proofOf(peer.to('POST /token')[0]!).header)
  })

  it('has a new proof each time (RFC 9449 section 11.1)', async t => {
    const { peer, storage } = await start(t)
    const client = clientOf(peer.url, { storage, dpop: true })
    await client.connect()
    await client.callTool('echo', {})
    const ids = peer.to('POST /mcp').filter(({ headers }) => headers['dpop']).map(request => proofOf(request).claims['jti'])
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(ids.length, 3)
  })

  it('carries an unbound token as a Bearer token without a proof', async t => {
    const { peer, connect, storage } = await start(t)
    await connect()
    await changeTokens(storage, peer.url, { token_type: 'Bearer', dpop_key: undefined })
    peer.on('POST /mcp', modernAnswer)
    await connect()
    const { authorization, dpop } = peer.to('POST /mcp').at(-1)!.headers
    assert.deepEqual([authorization?.split(' ')[0], dpop], ['Bearer', undefined])
  })

  /** Requires a nonce. */
  function demandNonce(peer: Peer, nonce: string): void {
    const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce", error_description="a nonce is needed"', 'dpop-nonce': nonce }
    peer.on('POST /mcp', received => proofOf(received).claims['nonce'] === nonce ? modernAnswer(received) : { status: 401, headers: challenge })
  }

  it('is repeated with the required nonce, without a new authorization (RFC 9449 section 9)', async t => {
    const { peer, connect } = await start(t)
    await connect()
    demandNonce(peer, 'of-the-resource-server')
    const before = peer.received.length
    await connect()
    assert.deepEqual(peer.targets().slice(before), ['POST /mcp', 'POST /mcp'])
  })

  it('keeps the nonce until there is a new one (RFC 9449 section 8.2)', async t => {
    const { peer, storage, connect } = await start(t)
    await connect()
    demandNonce(peer, 'first')
    const client = clientOf(peer.url, { storage, dpop: true })
    await client.connect()
    const before = peer.received.length
    await client.listTools()
    assert.equal(peer.received.length, before + 1)
    demandNonce(peer, 'second')
    await client.listTools()
    assert.deepEqual(peer.received.slice(before + 1).map(request => proofOf(request).claims['nonce']), ['first', 'second'])
  })

  it('is repeated only once if the server never accepts the nonce (RFC 9449 section 9)', async t => {
    const { peer, connect } = await start(t)
    await connect()
    const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'again' }
    peer.on('POST /mcp', { status: 401, headers: challenge })
    const before = peer.to('POST /mcp').length
    await assertFails(connect(), { exitCode: 4 })
    assert.ok(peer.to('POST /mcp').length - before <= 6, `${peer.to('POST /mcp').length - before} requests`)
  })
})

describe('McpClient with dpop: the key', () => {
  it('is stored with the tokens and used by the next process', async t => {
    const { peer, connect, stored } = await start(t)
    await connect()
    const { dpop_key } = await stored()
    assert.ok(dpop_key?.['d'], 'it is the private key')
    // Bound tokens need their key, with or without the dpop option.
    await connect({ dpop: false })
    const { jwk } = proofOf(peer.to('POST /mcp').at(-1)!).header
    assert.deepEqual([jwk.x, jwk.y], [dpop_key['x'], dpop_key['y']])
    assert.equal(peer.to('POST /token').length, 1)
  })

  it('belongs to the current tokens, even if another process has replaced them', async t => {
    const { peer, storage } = await start(t)
    const client = clientOf(peer.url, { storage, dpop: true })
    await client.connect()
    const other = new DpopProver(undefined, () => 0).exportKey()
    await changeTokens(storage, peer.url, { access_token: 'of-another-process', dpop_key: other })
    await client.listTools()
    assert.equal(proofOf(peer.to('POST /mcp').at(-1)!).header['jwk'].x, other['x'])
  })

  it('signs the refresh and stays the same (RFC 9449 section 5)', async t => {
    const { peer, storage, connect, stored } = await start(t)
    await connect()
    const before = await stored()
    await clientOf(peer.url, { storage }).authorizer.tokens.renew()
    const [first, second] = peer.to('POST /token').map(proofOf)
    assert.deepEqual(second!.header, first!.header)
    const after = await stored()
    assert.notEqual(after.access_token, before.access_token)
    assert.deepEqual(after.dpop_key, before.dpop_key)
  })

  it('is stored if a refresh binds previously unbound tokens (RFC 9449 section 5)', async t => {
    const { peer, storage, connect, stored } = await start(t)
    await connect()
    await changeTokens(storage, peer.url, { token_type: 'Bearer', dpop_key: undefined })
    await clientOf(peer.url, { storage, dpop: true }).authorizer.tokens.renew()
    const { dpop_key, token_type } = await stored()
    assert.deepEqual([token_type, dpop_key?.['x']], ['DPoP', proofOf(peer.to('POST /token')[1]!).header['jwk'].x])
  })

  it('does not sign a revocation, where a proof has no meaning', async t => {
    const { peer, storage, connect } = await start(t)
    await connect()
    await clientOf(peer.url, { storage }).authorizer.tokens.revoke()
    assert.equal(peer.to('POST /revoke')[0]!.headers['dpop'], undefined)
  })

  it('is never in the trace', async t => {
    const { connect, stored } = await start(t)
    const { trace, ...recorded } = record()
    await connect({ trace })
    const text = JSON.stringify(recorded)
    const { dpop_key, access_token } = await stored()
    assert.equal([String(dpop_key!['d']), access_token].some(secret => text.includes(secret)), false)
  })
})
