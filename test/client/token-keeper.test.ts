import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { withExtensions } from '../../src/client/extensions/with-extensions.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { ClientStorage, StoredTokens } from '../../src/core/client/seams/storage.ts'
import { TokenKeeper } from '../../src/core/client/token-keeper.ts'
import { Trace } from '../../src/base/client/trace.ts'
import type { Members, TestContext } from '../harness.ts'
import { assertFails, formOf, json, record, startPeer, validTokens, type Answer, type Peer } from '../peer.ts'

const serverUrl = 'https://mcp.example.com/mcp'
const present = 1_000_000

interface Kept {
  readonly peer: Peer
  readonly storage: ClientStorage
  readonly keeper: TokenKeeper
  readonly notes: readonly string[]
  stored(): Promise<StoredTokens | undefined>
}

/** A keeper at the time `present` whose tokens come from a peer. */
async function keep(t: TestContext, changes: Members = {}, answer: Answer = json(validTokens({ access_token: 'new' }))): Promise<Kept> {
  const peer = await startPeer(t)
  peer.on('POST /token', answer)
  peer.on('POST /revoke', { status: 200 })
  const storage = new MemoryStorage()
  await storage.update(() => ({
    registrations: { [peer.url]: registration },
    servers: { [serverUrl]: { ...storedAt(peer), ...changes } },
  }))
  const { trace, notes } = record()
  const keeper = new TokenKeeper(withExtensions({ serverUrl, storage, trace, now: () => present }))
  return { peer, storage, keeper, notes, stored: () => keeper.find() }
}

const registration = { client_id: 'the-client', token_endpoint_auth_method: 'none', redirect_uri: 'http://127.0.0.1/callback' }

function storedAt({ url }: Peer): StoredTokens {
  return {
    issuer: url, registration, token_endpoint: `${url}/token`, revocation_endpoint: `${url}/revoke`, access_token: 'old', token_type: 'Bearer',
    refresh_token: 'the-refresh-token', requested_scopes: ['a', 'b'], scope: 'a', resource: 'https://MCP.example.com/mcp/', expires_at: present,
  }
}

/** Replaces the stored tokens, as another process would. */
async function replaceTokens({ storage }: Pick<Kept, 'storage'>, changes: Members): Promise<void> {
  await storage.update(state => ({ ...state, servers: { [serverUrl]: { ...state.servers[serverUrl]!, ...changes } } }))
}

describe('TokenKeeper.current()', () => {
  it('returns a token that lives longer than 30 seconds without a refresh', async t => {
    const { keeper, peer } = await keep(t, { expires_at: present + 31 })
    assert.equal((await keeper.current())?.access_token, 'old')
    assert.equal(peer.received.length, 0)
  })

  it('returns a token without an expiry without a refresh', async t => {
    const { keeper } = await keep(t, { expires_at: undefined })
    assert.equal((await keeper.current())?.access_token, 'old')
  })

  for (const left of [30, 1, 0, -3600]) {
    it(`refreshes a token ${left < 0 ? 'that expired an hour ago' : `that expires in ${left} s`}`, async t => {
      const { keeper } = await keep(t, { expires_at: present + left })
      assert.equal((await keeper.current())?.access_token, 'new')
    })
  }

  it('uses a token that cannot be refreshed until it expires', async t => {
    const { keeper } = await keep(t, { expires_at: present + 10, refresh_token: undefined })
    assert.equal((await keeper.current())?.access_token, 'old')
  })

  it('uses a token until it expires if the refresh is refused', async t => {
    const { keeper } = await keep(t, { expires_at: present + 10 }, json({ error: 'invalid_grant' }, 400))
    assert.equal((await keeper.current())?.access_token, 'old')
  })

  it('finds nothing if the token has expired and cannot be refreshed', async t => {
    const { keeper } = await keep(t, { refresh_token: undefined })
    assert.equal(await keeper.current(), undefined)
  })
})

describe('TokenKeeper.refresh()', () => {
  it('sends the refresh token, the resource unchanged, and no scope (OAuth 2.1 section 4.3.1)', async t => {
    const { keeper, peer, stored } = await keep(t)
    await keeper.refresh((await stored())!)
    assert.deepEqual(formOf(peer.received[0]!), {
      grant_type: 'refresh_token', refresh_token: 'the-refresh-token', resource: 'https://MCP.example.com/mcp/', client_id: 'the-client',
    })
  })

  it('sends no resource if the tokens were requested without one', async t => {
    const { keeper, peer } = await keep(t, { resource: undefined })
    await keeper.renew()
    assert.equal('resource' in formOf(peer.received[0]!), false)
  })

  it('stores the new tokens with their expiry, and keeps their origin', async t => {
    const { keeper, stored, peer } = await keep(t, {}, json(validTokens({ access_token: 'new', refresh_token: 'next', expires_in: 60, scope: 'b' })))
    await keeper.renew()
    assert.deepEqual(await stored(), { ...storedAt(peer), access_token: 'new', refresh_token: 'next', expires_at: present + 60, scope: 'b' })
  })

  it('keeps the refresh token and the scope if the response does not name them (RFC 6749 section 6)', async t => {
    const { keeper, stored } = await keep(t, {}, json(validTokens({ access_token: 'new', refresh_token: undefined })))
    await keeper.renew()
    const { refresh_token, scope } = (await stored())!
    assert.deepEqual({ refresh_token, scope }, { refresh_token: 'the-refresh-token', scope: 'a' })
  })

  it('sends no request if another process has refreshed the tokens', async t => {
    const kept = await keep(t)
    const known = (await kept.stored())!
    await replaceTokens(kept, { access_token: 'of another process' })
    assert.equal((await kept.keeper.refresh(known))?.access_token, 'of another process')
    assert.equal(kept.peer.received.length, 0)
  })

  it('sends one request for 20 concurrent callers', async t => {
    const { keeper, peer, stored } = await keep(t)
    const known = (await stored())!
    const renewed = await Promise.all(Array.from({ length: 20 }, () => keeper.refresh(known)))
    assert.deepEqual(new Set(renewed.map(tokens => tokens?.access_token)), new Set(['new']))
    assert.equal(peer.received.length, 1)
  })

  it('forgets tokens whose refresh token no longer works (RFC 6749 section 5.2)', async t => {
    const { keeper, storage, peer } = await keep(t, {}, json({ error: 'invalid_grant' }, 400))
    await assertFails(keeper.renew(), { exitCode: 3 })
    const { servers, registrations } = await storage.read()
    assert.deepEqual([Object.keys(servers), Object.keys(registrations)], [[], [peer.url]])
  })

  it('forgets tokens and registration if the server does not know the client (RFC 6749 section 5.2)', async t => {
    const { keeper, storage } = await keep(t, {}, json({ error: 'invalid_client' }, 401))
    await assertFails(keeper.renew(), { exitCode: 3 })
    assert.deepEqual(await storage.read(), { servers: {}, registrations: {} })
  })

  for (const [what, answer] of [
    ['another error', json({ error: 'temporarily_unavailable' }, 400)], ['a failure of the server', { status: 503 }],
  ] as const) {
    it(`keeps the tokens after ${what}`, async t => {
      const { keeper, stored } = await keep(t, {}, answer)
      await assertFails(keeper.renew(), { rule: 'tokens-are-granted', exitCode: 6 })
      assert.equal((await stored())?.access_token, 'old')
    })
  }

  it('keeps the tokens if the server cannot be reached, and says so', async t => {
    const { keeper, stored, peer } = await keep(t)
    await peer.close()
    await assertFails(keeper.renew(), { exitCode: 6 })
    assert.equal((await stored())?.access_token, 'old')
  })

  it('uses tokens that another process stored while the refresh was refused', async t => {
    const kept = await keep(t)
    kept.peer.on('POST /token', async () => {
      await replaceTokens(kept, { access_token: 'of another process' })
      return json({ error: 'invalid_grant' }, 400)
    })
    const known = (await kept.stored())!
    assert.equal((await kept.keeper.refresh(known))?.access_token, 'of another process')
    assert.equal((await kept.stored())?.access_token, 'of another process')
  })

  it('refreshes as the client that got the tokens, even after a newer registration', async t => {
    const { keeper, storage, peer, stored } = await keep(t)
    await storage.update(state => ({ ...state, registrations: { [peer.url]: { ...registration, client_id: 'a-later-client' } } }))
    await keeper.refresh((await stored())!)
    assert.equal(new URLSearchParams(peer.received[0]!.body).get('client_id'), 'the-client')
  })
})

describe('TokenKeeper with private_key_jwt', () => {
  it('signs assertions by the clock of the client', async t => {
    const { storage, peer } = await keep(t, { registration: { ...registration, token_endpoint_auth_method: 'private_key_jwt' } })
    await storage.update(state => ({ ...state, registrations: {} }))
    const { privateKey } = generateKeyPairSync('ed25519')
    const identity = { client_id: 'the-client', privateKey }
    await new TokenKeeper(withExtensions({ serverUrl, storage, trace: new Trace(), now: () => present, identity })).renew()
    const claims = String(formOf(peer.received[0]!)['client_assertion']).split('.')[1]!
    assert.equal(JSON.parse(Buffer.from(claims, 'base64url').toString()).iat, present)
  })
})

describe('TokenKeeper.renew()', () => {
  it('reports that there is nothing to refresh', async () => {
    const keeper = new TokenKeeper(withExtensions({ serverUrl, storage: new MemoryStorage(), trace: new Trace(), now: () => present }))
    const { remedy } = await assertFails(keeper.renew(), { exitCode: 3 })
    assert.equal(remedy, 'Run --authorize, or repeat the --grant that got the tokens.')
  })
})

describe('TokenKeeper.revoke()', () => {
  it('revokes the tokens of any client', async t => {
    const { storage, peer } = await keep(t)
    const keeper = new TokenKeeper(withExtensions({ serverUrl, storage, trace: new Trace(), now: () => present, identity: { client_id: 'another-client' } }))
    assert.equal(await keeper.find(), undefined)
    await keeper.revoke()
    assert.equal(peer.to('POST /revoke').length, 1)
    assert.deepEqual((await storage.read()).servers, {})
  })

  it('revokes the refresh token, and with it the whole grant, and forgets the tokens (RFC 7009 section 2.1)', async t => {
    const { keeper, peer, stored } = await keep(t)
    await keeper.revoke()
    assert.deepEqual(formOf(peer.to('POST /revoke')[0]!), { token: 'the-refresh-token', client_id: 'the-client' })
    assert.equal(await stored(), undefined)
  })

  it('authenticates as the client, by its latest registration (RFC 7009 section 2.1)', async t => {
    const { keeper, storage, peer } = await keep(t)
    const latest = { ...registration, client_secret: 's', token_endpoint_auth_method: 'client_secret_post' }
    await storage.update(state => ({ ...state, registrations: { [peer.url]: latest } }))
    await keeper.revoke()
    assert.deepEqual(formOf(peer.to('POST /revoke')[0]!), { token: 'the-refresh-token', client_id: 'the-client', client_secret: 's' })
  })

  it('revokes the access token if there is no refresh token', async t => {
    const { keeper, peer } = await keep(t, { refresh_token: undefined })
    await keeper.revoke()
    assert.equal(formOf(peer.received[0]!)['token'], 'old')
  })

  it('forgets the tokens if nothing can be revoked', async t => {
    const { keeper, peer, stored } = await keep(t, { revocation_endpoint: undefined })
    await keeper.revoke()
    assert.equal(await stored(), undefined)
    assert.equal(peer.received.length, 0)
  })

  it('forgets the tokens, and says what stays valid, if the server cannot be reached', async t => {
    const { keeper, peer, stored, notes } = await keep(t)
    await peer.close()
    await keeper.revoke()
    assert.equal(await stored(), undefined)
    assert.match(notes.join(' '), /stay valid until they expire/)
  })
})
