import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestCode, startServer } from '../harness.ts'
import { documentOf, fetcher, startWith, assertRefusedOnPage, assertUnknown } from './document-client.ts'

describe('A client_id that looks like the URL of a document', () => {
  const invalid: Record<string, string> = {
    'that is http (draft-ietf-oauth-client-id-metadata-document-00 section 3)': 'http://app.example.com/client.json',
    'on loopback': 'http://127.0.0.1/client.json',
    'without a path (draft-ietf-oauth-client-id-metadata-document-00 section 3)': 'https://app.example.com',
    'with only a slash': 'https://app.example.com/',
    'with a single-dot segment (draft-ietf-oauth-client-id-metadata-document-00 section 3)': 'https://app.example.com/./client.json',
    'with a double-dot segment (draft-ietf-oauth-client-id-metadata-document-00 section 3)': 'https://app.example.com/a/../client.json',
    'with an encoded dot segment': 'https://app.example.com/a/%2e%2e/client.json',
    'with a fragment (draft-ietf-oauth-client-id-metadata-document-00 section 3)': 'https://app.example.com/client.json#a',
    'with an empty fragment': 'https://app.example.com/client.json#',
    'with a user name (draft-ietf-oauth-client-id-metadata-document-00 section 3)': 'https://user@app.example.com/client.json',
    'with a password': 'https://user:password@app.example.com/client.json',
    'with an empty user name': 'https://@app.example.com/client.json',
    'with a host in upper case': 'https://APP.example.com/client.json',
    'with a scheme in upper case': 'HTTPS://app.example.com/client.json',
    'with the default port': 'https://app.example.com:443/client.json',
    'with a host that ends in a dot': 'https://app.example.com./client.json',
    'with another notation of an address': 'https://2130706433/client.json',
    'with a name outside ASCII': 'https://äpp.example.com/client.json',
    'with a backslash': 'https://app.example.com\\client.json',
    'with a space': 'https://app.example.com/client.json ',
    'with a tab': 'https://app.example.com/cli\tent.json',
    'without a host': 'https://',
    'of more than 1024 characters': `https://app.example.com/${'a'.repeat(1024)}`,
  }
  for (const [what, url] of Object.entries(invalid)) {
    it(`is rejected ${what}`, async t => {
      const state = fetcher(documentOf(url))
      const server = await startWith(t, state)
      await assertRefusedOnPage(await requestCode(server, { client_id: url }), 'client-id-url-is-valid')
      await assertUnknown(server, url, 'client-id-url-is-valid')
      assert.deepEqual(state.urls, [])
    })
  }

  const valid = [
    'https://app.example.com/c?v=1', 'https://app.example.com:8443/c', 'https://app.example.com/%7euser/', 'https://xn--pp-via.example.com/c',
  ]
  for (const url of valid) {
    it(`is accepted as ${url}`, async t => {
      assert.equal((await requestCode(await startWith(t, fetcher(documentOf(url))), { client_id: url })).status, 302)
    })
  }

  it('is rejected with http on another host, even with the development switch', async t => {
    const server = await startServer(t, { OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: 'true' }, { fetchDocument: fetcher().fetchDocument })
    await assertRefusedOnPage(await requestCode(server, { client_id: 'http://app.example.com/client.json' }), 'client-id-url-is-valid')
  })
})
