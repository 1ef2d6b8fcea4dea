import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryStore } from '../../src/base/store/memory.ts'
import type { AuthorizationCode, Client, Consent, Grant } from '../../src/base/store/records.ts'

const day = 86_400

function create() {
  const clock = { now: 1_000_000 }
  const store = new MemoryStore({
    now: () => clock.now, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 30 * day,
  })
  return { clock, store }
}

function client(client_id: string): Client {
  return {
    client_id, client_id_issued_at: 0, registration_access_token_hash: '',
    metadata: { redirect_uris: [], grant_types: [], response_types: [] },
  }
}

function grant(grant_id: string): Grant {
  return { grant_id, client_id: 'client', sub: 'joe', scope: '', resource: '', created_at: 0, expires_at: 1_000_000 + 30 * day }
}

function code(code_hash: string): AuthorizationCode {
  return {
    code_hash, client_id: 'client', redirect_uri: '', code_challenge: '', scope: '', resource: '', sub: 'joe', grant_id: code_hash,
    expires_at: 1_000_600,
  }
}

function consent(client_id: string): Consent {
  return { sub: 'joe', client_id, client_name: '', redirect_host: 'host', scope: '', given_at: 0 }
}

/** Starts a grant with one refresh token, both with the id `id`. */
async function begin(store: MemoryStore, id: string): Promise<void> {
  await store.addAuthorizationCode(code(id))
  const token = { handle_hash: id, grant_id: id, client_id: 'client', expires_at: 1_000_000 + 30 * day, generation: 0 }
  assert.equal(await store.useAuthorizationCode(id, grant(id), token), true)
}

describe('MemoryStore', () => {
  it('never evicts a used proof that could be replayed, however many there are (RFC 9449 section 11.1)', async () => {
    const { clock, store } = create()
    const use = 'proof of a token request'
    assert.equal(await store.useOnce(use, 'mine', 'client'), 'first')
    for (let i = 1; i < 200_000; i++) await store.useOnce(use, `u${i}`, 'client')
    assert.equal(await store.useOnce(use, 'one more', 'client'), 'full')
    assert.equal(await store.useOnce(use, 'mine', 'client'), 'repeated')
    assert.equal(await store.useOnce('proof of a resource request', 'another', 'client'), 'first')
    assert.equal(await store.useOnce('assertion', 'another', 'client'), 'first')
    clock.now += 130
    assert.equal(await store.useOnce(use, 'one more', 'client'), 'first')
  })

  it('accepts 2,000 assertions of one client, without affecting other clients', async () => {
    const { clock, store } = create()
    for (let i = 0; i < 2_000; i++) assert.equal(await store.useOnce('assertion', `a${i}`, 'client'), 'first')
    assert.equal(await store.useOnce('assertion', 'one more', 'client'), 'full')
    assert.equal(await store.useOnce('assertion', 'a0', 'client'), 'repeated')
    assert.equal(await store.useOnce('assertion', 'theirs', 'other'), 'first')
    clock.now += 720
    assert.equal(await store.useOnce('assertion', 'one more', 'client'), 'first')
  })

  it('counts different kinds of use separately', async () => {
    const { store } = create()
    assert.equal(await store.useOnce('assertion', 'same', 'client'), 'first')
    assert.equal(await store.useOnce('proof of a token request', 'same', 'client'), 'first')
    assert.equal(await store.useOnce('assertion', 'same', 'client'), 'repeated')
  })

  it('binds the grant to the key of a rotation (RFC 9449 section 5)', async () => {
    const { store } = create()
    await begin(store, 't0')
    assert.deepEqual(await store.rotateRefreshToken('t0', 0, 30, 'key'), { outcome: 'rotated', generation: 1 })
    assert.equal((await store.findGrant('t0'))?.jkt, 'key')
    assert.deepEqual(await store.rotateRefreshToken('t0', 1, 30, 'another'), { outcome: 'bound to another key' })
    assert.deepEqual(await store.rotateRefreshToken('t0', 1, 30, 'key'), { outcome: 'rotated', generation: 2 })
  })

  it('returns a cached document until it expires', async () => {
    const { clock, store } = create()
    const document = { contentType: 'application/json', lifetime: 60, body: '{}', fetched_at: clock.now }
    await store.cacheDocument('url', document, clock.now + 60)
    clock.now += 59
    assert.deepEqual(await store.findDocument('url'), document)
    clock.now += 1
    assert.equal(await store.findDocument('url'), undefined)
  })

  it('evicts the oldest client that never got a token when there are too many', async () => {
    const { store } = create()
    for (let i = 0; i <= 20_000; i++) await store.addClient(client(`c${i}`))
    assert.equal(await store.findClient('c0'), undefined)
    assert.ok(await store.findClient('c1'))
    assert.equal((await store.counts())['clients'], 20_000)
  })

  it('evicts no client that got a token, even in a flood of registrations', async () => {
    const { store } = create()
    await store.addClient(client('used'))
    await store.keepClient('used', true)
    for (let i = 0; i <= 20_000; i++) await store.addClient(client(`c${i}`))
    assert.ok(await store.findClient('used'))
  })

  it('keeps a client for 90 days after its last token', async () => {
    const { clock, store } = create()
    await store.addClient(client('used'))
    await store.keepClient('used', true)
    clock.now += 80 * day
    await store.keepClient('used', true)
    clock.now += 80 * day
    assert.ok(await store.findClient('used'))
    clock.now += 10 * day
    assert.equal(await store.findClient('used'), undefined)
  })

  it('adds no client when it keeps an unknown one', async () => {
    const { store } = create()
    await store.keepClient('unknown', true)
    assert.equal(await store.findClient('unknown'), undefined)
  })

  it('still refuses a token whose revocation was evicted', async () => {
    const { clock, store } = create()
    const token = { jti: 'revoked', grant_id: 'g', client_id: 'c', iat: clock.now }
    await store.revokeAccessToken('revoked')
    clock.now += 1
    for (let i = 0; i < 100_000; i++) await store.revokeAccessToken(`r${i}`)
    assert.equal(await store.isRevoked(token), true)
    assert.equal(await store.isRevoked({ ...token, jti: 'newer', iat: clock.now + 1 }), false)
  })

  it('remembers a revocation until the token has expired', async () => {
    const { clock, store } = create()
    const token = { jti: 'revoked', grant_id: 'g', client_id: 'c', iat: clock.now }
    await store.revokeAccessToken('revoked')
    clock.now += 3600 + 30
    assert.equal(await store.isRevoked(token), true)
  })

  it('forgets the tokens of an evicted grant', async () => {
    const { store } = create()
    for (let i = 0; i <= 100_000; i++) {
      const id = `g${i}`
      await store.addAuthorizationCode(code(id))
      await store.useAuthorizationCode(id, grant(id), { handle_hash: id, grant_id: id, client_id: 'client', expires_at: 2_000_000, generation: 0 })
    }
    assert.equal(await store.findRefreshToken('g0'), undefined)
    assert.ok(await store.findRefreshToken('g1'))
    assert.equal((await store.counts())['refresh_tokens'], 100_000)
  })

  it('recognizes every earlier generation of a refresh token as used, with one record', async () => {
    for (const generation of [0, 50, 98]) {
      const { clock, store } = create()
      await begin(store, 't')
      for (let i = 0; i < 100; i++) {
        assert.deepEqual(await store.rotateRefreshToken('t', i, 30), { outcome: 'rotated', generation: i + 1 })
        clock.now += 2
      }
      assert.equal((await store.counts())['refresh_tokens'], 1)
      assert.deepEqual(await store.rotateRefreshToken('t', generation, 30), { outcome: 'reused' })
      assert.equal(await store.findGrant('t'), undefined)
    }
  })

  it('accepts no generation that was never issued', async () => {
    const { store } = create()
    await begin(store, 't')
    assert.deepEqual(await store.rotateRefreshToken('t', 1, 30), { outcome: 'reused' })
  })

  it('rotates a refresh token at most 60 times a minute', async () => {
    const { clock, store } = create()
    await begin(store, 't')
    for (let i = 0; i < 60; i++) await store.rotateRefreshToken('t', i, 30)
    clock.now += 20
    assert.deepEqual(await store.rotateRefreshToken('t', 60, 30), { outcome: 'too often', retry_after: 40 })
    clock.now += 40
    assert.deepEqual(await store.rotateRefreshToken('t', 60, 30), { outcome: 'rotated', generation: 61 })
  })

  it('accepts a code once, and revokes its grant at the second use', async () => {
    const { store } = create()
    await begin(store, 'g')
    assert.equal(await store.useAuthorizationCode('g', grant('g'), undefined), false)
    assert.equal(await store.findGrant('g'), undefined)
    assert.equal(await store.isRevoked({ jti: 'j', grant_id: 'g', client_id: 'c', iat: 1_000_000 }), true)
  })

  it('returns an expired code for a while, to tell it from an unknown one', async () => {
    const { clock, store } = create()
    await store.addAuthorizationCode(code('c'))
    clock.now += 601
    assert.ok(await store.findAuthorizationCode('c'))
    clock.now += 600
    assert.equal(await store.findAuthorizationCode('c'), undefined)
  })

  it('remembers the latest hundred decisions of a user', async () => {
    const { store } = create()
    for (let i = 0; i <= 100; i++) await store.rememberConsent(consent(`c${i}`))
    assert.equal(await store.findConsent('joe', 'c0', 'host'), undefined)
    assert.ok(await store.findConsent('joe', 'c1', 'host'))
  })

  it('evicts the oldest browser session when there are too many', async () => {
    const { store } = create()
    for (let i = 0; i <= 20_000; i++) await store.addBrowserSession(`s${i}`, { sub: 'joe', signed_in_at: 0 })
    assert.equal(await store.findBrowserSession('s0'), undefined)
    assert.ok(await store.findBrowserSession('s1'))
  })

  it('counts attempts for 15 minutes from the first one', async () => {
    const { clock, store } = create()
    assert.deepEqual(await store.countAttempt('name', 'k'), { count: 1, ends_at: 1_000_900 })
    clock.now += 899
    assert.deepEqual(await store.countAttempt('name', 'k'), { count: 2, ends_at: 1_000_900 })
    clock.now += 1
    assert.deepEqual(await store.countAttempt('name', 'k'), { count: 1, ends_at: 1_001_800 })
  })

  it('keeps counting the attempts of an address, however many names there are', async () => {
    const { store } = create()
    await store.countAttempt('address', 'k')
    for (let i = 0; i <= 50_000; i++) await store.countAttempt('name', `n${i}`)
    assert.equal((await store.countAttempt('address', 'k')).count, 2)
  })

  it('withdraws everything that one user allowed one client', async () => {
    const { store } = create()
    await begin(store, 'g')
    await store.rememberConsent(consent('client'))
    await store.rememberConsent(consent('other'))
    await store.withdrawConsent('joe', 'client')
    const left = [await store.findGrant('g'), await store.findAuthorizationCode('g'), await store.findRefreshToken('g')]
    assert.deepEqual(left, [undefined, undefined, undefined])
    assert.deepEqual((await store.listConsents('joe')).map(({ client_id }) => client_id), ['other'])
  })
})
