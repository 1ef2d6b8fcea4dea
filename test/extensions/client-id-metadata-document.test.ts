import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DocumentError } from '../../src/base/http/document-error.ts'
import { startDocumentServer } from '../document-server.ts'
import {
  assertRefused, authorize, basic, bearer, claimsOf, decide, exchange, get, locationOf, openConsent, postForm, readJson,
  refresh, requestCode, requestToken, startServer, type Members } from '../harness.ts'
import { createAssertion, createKeyPair } from '../key-pair.ts'
import { day, client_id, client, documentOf, fetcher, startWith, startBoth, assertRefusedOnPage } from './document-client.ts'

describe('A client that a metadata document describes', () => {
  it('gets tokens without registering (MCP 2026-07-28 basic/authorization/client-registration)', async t => {
    const { server, documents } = await startBoth(t)
    const url = documents.put('/client.json', documentOf(`${documents.origin}/client.json`))
    const response = await exchange(server, { client_id: url }, await authorize(server, { client_id: url }))
    const { access_token, refresh_token } = await readJson(response)
    assert.equal(claimsOf(access_token)['client_id'], url)
    assert.equal((await refresh(server, { client_id: url }, refresh_token)).status, 200)
    assert.deepEqual(documents.requests, ['GET /client.json'])
  })

  it('is not stored as a client', async t => {
    const server = await startWith(t, fetcher())
    assert.equal((await exchange(server, client, await authorize(server, client))).status, 200)
    const { store } = await readJson(await get(`${server.url}/health`))
    assert.deepEqual([store.clients, store.documents, store.grants], [0, 1, 1])
  })

  it('is announced by the metadata (draft-ietf-oauth-client-id-metadata-document-00 section 5)', async t => {
    const metadata = await readJson(await get(`${(await startServer(t)).url}/.well-known/oauth-authorization-server`))
    assert.equal(metadata['client_id_metadata_document_supported'], true)
  })

  it('cannot be read, changed or deleted as a registration (RFC 7592 section 2)', async t => {
    const server = await startWith(t, fetcher())
    const response = await get(`${server.url}/oauth/register/${encodeURIComponent(client_id)}`, bearer('x'))
    await assertRefused(response, 'registration-access-token-matches', 'invalid_token', 401)
  })

  it('may use only the redirect URIs of the document (MCP 2026-07-28 basic/authorization/client-registration)', async t => {
    const response = await requestCode(await startWith(t, fetcher()), client, { redirect_uri: 'https://evil.example.com/' })
    await assertRefusedOnPage(response, 'redirect-uri-is-registered', 'invalid_request')
  })

  it('may name grant types and response types that only other servers support', async t => {
    const server = await startWith(t, fetcher(documentOf(client_id, {
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'], response_types: ['code', 'code id_token'],
    })))
    const { refresh_token } = await readJson(await exchange(server, client, await authorize(server, client)))
    assert.equal(refresh_token, undefined)
  })

  it('may use a more specific media type (draft-ietf-oauth-client-id-metadata-document-00 section 4.1)', async t => {
    const server = await startWith(t, fetcher(undefined, { contentType: 'application/client+json; charset=utf-8' }))
    assert.equal((await requestCode(server, client)).status, 302)
  })

  it('authenticates with a private key if the document says so (draft-ietf-oauth-client-id-metadata-document-00 section 6.2)', async t => {
    const key = createKeyPair()
    const server = await startWith(t, fetcher(documentOf(client_id, {
      token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] }, grant_types: ['client_credentials'], response_types: [],
    })))
    const form = {
      grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: createAssertion(key, client_id, server.config.issuer),
    }
    assert.equal((await requestToken(server, form)).status, 200)
    const unauthenticated = await requestToken(server, { grant_type: 'client_credentials', client_id })
    await assertRefused(unauthenticated, 'client-is-authenticated', 'invalid_client', 401)
  })

  for (const token_endpoint_auth_method of [undefined, null, 'none']) {
    it(`is public with the method ${token_endpoint_auth_method}, and cannot use a secret`, async t => {
      const server = await startWith(t, fetcher(documentOf(client_id, { token_endpoint_auth_method })))
      assert.equal((await exchange(server, client, await authorize(server, client))).status, 200)
      const introspect = (form: Members) => postForm(`${server.url}/oauth/introspect`, { token: 'x', client_id, ...form })
      await assertRefused(await introspect({ client_secret: 'made up' }), 'client-is-authenticated', 'invalid_client', 401)
      await assertRefused(await introspect({}), 'client-is-confidential', 'invalid_client', 401)
    })
  }

  it('gets 401 if it tried to authenticate with Basic (RFC 6749 section 5.2)', async t => {
    const server = await startWith(t, fetcher('[]'))
    const response = await requestToken(server, { grant_type: 'client_credentials' }, basic(client_id, 'secret'))
    assert.match(response.headers.get('www-authenticate')!, /^Basic /)
    await assertRefused(response, 'client-document-is-json', 'invalid_client', 401)
  })
})

describe('The consent page for such a client', () => {
  const env = { OAUTH_AUTO_APPROVE: 'false' }

  it('shows the host that vouches for the name (draft-ietf-oauth-client-id-metadata-document-00 section 6.4)', async t => {
    const { html } = await openConsent(await startWith(t, fetcher(), env), client)
    assert.ok(html.includes('<strong>app.example.com</strong> says that <strong>'))
    assert.ok(html.includes(`<code>${client_id}</code>`))
    assert.ok(!html.includes('Nobody has checked it'))
  })

  it('shows where the code goes, and warns if that is this computer (MCP 2026-07-28 basic/authorization/security-considerations)', async t => {
    const { html } = await openConsent(await startWith(t, fetcher(), env), client)
    assert.ok(html.includes('<strong>127.0.0.1:7777</strong>'))
    assert.ok(html.includes('Any program running there could be asking'))
  })

  it('does not warn about a public redirect URI', async t => {
    const web = 'https://app.example.com/callback'
    const server = await startWith(t, fetcher(documentOf(client_id, { redirect_uris: [web] })), env)
    const { html } = await openConsent(server, client, { redirect_uri: web })
    assert.ok(html.includes('<strong>app.example.com</strong>'))
    assert.ok(!html.includes('class="notice warning"'))
  })

  it('redirects nowhere if the document no longer has the redirect URI', async t => {
    const state = fetcher(undefined, { lifetime: 0 })
    const server = await startWith(t, state, env)
    const consent = await openConsent(server, client)
    state.document = documentOf(client_id, { redirect_uris: ['https://app.example.com/new'] })
    for (const decision of ['approve', 'deny']) {
      await assertRefusedOnPage(await decide(server, consent, { decision }), 'redirect-uri-is-registered', 'invalid_request')
    }
  })

  it('redirects nowhere if the document no longer exists', async t => {
    const state = fetcher(undefined, { lifetime: 0 })
    const server = await startWith(t, state, env)
    const consent = await openConsent(server, client)
    state.error = new DocumentError('it answered 404', { temporary: false })
    await assertRefusedOnPage(await decide(server, consent), 'client-document-is-available')
  })

  it('can be submitted again after a temporary failure to fetch the document', async t => {
    const state = fetcher(undefined, { lifetime: 0 })
    const server = await startWith(t, state, env)
    const consent = await openConsent(server, client)
    state.error = new DocumentError('it answered 503', { temporary: true })
    await assertRefusedOnPage(await decide(server, consent), 'document-is-reachable', 'temporarily_unavailable', 503)
    state.error = undefined
    assert.ok(locationOf(await decide(server, consent)).searchParams.has('code'))
  })
})

describe('The cache of metadata documents', () => {
  /** For how many seconds one answer serves: it does just before, and no longer then. */
  const lifetimes: Record<string, { lifetime: number | undefined; kept: number }> = {
    'keeps a document as long as its headers allow (draft-ietf-oauth-client-id-metadata-document-00 section 4.4)': {
      lifetime: 600, kept: 600,
    },
    'keeps it for 5 minutes by default': { lifetime: undefined, kept: 300 },
    'keeps it for at least a minute': { lifetime: 1, kept: 60 },
    'keeps it for at most a day': { lifetime: 365 * day, kept: day },
  }
  for (const [what, { lifetime, kept }] of Object.entries(lifetimes)) {
    it(what, async t => {
      const state = fetcher(undefined, { lifetime })
      const server = await startWith(t, state)
      await requestCode(server, client)
      server.advance(kept - 2)
      await requestCode(server, client)
      assert.equal(state.urls.length, 1)
      server.advance(3)
      await requestCode(server, client)
      assert.equal(state.urls.length, 2)
    })
  }

  it('does not keep a document with no-store', async t => {
    const state = fetcher(undefined, { lifetime: 0 })
    const server = await startWith(t, state)
    await requestCode(server, client)
    await requestCode(server, client)
    assert.equal(state.urls.length, 2)
  })

  it('does not confuse the key set of one client with the document of another', async t => {
    const key = createKeyPair()
    const state = fetcher(documentOf(client_id, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: client_id, keys: [key.jwk] }))
    const server = await startWith(t, state)
    await requestToken(server, {
      grant_type: 'refresh_token', refresh_token: 'x', client_assertion: createAssertion(key, client_id, server.config.issuer),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    assert.deepEqual(state.urls, [client_id, client_id])
  })
})

describe('A hostile document server', () => {
  it('on loopback is never contacted without the development switch (draft-ietf-oauth-client-id-metadata-document-00 section 6.5)', async t => {
    const documents = await startDocumentServer(t)
    const server = await startServer(t)
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const response = await requestCode(server, { client_id: `https://${host}:${documents.port}/client.json` })
      await assertRefusedOnPage(response, 'client-document-is-available')
    }
    assert.deepEqual(documents.requests, [])
  })

  it('cannot redirect this server (draft-ietf-oauth-client-id-metadata-document-00 section 6.5)', async t => {
    const { server, documents } = await startBoth(t)
    const there = documents.put('/there', documentOf(`${documents.origin}/client.json`))
    const url = documents.put('/client.json', (_incoming, outgoing) => outgoing.writeHead(302, { location: there }).end())
    await assertRefusedOnPage(await requestCode(server, { client_id: url }), 'client-document-is-available')
    assert.deepEqual(documents.requests, ['GET /client.json'])
  })

  it('cannot send more than 5 KB (draft-ietf-oauth-client-id-metadata-document-00 section 6.6)', async t => {
    const { server, documents } = await startBoth(t)
    const url = `${documents.origin}/client.json`
    const empty = JSON.stringify(documentOf(url, { x: '' })).length
    documents.put('/client.json', documentOf(url, { x: 'x'.repeat(5120 - empty) }))
    assert.equal((await requestCode(server, { client_id: url })).status, 302)
    const other = `${documents.origin}/client2.json`
    documents.put('/client2.json', documentOf(other, { x: 'x'.repeat(5120 - empty) }))
    await assertRefusedOnPage(await requestCode(server, { client_id: other }), 'client-document-is-available')
  })

  it('cannot make this server fetch from itself forever', async t => {
    const server = await startServer(t, { OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: 'true' })
    let url = `${server.url}/oauth/authorize`
    for (let i = 0; i < 3; i++) url = `${server.url}/oauth/authorize?client_id=${encodeURIComponent(url)}`
    await assertRefusedOnPage(await requestCode(server, { client_id: url }), 'client-document-is-available')
  })
})
