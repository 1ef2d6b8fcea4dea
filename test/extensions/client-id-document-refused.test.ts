import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DocumentError } from '../../src/base/http/document-error.ts'
import type { FetchedDocument } from '../../src/base/http/fetch-document.ts'
import { assertRefused, authorize, exchange, get, readJson, refresh, requestCode, type Members } from '../harness.ts'
import { client_id, client, documentOf, fetcher, startWith, assertRefusedOnPage, assertUnknown } from './document-client.ts'

describe('A metadata document', () => {
  const secret = 'client-document-has-no-secret'
  const incomplete = 'client-document-is-complete'
  const invalid = 'client-document-describes-a-client'
  const refused: Record<string, { document: Members | string; changes?: Partial<FetchedDocument>; rule: string }> = {
    'that is HTML (draft-ietf-oauth-client-id-metadata-document-00 section 4.1)': {
      document: documentOf(client_id), changes: { contentType: 'text/html' }, rule: 'client-document-is-json',
    },
    'that is plain text, which anybody can post on many pages': {
      document: documentOf(client_id), changes: { contentType: 'text/plain; charset=application/json' }, rule: 'client-document-is-json',
    },
    'without a type': { document: documentOf(client_id), changes: { contentType: '' }, rule: 'client-document-is-json' },
    'that is not JSON': { document: '{', rule: 'client-document-is-json' },
    'that is empty': { document: '', rule: 'client-document-is-json' },
    'that is not an object': { document: '[]', rule: 'client-document-is-json' },
    'that repeats a member': {
      document: JSON.stringify(documentOf(client_id)).replace('{', `{"client_id":"${client_id}x",`), rule: 'client-document-is-json',
    },
    'that names another client_id (MCP 2026-07-28 basic/authorization/client-registration)': {
      document: documentOf('https://app.example.com/oauth/other.json'), rule: 'client-document-names-itself',
    },
    'that names its client_id in another case (RFC 3986 section 6.2.1)': {
      document: documentOf('https://APP.example.com/oauth/client.json'), rule: 'client-document-names-itself',
    },
    'without a client_id': { document: documentOf(client_id, { client_id: undefined }), rule: 'client-document-names-itself' },
    'with an array of client_ids': {
      document: documentOf(client_id, { client_id: [client_id] }), rule: 'client-document-names-itself',
    },
    'without a client_name (MCP 2026-07-28 basic/authorization/client-registration)': {
      document: documentOf(client_id, { client_name: undefined }), rule: incomplete,
    },
    'with an empty client_name': { document: documentOf(client_id, { client_name: '' }), rule: incomplete },
    'without redirect_uris (MCP 2026-07-28 basic/authorization/client-registration)': {
      document: documentOf(client_id, { redirect_uris: undefined }), rule: incomplete,
    },
    'without redirect_uris, for the client credentials grant': {
      document: documentOf(client_id, { redirect_uris: undefined, grant_types: ['client_credentials'] }), rule: incomplete,
    },
    'with an empty array of redirect URIs': { document: documentOf(client_id, { redirect_uris: [] }), rule: invalid },
    'with a javascript: redirect URI': { document: documentOf(client_id, { redirect_uris: ['javascript:alert(1)'] }), rule: invalid },
    'with an http redirect URI': { document: documentOf(client_id, { redirect_uris: ['http://app.example.com/'] }), rule: invalid },
    'with a client_name that is not a string': { document: documentOf(client_id, { client_name: 1 }), rule: incomplete },
    'with grant types that are not strings': { document: documentOf(client_id, { grant_types: [1] }), rule: invalid },
    'with an unknown client authentication method': {
      document: documentOf(client_id, { token_endpoint_auth_method: 'tls_client_auth' }), rule: invalid,
    },
    'with private_key_jwt and no keys': {
      document: documentOf(client_id, { token_endpoint_auth_method: 'private_key_jwt' }), rule: invalid,
    },
    'with client_secret_basic (draft-ietf-oauth-client-id-metadata-document-00 section 4.1)': {
      document: documentOf(client_id, { token_endpoint_auth_method: 'client_secret_basic' }), rule: secret,
    },
    'with client_secret_post (draft-ietf-oauth-client-id-metadata-document-00 section 4.1)': {
      document: documentOf(client_id, { token_endpoint_auth_method: 'client_secret_post' }), rule: secret,
    },
    'with client_secret_jwt (draft-ietf-oauth-client-id-metadata-document-00 section 4.1)': {
      document: documentOf(client_id, { token_endpoint_auth_method: 'client_secret_jwt' }), rule: secret,
    },
    'with a client_secret (draft-ietf-oauth-client-id-metadata-document-00 section 4.1)': {
      document: documentOf(client_id, { client_secret: 'x' }), rule: secret,
    },
    'with client_secret_expires_at (draft-ietf-oauth-client-id-metadata-document-00 section 4.1)': {
      document: documentOf(client_id, { client_secret_expires_at: 0 }), rule: secret,
    },
  }
  for (const [what, { document, changes, rule }] of Object.entries(refused)) {
    it(`is rejected ${what} at both endpoints, and is not cached`, async t => {
      const state = fetcher(document, changes)
      const server = await startWith(t, state)
      await assertRefusedOnPage(await requestCode(server, client), rule)
      await assertUnknown(server, client_id, rule)
      assert.equal(state.urls.length, 2)
      assert.equal((await readJson(await get(`${server.url}/health`)))['store'].documents, 0)
    })
  }

  for (const token_endpoint_auth_method of [undefined, null, 'none']) {
    it(`is rejected with client_credentials and the method ${token_endpoint_auth_method} (RFC 6749 section 4.4)`, async t => {
      const server = await startWith(t, fetcher(documentOf(client_id, { grant_types: ['client_credentials'], token_endpoint_auth_method })))
      const body = await assertRefusedOnPage(await requestCode(server, client), invalid)
      assert.match(body['error_description'], /client credentials grant requires a client that authenticates/)
    })
  }

  it('that does not exist makes the client unknown, and is not cached', async t => {
    const state = fetcher()
    const server = await startWith(t, state)
    state.error = new DocumentError('it answered 404', { temporary: false })
    await assertRefusedOnPage(await requestCode(server, client), 'client-document-is-available')
    await assertUnknown(server, client_id, 'client-document-is-available')
    state.error = undefined
    assert.equal((await requestCode(server, client)).status, 302)
  })

  it('that is temporarily unavailable gets 503, so that clients keep their tokens (RFC 9110 section 15.6.4)', async t => {
    const state = fetcher(undefined, { lifetime: 0 })
    const server = await startWith(t, state)
    const { refresh_token } = await readJson(await exchange(server, client, await authorize(server, client)))
    state.error = new DocumentError('it did not answer within 5 s', { temporary: true })
    const response = await refresh(server, client, refresh_token)
    assert.equal(response.headers.get('retry-after'), '30')
    await assertRefused(response, 'document-is-reachable', 'temporarily_unavailable', 503)
    await assertRefusedOnPage(await requestCode(server, client), 'document-is-reachable', 'temporarily_unavailable', 503)
    state.error = undefined
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })
})
