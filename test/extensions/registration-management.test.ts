import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, bearer, callMcp, exchange, get, getTokens, authorize, readJson, redirect_uri, refresh, register, requestCode,
  startServer, validMetadata, type Members, type TestServer,
} from '../harness.ts'

function manage(
  server: TestServer, method: string, client: Members, body?: Members, token: string | undefined = client['registration_access_token'],
): Promise<Response> {
  return fetch(`${server.url}/oauth/register/${client['client_id']}`, {
    method,
    headers: { ...bearer(token), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

const confidential = { token_endpoint_auth_method: 'client_secret_post' }

describe('GET /oauth/register/<client_id>', () => {
  it('returns the registration (RFC 7592 section 2.1)', async t => {
    const server = await startServer(t)
    const client = await register(server, { scope: 'mcp:tools:read' })
    const response = await manage(server, 'GET', client)
    assert.equal(response.status, 200)
    assert.deepEqual(await readJson(response), client)
  })

  it('does not return the secret, of which it has only a hash', async t => {
    const server = await startServer(t)
    const { client_secret, ...rest } = await register(server, confidential)
    assert.equal(typeof client_secret, 'string')
    assert.deepEqual(await readJson(await manage(server, 'GET', rest)), rest)
  })

  it('forbids caching the answer (RFC 7592 section 3)', async t => {
    const server = await startServer(t)
    assert.equal((await manage(server, 'GET', await register(server))).headers.get('cache-control'), 'no-store')
  })

  const refused: Record<string, (client: Members, other: Members) => { client: Members; headers: Record<string, string> }> = {
    'a wrong token': client => ({ client, headers: bearer('wrong') }),
    'no token': client => ({ client, headers: {} }),
    'the token of another client': (client, other) => ({ client, headers: bearer(other['registration_access_token']) }),
    'an unknown client': client => ({ client: { client_id: 'unknown' }, headers: bearer(client['registration_access_token']) }),
    'the token under another scheme': client => ({
      client, headers: { authorization: `Basic ${client['registration_access_token']}` },
    }),
    'two tokens': client => ({ client, headers: { authorization: `Bearer ${client['registration_access_token']} x` } }),
  }
  for (const [what, choose] of Object.entries(refused)) {
    it(`rejects ${what} (RFC 7592 section 2.1)`, async t => {
      const server = await startServer(t)
      const { client, headers } = choose(await register(server), await register(server))
      const response = await get(`${server.url}/oauth/register/${client['client_id']}`, headers)
      assert.equal(response.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
      await assertRefused(response, 'registration-access-token-matches', 'invalid_token', 401)
    })
  }

  it('answers an unknown client like a wrong token, byte for byte (RFC 7592 section 2.1)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const wrong = await manage(server, 'GET', client, undefined, 'wrong')
    const unknown = await manage(server, 'GET', { client_id: 'unknown' }, undefined, 'wrong')
    assert.equal(await wrong.text(), await unknown.text())
  })

  it('rejects the token in the query', async t => {
    const server = await startServer(t)
    const { client_id, registration_access_token } = await register(server)
    const response = await get(`${server.url}/oauth/register/${client_id}?access_token=${registration_access_token}`)
    assert.equal(response.status, 401)
  })
})

describe('PUT /oauth/register/<client_id>', () => {
  it('replaces the metadata (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const redirect_uris = ['https://app.example.com/cb']
    const response = await manage(server, 'PUT', client, { ...client, client_name: 'New name', redirect_uris })
    assert.equal(response.status, 200)
    assert.deepEqual(await readJson(response), { ...client, client_name: 'New name', redirect_uris })
    assert.deepEqual(await readJson(await manage(server, 'GET', client)), { ...client, client_name: 'New name', redirect_uris })
  })

  it('deletes omitted members (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server, { client_uri: 'https://app.example.com' })
    const { client_uri: _, ...body } = client
    assert.equal((await readJson(await manage(server, 'PUT', client, body)))['client_uri'], undefined)
  })

  it('applies to the next authorization request', async t => {
    const server = await startServer(t)
    const client = await register(server)
    await manage(server, 'PUT', client, { ...client, redirect_uris: ['https://app.example.com/cb'] })
    await assertRefused(await requestCode(server, client), 'redirect-uri-is-registered', 'invalid_request', 400)
  })

  it('rejects another client_id (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const { client_id } = await register(server)
    const response = await manage(server, 'PUT', client, { ...client, client_id })
    await assertRefused(response, 'client-id-is-unchanged', 'invalid_client_metadata', 400)
  })

  it('rejects a body without client_id (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const response = await manage(server, 'PUT', await register(server), validMetadata)
    await assertRefused(response, 'client-id-is-unchanged', 'invalid_client_metadata', 400)
  })

  it('rejects another client_secret (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server, confidential)
    const response = await manage(server, 'PUT', client, { ...client, client_secret: 'weak' })
    await assertRefused(response, 'client-id-is-unchanged', 'invalid_client_metadata', 400)
  })

  it('accepts the current client_secret, which stays valid (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server, confidential)
    assert.equal((await manage(server, 'PUT', client, client)).status, 200)
    assert.equal((await exchange(server, client, await authorize(server, client))).status, 200)
  })

  it('removes the secret of a client that becomes public', async t => {
    const server = await startServer(t)
    const client = await register(server, confidential)
    const updated = await readJson(await manage(server, 'PUT', client, { ...client, token_endpoint_auth_method: 'none' }))
    assert.deepEqual([updated['client_secret'], updated['client_secret_expires_at']], [undefined, undefined])
    assert.equal((await exchange(server, updated, await authorize(server, updated))).status, 200)
  })

  it('issues a secret to a client that becomes confidential', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const updated = await readJson(await manage(server, 'PUT', client, { ...client, ...confidential }))
    assert.match(updated['client_secret'], /^[A-Za-z0-9_-]{43}$/)
    assert.equal((await exchange(server, updated, await authorize(server, updated))).status, 200)
  })

  it('rejects invalid metadata and changes nothing (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const body = { ...client, client_name: 'New name', redirect_uris: ['javascript:alert(1)'] }
    const response = await manage(server, 'PUT', client, body)
    await assertRefused(response, 'redirect-uri-is-safe', 'invalid_redirect_uri', 400)
    assert.equal((await readJson(await manage(server, 'GET', client)))['client_name'], client['client_name'])
  })

  it('rejects a wrong token and changes nothing (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await manage(server, 'PUT', client, { ...client, redirect_uris: ['https://evil.example/cb'] }, 'wrong')
    await assertRefused(response, 'registration-access-token-matches', 'invalid_token', 401)
    assert.deepEqual((await readJson(await manage(server, 'GET', client)))['redirect_uris'], [redirect_uri])
  })

  it('rejects a body that is not an object (RFC 7592 section 2.2)', async t => {
    const server = await startServer(t)
    const response = await manage(server, 'PUT', await register(server), [])
    await assertRefused(response, 'client-metadata-is-an-object', 'invalid_client_metadata', 400)
  })
})

describe('DELETE /oauth/register/<client_id>', () => {
  it('answers 204 without a body (RFC 7592 section 2.3)', async t => {
    const server = await startServer(t)
    const response = await manage(server, 'DELETE', await register(server))
    assert.equal(response.status, 204)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(await response.text(), '')
  })

  it('revokes the registration access token (RFC 7592 section 2.3)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    await manage(server, 'DELETE', client)
    await assertRefused(await manage(server, 'GET', client), 'registration-access-token-matches', 'invalid_token', 401)
  })

  it('revokes the access tokens of the client (RFC 7592 section 2.3)', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server)
    await manage(server, 'DELETE', client)
    await assertRefused(await callMcp(server, tokens['access_token'], 'ping'), 'access-token-is-not-revoked', 'invalid_token', 401)
  })

  it('revokes the refresh tokens of the client (RFC 7592 section 2.3)', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server)
    await manage(server, 'DELETE', client)
    await assertRefused(await refresh(server, client, tokens['refresh_token']), 'client-is-authenticated', 'invalid_client', 401)
  })

  it('invalidates the codes of the client (RFC 7592 section 2.3)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const authorization = await authorize(server, client)
    await manage(server, 'DELETE', client)
    await assertRefused(await exchange(server, client, authorization), 'client-is-authenticated', 'invalid_client', 401)
  })

  it('rejects a wrong token and deletes nothing (RFC 7592 section 2.3)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await manage(server, 'DELETE', client, undefined, 'wrong')
    await assertRefused(response, 'registration-access-token-matches', 'invalid_token', 401)
    assert.equal((await manage(server, 'GET', client)).status, 200)
  })

  it('does not affect the tokens of other clients', async t => {
    const server = await startServer(t)
    const { tokens } = await getTokens(server)
    await manage(server, 'DELETE', await register(server))
    assert.equal((await callMcp(server, tokens['access_token'], 'ping')).status, 200)
  })
})
