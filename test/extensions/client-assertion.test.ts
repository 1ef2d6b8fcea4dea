import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DocumentError } from '../../src/base/http/document-error.ts'
import type { FetchDocument } from '../../src/base/http/fetch-document.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import { startDocumentServer } from '../document-server.ts'
import {
  assertRefused, authorize, basic, bearer, exchange, get, postForm, readJson, refresh, register, requestRegistration, requestToken, startServer,
  type Members, type TestContext, type TestServer,
} from '../harness.ts'
import { createAssertion, createKeyPair, type Algorithm, type KeyPair } from '../key-pair.ts'

const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const jwks_uri = 'https://app.example.com/jwks.json'

/** Metadata of a client that authenticates with the keys. */
function keyMetadata(...keys: readonly Members[]): Members {
  return {
    token_endpoint_auth_method: 'private_key_jwt', jwks: { keys }, grant_types: ['client_credentials'], redirect_uris: undefined,
  }
}

async function start(t: TestContext, key: KeyPair = createKeyPair(), env: Record<string, string> = {}) {
  const server = await startServer(t, env)
  const client = await register(server, keyMetadata(key.jwk))
  const issuer = server.config.issuer
  return { server, key, client_id: client['client_id'] as string, issuer }
}

/** A token request with the assertion; `changes` replace or, when undefined, remove parameters. */
function requestWith(
  server: TestServer, client_assertion: string, changes: Members = {}, headers: Record<string, string> = {},
): Promise<Response> {
  return requestToken(server, { grant_type: 'client_credentials', client_assertion_type, client_assertion, ...changes }, headers)
}

/** With DEBUG the wire names the rule that a client is otherwise not told. */
const debug = { DEBUG: 'true' }

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

  it('may name one audience in a list (RFC 7519 section 4.1.3)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, { aud: [issuer] }))).status, 200)
  })

  it('may send its client_id beside the assertion (RFC 7521 section 4.2)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer), { client_id })).status, 200)
  })

  it('is held to it when it exchanges a code and refreshes (RFC 7591 section 2)', async t => {
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
    'whose iss and sub are no text': { changes: { iss: 1, sub: 1 }, rule: 'client-assertion-names-client' },
    'for another audience (RFC 7523 section 3)': { changes: { aud: 'https://other.example.com' }, rule: 'client-assertion-is-for-us' },
    'for another audience as well': { changes: { aud: ['ISSUER', 'https://other.example.com'] }, rule: 'client-assertion-is-for-us' },
    'for the audience with a slash': { changes: { aud: 'ISSUER/' }, rule: 'client-assertion-is-for-us' },
    'without aud (RFC 7523 section 3)': { changes: { aud: undefined }, rule: 'client-assertion-is-for-us' },
    'with an empty list of audiences': { changes: { aud: [] }, rule: 'client-assertion-is-for-us' },
    'without exp (RFC 7523 section 3)': { changes: { exp: undefined }, rule: 'client-assertion-is-fresh' },
    'whose exp has passed (RFC 7523 section 3)': { changes: { exp: 'NOW-31' }, rule: 'client-assertion-is-fresh' },
    'whose exp is unreasonably far (RFC 7523 section 3)': { changes: { exp: 'NOW+700' }, rule: 'client-assertion-is-fresh' },
    'whose exp is no number': { changes: { exp: '2030-01-01' }, rule: 'client-assertion-is-fresh' },
    'whose nbf lies ahead (RFC 7523 section 3)': { changes: { nbf: 'NOW+60' }, rule: 'client-assertion-is-fresh' },
    'whose iat lies ahead (RFC 7523 section 3)': { changes: { iat: 'NOW+60' }, rule: 'client-assertion-is-fresh' },
    'whose nbf is no number': { changes: { nbf: null }, rule: 'client-assertion-is-fresh' },
    'without jti (OpenID Connect Core 1.0 section 9)': { changes: { jti: undefined }, rule: 'client-assertion-is-unused' },
    'whose jti is no text': { changes: { jti: { a: 1 } }, rule: 'client-assertion-is-unused' },
    'whose jti is empty': { changes: { jti: '' }, rule: 'client-assertion-is-unused' },
    'whose jti has 40 kB': { changes: { jti: 'x'.repeat(40_000) }, rule: 'client-assertion-is-a-jwt' },
    'that is not signed (RFC 7523 section 3)': { header: { alg: 'none' }, rule: 'client-assertion-signature-verifies' },
    'by another algorithm than that of the key (RFC 8725 section 3.1)': {
      header: { alg: 'RS256' }, rule: 'client-assertion-signature-verifies',
    },
    'with critical header parameters (RFC 7515 section 4.1.11)': {
      header: { crit: ['a'], a: 1 }, rule: 'client-assertion-signature-verifies',
    },
    'by a key that the client does not have': { header: { kid: 'other' }, rule: 'client-assertion-signature-verifies' },
  }
  for (const [what, { changes = {}, header = {}, rule }] of Object.entries(refused)) {
    it(`is refused ${what}`, async t => {
      const key = createKeyPair()
      const server = await startServer(t, debug)
      const { client_id } = await register(server, keyMetadata({ ...key.jwk, kid: 'mine' }))
      const assertion = createAssertion(key, client_id, server.config.issuer, filled(changes, server), header)
      const large = rule === 'client-assertion-is-a-jwt'
      await assertRefused(await requestWith(server, assertion), rule, 'invalid_client', 401)
      if (!large) assert.equal((await requestWith(server, createAssertion(key, client_id, server.config.issuer))).status, 200)
    })
  }

  it('is refused when its signature is that of somebody else (RFC 7523 section 3)', async t => {
    const { server, client_id, issuer } = await start(t, undefined, debug)
    const response = await requestWith(server, createAssertion(createKeyPair(), client_id, issuer))
    await assertRefused(response, 'client-assertion-signature-verifies', 'invalid_client', 401)
  })

  it('is refused when it carries the key that it is signed with', async t => {
    const { server, client_id, issuer } = await start(t, undefined, debug)
    const thief = createKeyPair()
    const response = await requestWith(server, createAssertion(thief, client_id, issuer, {}, { jwk: thief.jwk }))
    await assertRefused(response, 'client-assertion-signature-verifies', 'invalid_client', 401)
  })

  it('is refused beside the client_id of another client (RFC 7521 section 4.2)', async t => {
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

  it('works once for as long as it could be used', async t => {
    const { server, key, client_id, issuer } = await start(t, undefined, debug)
    const assertion = createAssertion(key, client_id, issuer, { exp: Math.floor(Date.now() / 1000) + 600 })
    assert.equal((await requestWith(server, assertion)).status, 200)
    server.advance(625)
    await assertRefused(await requestWith(server, assertion), 'client-assertion-is-unused', 'invalid_client', 401)
    server.advance(120)
    await assertRefused(await requestWith(server, assertion), 'client-assertion-is-fresh', 'invalid_client', 401)
  })

  it('has a jti that another client may use as well', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const other = await register(server, keyMetadata(key.jwk))
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, { jti: 'same' }))).status, 200)
    assert.equal((await requestWith(server, createAssertion(key, other['client_id'], issuer, { jti: 'same' }))).status, 200)
  })

  it('that fails does not use up its jti', async t => {
    const { server, key, client_id, issuer } = await start(t)
    assert.equal((await requestWith(server, createAssertion(createKeyPair(), client_id, issuer, { jti: 'same' }))).status, 401)
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, { jti: 'same' }))).status, 200)
  })

  it('is put off, not passed, while there is no room to remember it', async t => {
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
    it(`is refused with the type ${type} (RFC 7523 section 2.2)`, async t => {
      const { server, key, client_id, issuer } = await start(t)
      const response = await requestWith(server, createAssertion(key, client_id, issuer), { client_assertion_type: type })
      await assertRefused(response, 'client-assertion-type-is-jwt', 'invalid_client', 401)
    })
  }

  for (const text of ['x', 'a.b.c', '..', 'e30.e30']) {
    it(`is refused as ${text}, which is no JWT (RFC 7523 section 3)`, async t => {
      const { server } = await start(t)
      await assertRefused(await requestWith(server, text), 'client-assertion-is-a-jwt', 'invalid_client', 401)
    })
  }

  it('is refused beside a client_secret (RFC 6749 section 2.3)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const response = await requestWith(server, createAssertion(key, client_id, issuer), { client_secret: 'x' })
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  it('is refused beside Basic (RFC 6749 section 2.3)', async t => {
    const { server, key, client_id, issuer } = await start(t)
    const response = await requestWith(server, createAssertion(key, client_id, issuer), {}, basic(client_id, 'x'))
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  it('is refused from a client that registered another method (RFC 7591 section 2)', async t => {
    const server = await startServer(t, debug)
    const key = createKeyPair()
    for (const token_endpoint_auth_method of ['none', 'client_secret_basic', undefined]) {
      const { client_id } = await register(server, { token_endpoint_auth_method, jwks: { keys: [key.jwk] } })
      const response = await requestWith(server, createAssertion(key, client_id, server.config.issuer), { grant_type: 'refresh_token' })
      await assertRefused(response, 'authentication-method-is-registered', 'invalid_client', 401)
    }
  })

  it('of an unknown client, and a wrong one, are answered alike', async t => {
    const { server, client_id, issuer } = await start(t)
    const bodies = await Promise.all(['unknown', client_id].map(async id => {
      const response = await requestWith(server, createAssertion(createKeyPair(), id, issuer))
      return [response.status, await response.text()]
    }))
    assert.deepEqual(bodies[0], bodies[1])
  })
})

describe('The keys at jwks_uri', () => {
  const referringMetadata = { ...keyMetadata(), jwks: undefined, jwks_uri }

  /** A server with a client whose keys are at `jwks_uri`, where `fetchDocument` answers. */
  async function startWith(t: TestContext, fetchDocument: FetchDocument) {
    const server = await startServer(t, debug, { fetchDocument })
    const { client_id } = await register(server, referringMetadata)
    return { server, client_id: client_id as string, issuer: server.config.issuer }
  }

  const answer = (body: unknown, contentType = 'application/json') => (
    async () => ({ contentType, lifetime: undefined, body: typeof body === 'string' ? body : JSON.stringify(body) }))

  it('are fetched, and kept for a while', async t => {
    const key = createKeyPair()
    const urls: string[] = []
    const { server, client_id, issuer } = await startWith(t, async url => {
      urls.push(url)
      return answer({ keys: [key.jwk] }, 'application/jwk-set+json')()
    })
    for (let i = 0; i < 2; i++) assert.equal((await requestWith(server, createAssertion(key, client_id, issuer))).status, 200)
    assert.deepEqual(urls, [jwks_uri])
  })

  it('may be changed by the client', async t => {
    let key = createKeyPair()
    const { server, client_id, issuer } = await startWith(t, () => answer({ keys: [key.jwk] })())
    const old = key
    assert.equal((await requestWith(server, createAssertion(old, client_id, issuer))).status, 200)
    key = createKeyPair()
    server.advance(301)
    const later = { exp: Math.floor(Date.now() / 1000) + 400 }
    assert.equal((await requestWith(server, createAssertion(old, client_id, issuer, later))).status, 401)
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, later))).status, 200)
  })

  it('are fetched again for a kid that is new, once a minute at the most (OpenID Connect Core 1.0 section 10.1.1)', async t => {
    let key = { ...createKeyPair(), kid: 'old' }
    let fetched = 0
    const { server, client_id, issuer } = await startWith(t, () => {
      fetched++
      return answer({ keys: [{ ...key.jwk, kid: key.kid }] })()
    })
    const exp = Math.floor(Date.now() / 1000) + 300
    const send = () => requestWith(server, createAssertion(key, client_id, issuer, { exp }, { kid: key.kid }))
    assert.equal((await send()).status, 200)
    key = { ...createKeyPair(), kid: 'new' }
    assert.equal((await send()).status, 401)
    assert.equal(fetched, 1)
    server.advance(61)
    assert.equal((await send()).status, 200)
    assert.equal((await send()).status, 200)
    assert.equal(fetched, 2)
  })

  const bad: Record<string, FetchDocument> = {
    'that are no JSON': answer('keys'),
    'that are HTML': answer({ keys: [] }, 'text/html'),
    'that are no key set (RFC 7517 section 5)': answer({ key: [] }),
    'that are no list': answer({ keys: {} }),
    'that are not there': async () => { throw new DocumentError('it answered 404', { temporary: false }) },
  }
  for (const [what, fetchDocument] of Object.entries(bad)) {
    it(`verify nothing ${what}`, async t => {
      const { server, client_id, issuer } = await startWith(t, fetchDocument)
      const response = await requestWith(server, createAssertion(createKeyPair(), client_id, issuer))
      await assertRefused(response, 'client-keys-are-available', 'invalid_client', 401)
    })
  }

  it('that cannot be read for now are no fault of the client', async t => {
    const fetchDocument = async (): Promise<never> => { throw new DocumentError('it did not answer', { temporary: true }) }
    const { server, client_id, issuer } = await startWith(t, fetchDocument)
    const response = await requestWith(server, createAssertion(createKeyPair(), client_id, issuer))
    await assertRefused(response, 'document-is-reachable', 'temporarily_unavailable', 503)
  })

  it('are passed over where they are no keys', async t => {
    const key = createKeyPair()
    const keys = [null, 1, {}, { kty: 'constructor' }, { kty: 'oct', k: 'AA' }, key.jwk]
    const { server, client_id, issuer } = await startWith(t, answer({ keys }))
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer))).status, 200)
  })

  it('never verify by a symmetric key (RFC 8725 section 2.1)', async t => {
    const key = createKeyPair()
    const { server, client_id, issuer } = await startWith(t, answer({ keys: [{ kty: 'oct', k: 'AA', alg: 'HS256' }] }))
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, {}, { alg: 'HS256' }))).status, 401)
  })

  it('are fetched under the same guard: nothing on this machine is asked', async t => {
    const documents = await startDocumentServer(t)
    const server = await startServer(t, debug)
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const { client_id } = await register(server, { ...referringMetadata, jwks_uri: `https://${host}:${documents.port}/jwks` })
      const response = await requestWith(server, createAssertion(createKeyPair(), client_id, server.config.issuer))
      await assertRefused(response, 'client-keys-are-available', 'invalid_client', 401)
    }
    assert.deepEqual(documents.requests, [])
  })

  it('may be on this machine with the development switch', async t => {
    const documents = await startDocumentServer(t)
    const server = await startServer(t, { OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: 'true' })
    const key = createKeyPair()
    const { client_id } = await register(server, { ...referringMetadata, jwks_uri: documents.put('/jwks', { keys: [key.jwk] }) })
    assert.equal((await requestWith(server, createAssertion(key, client_id, server.config.issuer))).status, 200)
  })
})

describe('POST /oauth/register with keys', () => {
  const { jwk } = createKeyPair()
  const method = { token_endpoint_auth_method: 'private_key_jwt' }
  const keys = { keys: [jwk] }
  const refused: Record<string, { metadata: Members; rule: string }> = {
    'none (RFC 7591 section 2)': { metadata: method, rule: 'client-keys-are-sent' },
    'by value and by reference (RFC 7591 section 2)': { metadata: { ...method, jwks: keys, jwks_uri }, rule: 'client-keys-are-sent' },
    'by value and by reference for another method (RFC 7591 section 2)': {
      metadata: { jwks: keys, jwks_uri }, rule: 'client-keys-are-sent',
    },
    'that are private (RFC 7517 section 9.2)': {
      metadata: { ...method, jwks: { keys: [{ ...jwk, d: 'AA' }] } }, rule: 'client-metadata-is-typed',
    },
    'that are symmetric': { metadata: { ...method, jwks: { keys: [{ kty: 'oct', k: 'AA' }] } }, rule: 'client-metadata-is-typed' },
    'that are no keys': { metadata: { ...method, jwks: { keys: [1] } }, rule: 'client-metadata-is-typed' },
    'in an empty set': { metadata: { ...method, jwks: { keys: [] } }, rule: 'client-metadata-is-typed' },
    'that are no set': { metadata: { ...method, jwks: [jwk] }, rule: 'client-metadata-is-typed' },
    'of more than 8 KB': { metadata: { ...method, jwks: { keys: [{ ...jwk, x5c: 'x'.repeat(8192) }] } }, rule: 'client-metadata-is-typed' },
    'at an http URL, where anybody on the way could change them': {
      metadata: { ...method, jwks_uri: 'http://app.example.com/jwks.json' }, rule: 'client-metadata-is-typed',
    },
    'at a URL with a password': {
      metadata: { ...method, jwks_uri: 'https://a:b@app.example.com/jwks.json' }, rule: 'client-metadata-is-typed',
    },
    'at what is no URL': { metadata: { ...method, jwks_uri: 'jwks.json' }, rule: 'client-metadata-is-typed' },
  }
  for (const [what, { metadata, rule }] of Object.entries(refused)) {
    it(`refuses those ${what}`, async t => {
      await assertRefused(await requestRegistration(await startServer(t), metadata), rule, 'invalid_client_metadata', 400)
    })
  }

  it('does not fetch jwks_uri before it is needed', async t => {
    const server = await startServer(t, {}, { fetchDocument: () => assert.fail('it is fetched') })
    assert.equal((await register(server, { ...method, jwks_uri }))['jwks_uri'], jwks_uri)
  })

  it('gives a client its first secret when it leaves its key (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server, { ...method, jwks: keys })
    const { client_id, redirect_uris, registration_client_uri, registration_access_token } = client
    const response = await fetch(registration_client_uri, {
      method: 'PUT', headers: { 'content-type': 'application/json', ...bearer(registration_access_token) },
      body: JSON.stringify({ client_id, redirect_uris, token_endpoint_auth_method: 'client_secret_post' }),
    })
    const updated = await readJson(response)
    assert.equal(typeof updated['client_secret'], 'string')
    assert.equal('jwks' in updated, false)
  })

  it('counts the assertions that were used in /health', async t => {
    const { server, key, client_id, issuer } = await start(t)
    await requestWith(server, createAssertion(key, client_id, issuer))
    assert.equal((await readJson(await get(`${server.url}/health`)))['store'].used_assertions, 1)
  })
})

/** Puts the issuer and the time where a table can only name them. */
function filled(changes: Members, { config }: TestServer): Members {
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'string') return value
    const ahead = /^NOW([+-]\d+)$/.exec(value)?.[1]
    return ahead === undefined ? value.replace('ISSUER', config.issuer) : Math.floor(Date.now() / 1000) + Number(ahead)
  }
  return Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, fill(value)]))
}
