import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuthorizationServer } from '../../src/core/client/discovery.ts'
import { coversScopes, isUsable } from '../../src/core/client/registrar.ts'
import { registerClient } from '../../src/core/client/registration.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { ClientStorage, Registration } from '../../src/core/client/seams/storage.ts'
import { Trace } from '../../src/base/client/trace.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, assertFails, assertRefusal, assertUntrusted, clientOf, formOf, headlessRedirectUri, html, json, jsonOf,
  record, redirectTo, startHonestPeer, startPeer, validTokens, type Answer, type Peer,
} from '../peer.ts'

const redirect_uri = 'http://127.0.0.1:7777/callback'

function serverAt(peer: Peer, changes: Partial<AuthorizationServer> = {}): AuthorizationServer {
  return {
    issuer: peer.url, authorization_endpoint: `${peer.url}/authorize`, token_endpoint: `${peer.url}/token`,
    code_challenge_methods_supported: ['S256'], registration_endpoint: `${peer.url}/register`, revocation_endpoint: undefined, scopes_supported: [],
    grant_types_supported: undefined, token_endpoint_auth_methods_supported: ['none'],
    client_id_metadata_document_supported: false, authorization_response_iss_parameter_supported: true, ...changes,
  }
}

/** Registers at a peer that responds with `answer`. */
async function register(
  t: TestContext, answer: Answer | Members, changes: Partial<AuthorizationServer> = {},
): Promise<{ peer: Peer; sent: Members; registration: Registration }> {
  const peer = await startPeer(t)
  peer.on('POST /register', 'status' in answer ? answer : json({ client_id: 'the-client', ...answer }, 201))
  const registration = await registerClient(serverAt(peer, changes), redirect_uri, [], new Trace())
  return { peer, sent: jsonOf(peer.received[0]!), registration }
}

describe('registerClient(): the request', () => {
  it('names a native application with one redirect URI and no secret (RFC 7591 section 3.1)', async t => {
    const { sent, peer } = await register(t, {})
    assert.deepEqual(sent, {
      client_name: 'MCP authorization client', redirect_uris: [redirect_uri], grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'], token_endpoint_auth_method: 'none', application_type: 'native', software_id: 'mcp-authorization',
    })
    assert.equal(peer.received[0]?.headers['content-type'], 'application/json')
  })

  it('says native, because OpenID Connect assumes web by default (MCP 2026-07-28 basic/authorization/client-registration)', async t => {
    assert.equal((await register(t, {})).sent['application_type'], 'native')
  })

  const grants: readonly (readonly [string, readonly string[] | undefined, readonly string[]])[] = [
    ['both grant types if the server lists none', undefined, ['authorization_code', 'refresh_token']],
    ['both grant types if the server lists more', ['implicit', 'refresh_token', 'authorization_code'], ['authorization_code', 'refresh_token']],
    ['only the authorization code if the server does not support refresh', ['authorization_code'], ['authorization_code']],
  ]
  for (const [what, grant_types_supported, expected] of grants) {
    it(`requests ${what} (RFC 7591 section 2)`, async t => {
      assert.deepEqual((await register(t, {}, { grant_types_supported })).sent['grant_types'], expected)
    })
  }

  const methods: readonly (readonly [readonly string[], string])[] = [
    [['client_secret_basic', 'client_secret_post', 'none'], 'none'],
    [['client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
    [['client_secret_post'], 'client_secret_post'],
    [['private_key_jwt', 'client_secret_post'], 'client_secret_post'],
  ]
  for (const [supported, expected] of methods) {
    it(`requests ${expected} if the server supports ${supported.join(', ')} (RFC 8414 section 2)`, async t => {
      const answer = { client_secret: 'the-secret', client_secret_expires_at: 0 }
      const { sent } = await register(t, answer, { token_endpoint_auth_methods_supported: supported })
      assert.equal(sent['token_endpoint_auth_method'], expected)
    })
  }

  it('is not sent without a registration endpoint', async t => {
    const { message } = await assertUntrusted(register(t, {}, { registration_endpoint: undefined }), 'registration-is-possible')
    assert.match(message, /has no registration_endpoint/)
  })

  it('follows no redirect', async t => {
    await assertRefusal(register(t, redirectTo('/elsewhere')), 'registration-is-accepted', 'HTTP 302')
  })
})

describe('registerClient(): the response', () => {
  it('is stored with the redirect URI', async t => {
    const { registration } = await register(t, { token_endpoint_auth_method: 'none' })
    assert.deepEqual(registration, { client_id: 'the-client', token_endpoint_auth_method: 'none', redirect_uri })
  })

  it('may have status 200, which some servers send', async t => {
    assert.equal((await register(t, json({ client_id: 'the-client' }, 200))).registration.client_id, 'the-client')
  })

  const obeyed: readonly (readonly [string, Members, readonly string[], Members])[] = [
    ['the method that the server chose', { token_endpoint_auth_method: 'client_secret_post', client_secret: 's' }, ['none'],
      { token_endpoint_auth_method: 'client_secret_post', client_secret: 's' }],
    ['none, and drops the secret', { token_endpoint_auth_method: 'none', client_secret: 's' }, ['client_secret_basic'],
      { token_endpoint_auth_method: 'none' }],
    ['none, if the response has neither method nor secret', {}, ['client_secret_basic'], { token_endpoint_auth_method: 'none' }],
    ['the method in the metadata, if the response has a secret but no method', { client_secret: 's' }, ['none', 'client_secret_post'],
      { token_endpoint_auth_method: 'client_secret_post', client_secret: 's' }],
    ['Basic, if neither names a method for the secret', { client_secret: 's' }, ['none'],
      { token_endpoint_auth_method: 'client_secret_basic', client_secret: 's' }],
    ['the expiry of the secret', { token_endpoint_auth_method: 'client_secret_basic', client_secret: 's', client_secret_expires_at: 1800000000 },
      ['none'], { token_endpoint_auth_method: 'client_secret_basic', client_secret: 's', client_secret_expires_at: 1800000000 }],
    ['the limit of the scope', { scope: 'a b' }, ['none'], { token_endpoint_auth_method: 'none', scope: 'a b' }],
    ['null as absent', { client_secret: null, scope: null, registration_client_uri: null, registration_access_token: null }, ['none'],
      { token_endpoint_auth_method: 'none' }],
  ]
  for (const [what, answer, token_endpoint_auth_methods_supported, expected] of obeyed) {
    it(`obeys ${what} (RFC 7591 section 3.2.1)`, async t => {
      const { registration } = await register(t, answer, { token_endpoint_auth_methods_supported })
      assert.deepEqual(registration, { client_id: 'the-client', redirect_uri, ...expected })
    })
  }

  const incomplete: readonly (readonly [string, Members])[] = [
    ['without client_id', { client_id: undefined }], ['with an empty client_id', { client_id: '' }], ['with a number as client_id', { client_id: 7 }],
    ['without the secret for Basic', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['without the secret for post', { token_endpoint_auth_method: 'client_secret_post' }],
  ]
  for (const [what, answer] of incomplete) {
    it(`is refused ${what} (RFC 7591 section 3.2.1)`, async t => {
      await assertUntrusted(register(t, answer), 'registration-is-complete')
    })
  }

  it('is refused if it is a page', async t => {
    await assertUntrusted(register(t, html('<p>Created', 201)), 'document-is-json')
  })

  it('may keep the registration at an insecure place, which is judged when it is used (RFC 7592 section 3)', async t => {
    assert.equal((await register(t, { registration_client_uri: 'http://auth.example.com/r/1' })).registration.client_id, 'the-client')
  })

  it('may be an error, which the client reports unchanged (RFC 7591 section 3.2.2)', async t => {
    const answer = json({ error: 'invalid_redirect_uri', error_description: 'only https' }, 400)
    const { message } = await assertRefusal(register(t, answer), 'registration-is-accepted', 'invalid_redirect_uri')
    assert.equal(message, 'the authorization server refused the registration: invalid_redirect_uri: only https')
  })

  it('may be an error without a text, whose status the client reports', async t => {
    await assertRefusal(register(t, html('<h1>Forbidden', 403)), 'registration-is-accepted', 'HTTP 403')
  })

  for (const [what, answer] of [
    ['403 and a page', html('<h1>Forbidden', 403)], ['403 and an error', json({ error: 'forbidden' }, 403)],
    ['401', json({ error: 'invalid_token' }, 401)], ['access_denied', json({ error: 'access_denied' }, 400)],
  ] as const) {
    it(`may mean that registration is closed, with ${what}: then the client names the alternatives (RFC 7591 section 3)`, async t => {
      const { remedy } = await assertFails(register(t, answer), { rule: 'registration-is-accepted', exitCode: 4 })
      assert.match(remedy ?? '', /^The server may not allow registration.*--client-id.*--client-metadata-url/)
      assert.doesNotMatch(remedy ?? '', /redirect/)
    })
  }

  it('mentions redirect URIs if the server refuses the metadata', async t => {
    const { remedy } = await assertFails(register(t, json({ error: 'invalid_redirect_uri' }, 400)), { rule: 'registration-is-accepted', exitCode: 4 })
    assert.match(remedy ?? '', /redirect URI/)
  })
})

describe('isUsable()', () => {
  const registration: Registration = { client_id: 'a', token_endpoint_auth_method: 'none', redirect_uri }
  const cases: readonly (readonly [string, boolean, Partial<Registration>])[] = [
    ['a registration as it was made', true, {}],
    ['a secret that does not expire (RFC 7591 section 3.2.1)', true, { client_secret_expires_at: 0 }],
    ['a secret that expires later', true, { client_secret_expires_at: 1001 }],
    ['a secret that expires now', false, { client_secret_expires_at: 1000 }],
    ['a secret that has expired', false, { client_secret_expires_at: 999 }],
    ['another redirect URI', false, { redirect_uri: 'http://127.0.0.1:7778/callback' }],
  ]
  for (const [what, usable, changes] of cases) {
    it(`is ${usable} for ${what}`, () => assert.equal(isUsable({ ...registration, ...changes }, redirect_uri, 1000), usable))
  }
})

describe('coversScopes()', () => {
  const registration: Registration = { client_id: 'a', token_endpoint_auth_method: 'none', redirect_uri }
  const cases: readonly (readonly [string, boolean, Partial<Registration>, readonly string[]])[] = [
    ['a registration without a limit', true, {}, ['a', 'b']],
    ['a scope that is wide enough', true, { scope: 'b a c' }, ['a', 'b']],
    ['a scope that is too narrow', false, { scope: 'a' }, ['a', 'b']],
    ['a scope without offline_access, which no registration limits', true, { scope: 'a' }, ['a', 'offline_access']],
  ]
  for (const [what, covers, changes, scopes] of cases) {
    it(`is ${covers} for ${what}`, () => assert.equal(coversScopes({ ...registration, ...changes }.scope, scopes), covers))
  }
})

/** Stores a registration at the peer. */
async function registered(peer: Peer, changes: Partial<Registration> = {}): Promise<ClientStorage> {
  const storage = new MemoryStorage()
  const registration = { client_id: 'known', token_endpoint_auth_method: 'none', redirect_uri: headlessRedirectUri, ...changes }
  await storage.update(state => ({ ...state, registrations: { [peer.url]: registration } }))
  return storage
}

describe('the registration', () => {
  it('is stored and reused', async t => {
    const peer = await startHonestPeer(t)
    const storage = new MemoryStorage()
    await clientOf(peer.url, { storage }).authorizer.authorize()
    await clientOf(peer.url, { storage }).authorizer.authorize()
    assert.equal(peer.to('POST /register').length, 1)
  })

  it('is never shown to another authorization server (MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding)', async t => {
    const [mcp, first, second] = [await startPeer(t), await startPeer(t), await startPeer(t)]
    for (const peer of [first, second]) addAuthorizationServer(peer)
    const storage = new MemoryStorage()
    addMcpServer(mcp, first.url)
    await clientOf(mcp.url, { storage }).authorizer.authorize()
    addMcpServer(mcp, second.url)
    await clientOf(mcp.url, { storage }).authorizer.authorize()
    const ids = [first, second].map(peer => formOf(peer.to('POST /token')[0]!)['client_id'])
    assert.match(ids[0], new RegExp(`^client-${new URL(first.url).port}-`))
    assert.match(ids[1], new RegExp(`^client-${new URL(second.url).port}-`))
  })

  it('is reused if its scope is wide enough', async t => {
    const peer = await startHonestPeer(t, { challenge: 'scope="a b"' })
    await clientOf(peer.url, { storage: await registered(peer, { scope: 'b a' }) }).authorizer.authorize()
    assert.equal(peer.to('POST /register').length, 0)
    assert.equal(peer.to('GET /authorize')[0]?.query.get('client_id'), 'known')
  })

  const unusable: readonly (readonly [string, Partial<Registration>])[] = [
    ['its secret has expired (RFC 7591 section 3.2.1)', { client_secret: 's', client_secret_expires_at: 1 }],
    ['its scope is too narrow', { scope: 'a' }],
  ]
  for (const [what, changes] of unusable) {
    it(`is replaced if ${what}`, async t => {
      const peer = await startHonestPeer(t, { challenge: 'scope="a b"' })
      const storage = await registered(peer, changes)
      await clientOf(peer.url, { storage }).authorizer.authorize()
      assert.equal(peer.to('POST /register').length, 1)
      assert.notEqual((await storage.read()).registrations[peer.url]?.client_id, 'known')
    })
  }

  it('is replaced once if the token endpoint does not know the client (RFC 6749 section 5.2)', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /token', received => formOf(received)['client_id'] === 'known' ? json({ error: 'invalid_client' }, 401) : json(validTokens()))
    await clientOf(peer.url, { storage: await registered(peer) }).authorizer.authorize()
    assert.equal(peer.to('POST /register').length, 1)
  })

  it('is replaced once if the authorization endpoint refuses it without a page', async t => {
    const peer = await startHonestPeer(t)
    peer.on('GET /authorize', ({ query }) => query.get('client_id') === 'known'
      ? json({ error: 'invalid_client' }, 401)
      : redirectTo(`${headlessRedirectUri}?${new URLSearchParams({ code: 'c', state: query.get('state')!, iss: peer.url })}`))
    peer.on('POST /token', json(validTokens()))
    await clientOf(peer.url, { storage: await registered(peer) }).authorizer.authorize()
    assert.equal(peer.to('POST /register').length, 1)
  })

  it('is not replaced forever', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /token', json({ error: 'invalid_client' }, 401))
    const storage = await registered(peer)
    await assertRefusal(clientOf(peer.url, { storage }).authorizer.authorize(), 'tokens-are-granted', 'invalid_client')
    assert.equal(peer.to('POST /register').length, 1)
  })

  it('is kept if the token endpoint refuses for another reason', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /token', json({ error: 'invalid_grant' }, 400))
    const storage = await registered(peer)
    await assertRefusal(clientOf(peer.url, { storage }).authorizer.authorize(), 'tokens-are-granted', 'invalid_grant')
    assert.equal((await storage.read()).registrations[peer.url]?.client_id, 'known')
  })
})

describe('a registration that was too narrow', () => {
  it('is replaced by one that names the required scopes (RFC 7591 section 2)', async t => {
    const peer = await startHonestPeer(t, { resource: { scopes_supported: ['a', 'b'] } })
    const storage = await registered(peer, { scope: 'a' })
    await clientOf(peer.url, { storage }).authorizer.authorize()
    assert.equal(jsonOf(peer.to('POST /register')[0]!)['scope'], 'a b')
  })
})

describe('a registration that can be read (RFC 7592 section 2.1)', () => {
  const managed = (peer: Peer): Partial<Registration> => ({
    registration_client_uri: `${peer.url}/register/known`, registration_access_token: 'the-registration-token',
  })

  it('is confirmed before the client asks the user', async t => {
    const peer = await startHonestPeer(t)
    peer.on('GET /register/known', json({ client_id: 'known' }))
    await clientOf(peer.url, { storage: await registered(peer, managed(peer)) }).authorizer.authorize()
    const targets = peer.targets()
    assert.ok(targets.indexOf('GET /register/known') < targets.indexOf('GET /authorize'))
    assert.equal(peer.to('GET /register/known')[0]?.headers.authorization, 'Bearer the-registration-token')
    assert.equal(peer.to('POST /register').length, 0)
  })

  for (const status of [401, 404]) {
    it(`is replaced if the server answers ${status}`, async t => {
      const peer = await startHonestPeer(t)
      peer.on('GET /register/known', { status })
      await clientOf(peer.url, { storage: await registered(peer, managed(peer)) }).authorizer.authorize()
      assert.equal(peer.to('POST /register').length, 1)
    })
  }

  it('is noted as unknown there when it is replaced', async t => {
    const peer = await startHonestPeer(t)
    peer.on('GET /register/known', { status: 401 })
    const { trace, notes } = record()
    await clientOf(peer.url, { trace, storage: await registered(peer, managed(peer)) }).authorizer.authorize()
    assert.ok(notes.includes('the earlier registration, known, is no longer known there'), notes.join('\n'))
  })

  it('is kept if the server cannot answer', async t => {
    const peer = await startHonestPeer(t)
    peer.on('GET /register/known', html('<h1>Busy', 503))
    await clientOf(peer.url, { storage: await registered(peer, managed(peer)) }).authorizer.authorize()
    assert.equal(peer.to('POST /register').length, 0)
  })

  it('takes over a new secret and a new access token from the response', async t => {
    const peer = await startHonestPeer(t)
    peer.on('GET /register/known', json({ client_id: 'known', client_secret: 'second', registration_access_token: 'second-token' }))
    const changes = { ...managed(peer), token_endpoint_auth_method: 'client_secret_post', client_secret: 'first' }
    const storage = await registered(peer, changes)
    await clientOf(peer.url, { storage }).authorizer.authorize()
    assert.equal(formOf(peer.to('POST /token')[0]!)['client_secret'], 'second')
    assert.equal((await storage.read()).registrations[peer.url]?.registration_access_token, 'second-token')
  })
})

describe('A client that was registered beforehand', () => {
  it('is only shown to its own authorization server (MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding)', async t => {
    const own = await startHonestPeer(t)
    const other = await startHonestPeer(t)
    const options = { storage: new MemoryStorage(), identity: { client_id: 'known', client_secret: 'the-secret' } }
    await clientOf(own.url, options).authorizer.authorize()
    await assertUntrusted(clientOf(other.url, options).authorizer.authorize(), 'credentials-belong-to-issuer')
    assert.equal(JSON.stringify(other.received).includes('the-secret'), false)
  })
})
