/** A public client that sends `Basic base64("client_id:")`, which a common Go library tries before anything else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, authorize, basic, getTokens, opens, postForm, readJson, register, requestToken, startServer, type Members,
} from '../harness.ts'
import { client_id as documentUrl, fetcher } from '../extensions/document-client.ts'

describe('Basic with an empty password is the client_id of a public client (RFC 6749 section 2.3.1)', () => {
  it('at the token endpoint, with a code', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const { code, code_verifier } = await authorize(server, client)
    const response = await requestToken(server, { grant_type: 'authorization_code', code, code_verifier }, basic(client['client_id'], ''))
    assert.equal(response.status, 200)
  })

  it('at the token endpoint, with a refresh token', async t => {
    const server = await startServer(t)
    const { client, tokens: { refresh_token } } = await getTokens(server)
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token }, basic(client['client_id'], ''))
    assert.equal(response.status, 200)
  })

  it('with the same client_id in the body', async t => {
    const server = await startServer(t)
    const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
    const form = { grant_type: 'refresh_token', refresh_token, client_id }
    assert.equal((await requestToken(server, form, basic(client_id, ''))).status, 200)
  })

  it('with an empty client_secret in the body', async t => {
    const server = await startServer(t)
    const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
    const form = { grant_type: 'refresh_token', refresh_token, client_secret: '' }
    assert.equal((await requestToken(server, form, basic(client_id, ''))).status, 200)
  })

  it('at the revocation endpoint', async t => {
    const server = await startServer(t)
    const { client, tokens: { access_token } } = await getTokens(server)
    assert.equal((await postForm(`${server.url}/oauth/revoke`, { token: access_token }, basic(client['client_id'], ''))).status, 200)
    assert.equal(await opens(server, access_token), false)
  })

  it('for a client that a metadata document describes', async t => {
    const server = await startServer(t, {}, { fetchDocument: fetcher().fetchDocument })
    const { code, code_verifier } = await authorize(server, { client_id: documentUrl })
    const form = { grant_type: 'authorization_code', code, code_verifier }
    assert.equal((await requestToken(server, form, basic(documentUrl, ''))).status, 200)
  })
})

describe('Basic with an empty password is refused', () => {
  for (const method of ['client_secret_basic', 'client_secret_post', undefined]) {
    it(`for a client that registered ${method ?? 'no method, and so has a secret'}`, async t => {
      const server = await startServer(t)
      const client = await register(server, { token_endpoint_auth_method: method })
      const form = { grant_type: 'refresh_token', refresh_token: 'x' }
      const response = await requestToken(server, form, basic(client['client_id'], ''))
      await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
    })
  }

  it('for an unknown client, like any other credentials', async t => {
    const server = await startServer(t)
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x' }, basic('unknown', ''))
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('at the introspection endpoint, which a public client cannot use (RFC 7662 section 2.1)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await postForm(`${server.url}/oauth/introspect`, { token: 'x' }, basic(client['client_id'], ''))
    await assertRefused(response, 'client-is-confidential', 'invalid_client', 401)
  })

  const forms: Record<string, Members> = {
    'another client_id in the body': { client_id: 'another' }, 'a client_secret in the body': { client_secret: 'secret' },
  }
  for (const [what, form] of Object.entries(forms)) {
    it(`beside ${what}`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      const headers = basic(client['client_id'], '')
      const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', ...form }, headers)
      await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
    })
  }

  it('without a client_id', async t => {
    const server = await startServer(t)
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x' }, basic('', ''))
    assert.equal((await readJson(response))['error'], 'invalid_client')
  })
})
