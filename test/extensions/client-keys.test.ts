import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DocumentError } from '../../src/base/http/document-error.ts'
import type { FetchDocument } from '../../src/base/http/fetch-document.ts'
import { startDocumentServer } from '../document-server.ts'
import {
  assertRefused, bearer, get, readJson, register, requestRegistration, startServer, type Members, type TestContext,
} from '../harness.ts'
import { createAssertion, createKeyPair } from '../key-pair.ts'
import { jwks_uri, keyMetadata, start, requestWith, debug } from './assertion-client.ts'

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

  it('are fetched and cached', async t => {
    const key = createKeyPair()
    const urls: string[] = []
    const { server, client_id, issuer } = await startWith(t, async url => {
      urls.push(url)
      return answer({ keys: [key.jwk] }, 'application/jwk-set+json')()
    })
    for (let i = 0; i < 2; i++) assert.equal((await requestWith(server, createAssertion(key, client_id, issuer))).status, 200)
    assert.deepEqual(urls, [jwks_uri])
  })

  it('can be rotated by the client', async t => {
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

  it('are fetched again for an unknown kid, at most once a minute (OpenID Connect Core 1.0 section 10.1.1)', async t => {
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
    'that are not JSON': answer('keys'),
    'that are HTML': answer({ keys: [] }, 'text/html'),
    'that are not a key set (RFC 7517 section 5)': answer({ key: [] }),
    'that is not an array': answer({ keys: {} }),
    'that do not exist': async () => { throw new DocumentError('it answered 404', { temporary: false }) },
  }
  for (const [what, fetchDocument] of Object.entries(bad)) {
    it(`verify nothing ${what}`, async t => {
      const { server, client_id, issuer } = await startWith(t, fetchDocument)
      const response = await requestWith(server, createAssertion(createKeyPair(), client_id, issuer))
      await assertRefused(response, 'client-keys-are-available', 'invalid_client', 401)
    })
  }

  it('that are temporarily unavailable get 503', async t => {
    const fetchDocument = async (): Promise<never> => { throw new DocumentError('it did not answer', { temporary: true }) }
    const { server, client_id, issuer } = await startWith(t, fetchDocument)
    const response = await requestWith(server, createAssertion(createKeyPair(), client_id, issuer))
    await assertRefused(response, 'document-is-reachable', 'temporarily_unavailable', 503)
  })

  it('are skipped if they are not keys', async t => {
    const key = createKeyPair()
    const keys = [null, 1, {}, { kty: 'constructor' }, { kty: 'oct', k: 'AA' }, key.jwk]
    const { server, client_id, issuer } = await startWith(t, answer({ keys }))
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer))).status, 200)
  })

  it('never verify with a symmetric key (RFC 8725 section 2.1)', async t => {
    const key = createKeyPair()
    const { server, client_id, issuer } = await startWith(t, answer({ keys: [{ kty: 'oct', k: 'AA', alg: 'HS256' }] }))
    assert.equal((await requestWith(server, createAssertion(key, client_id, issuer, {}, { alg: 'HS256' }))).status, 401)
  })

  it('are never fetched from loopback (SSRF)', async t => {
    const documents = await startDocumentServer(t)
    const server = await startServer(t, debug)
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const { client_id } = await register(server, { ...referringMetadata, jwks_uri: `https://${host}:${documents.port}/jwks` })
      const response = await requestWith(server, createAssertion(createKeyPair(), client_id, server.config.issuer))
      await assertRefused(response, 'client-keys-are-available', 'invalid_client', 401)
    }
    assert.deepEqual(documents.requests, [])
  })

  it('can be on loopback with the development switch', async t => {
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
    'that are private (RFC 7517 section 9.2)': {
      metadata: { ...method, jwks: { keys: [{ ...jwk, d: 'AA' }] } }, rule: 'client-metadata-is-typed',
    },
    'that are symmetric': { metadata: { ...method, jwks: { keys: [{ kty: 'oct', k: 'AA' }] } }, rule: 'client-metadata-is-typed' },
    'that are not keys': { metadata: { ...method, jwks: { keys: [1] } }, rule: 'client-metadata-is-typed' },
    'in an empty set': { metadata: { ...method, jwks: { keys: [] } }, rule: 'client-metadata-is-typed' },
    'that are not a set': { metadata: { ...method, jwks: [jwk] }, rule: 'client-metadata-is-typed' },
    'of more than 8 KB': { metadata: { ...method, jwks: { keys: [{ ...jwk, x5c: 'x'.repeat(8192) }] } }, rule: 'client-metadata-is-typed' },
    'at an http URL, where anybody on the network could change them': {
      metadata: { ...method, jwks_uri: 'http://app.example.com/jwks.json' }, rule: 'client-metadata-is-typed',
    },
    'at a URL with a password': {
      metadata: { ...method, jwks_uri: 'https://a:b@app.example.com/jwks.json' }, rule: 'client-metadata-is-typed',
    },
    'at something that is not a URL': { metadata: { ...method, jwks_uri: 'jwks.json' }, rule: 'client-metadata-is-typed' },
  }
  for (const [what, { metadata, rule }] of Object.entries(refused)) {
    it(`rejects those ${what}`, async t => {
      await assertRefused(await requestRegistration(await startServer(t), metadata), rule, 'invalid_client_metadata', 400)
    })
  }

  it('does not fetch jwks_uri before it is needed', async t => {
    const server = await startServer(t, {}, { fetchDocument: () => assert.fail('it is fetched') })
    assert.equal((await register(server, { ...method, jwks_uri }))['jwks_uri'], jwks_uri)
  })

  it('issues a client its first secret when it drops its keys (RFC 7592 section 2.2)', async t => {
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

  it('counts used assertions in /health', async t => {
    const { server, key, client_id, issuer } = await start(t)
    await requestWith(server, createAssertion(key, client_id, issuer))
    assert.equal((await readJson(await get(`${server.url}/health`)))['store'].used_assertions, 1)
  })
})
