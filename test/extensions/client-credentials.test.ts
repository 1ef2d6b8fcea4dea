import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, basic, callMcp, claimsOf, readJson, register, requestRegistration, requestToken, startServer,
  type Members, type TestContext,
} from '../harness.ts'
import { createAssertion, createKeyPair } from '../key-pair.ts'

const grant_type = 'client_credentials'
const metadata = { grant_types: [grant_type], redirect_uris: undefined, token_endpoint_auth_method: 'client_secret_post' }

async function start(t: TestContext, changes: Members = {}) {
  const server = await startServer(t)
  const { client_id, client_secret } = await register(server, { ...metadata, ...changes })
  return { server, client_id: client_id as string, client_secret: client_secret as string }
}

describe('POST /oauth/token, grant_type=client_credentials', () => {
  it('issues a token for the client itself, which the MCP server accepts (RFC 6749 section 4.4)', async t => {
    const { server, client_id, client_secret } = await start(t)
    const response = await requestToken(server, { grant_type, client_id, client_secret })
    const { access_token, ...rest } = await readJson(response)
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, scope: 'mcp:tools:read mcp:tools:execute' })
    assert.equal((await callMcp(server, access_token, 'tools/list')).status, 200)
  })

  it('names the client as the subject (RFC 9068 section 2.2)', async t => {
    const { server, client_id, client_secret } = await start(t)
    const { access_token } = await readJson(await requestToken(server, { grant_type, client_id, client_secret }))
    const { sub, client_id: named, aud } = claimsOf(access_token)
    assert.deepEqual([sub, named, aud], [client_id, client_id, server.config.resource])
  })

  it('issues no refresh token (RFC 6749 section 4.4.3)', async t => {
    const { server, client_id, client_secret } = await start(t, {
      grant_types: [grant_type, 'authorization_code', 'refresh_token'], redirect_uris: ['http://127.0.0.1/'],
    })
    const tokens = await readJson(await requestToken(server, { grant_type, client_id, client_secret }))
    assert.equal('refresh_token' in tokens, false)
  })

  it('forbids caching the answer (RFC 6749 section 5.1)', async t => {
    const { server, client_id, client_secret } = await start(t)
    const { headers } = await requestToken(server, { grant_type, client_id, client_secret })
    assert.deepEqual([headers.get('cache-control'), headers.get('pragma')], ['no-store', 'no-cache'])
  })

  it('accepts Basic (RFC 6749 section 2.3.1)', async t => {
    const { server, client_id, client_secret } = await start(t, { token_endpoint_auth_method: 'client_secret_basic' })
    assert.equal((await requestToken(server, { grant_type }, basic(client_id, client_secret))).status, 200)
  })

  it('accepts private_key_jwt (RFC 7523 section 2.2)', async t => {
    const key = createKeyPair()
    const { server, client_id } = await start(t, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } })
    const response = await requestToken(server, {
      grant_type, client_assertion: createAssertion(key, client_id, server.config.issuer),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    assert.equal(response.status, 200)
  })

  it('rejects a wrong secret (RFC 6749 section 5.2)', async t => {
    const { server, client_id } = await start(t)
    const response = await requestToken(server, { grant_type, client_id, client_secret: 'wrong' })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('grants the requested scope (RFC 6749 section 4.4.2)', async t => {
    const { server, client_id, client_secret } = await start(t)
    const tokens = await readJson(await requestToken(server, { grant_type, client_id, client_secret, scope: 'mcp:tools:read' }))
    assert.equal(tokens['scope'], 'mcp:tools:read')
  })

  it('grants no more than the registered scope (RFC 7591 section 2)', async t => {
    const { server, client_id, client_secret } = await start(t, { scope: 'mcp:tools:read' })
    const tokens = await readJson(await requestToken(server, { grant_type, client_id, client_secret }))
    assert.equal(tokens['scope'], 'mcp:tools:read')
    const response = await requestToken(server, { grant_type, client_id, client_secret, scope: 'mcp:tools:execute' })
    await assertRefused(response, 'scope-is-within-registration', 'invalid_scope', 400)
  })

  it('rejects another resource (RFC 8707 section 2)', async t => {
    const { server, client_id, client_secret } = await start(t)
    const response = await requestToken(server, { grant_type, client_id, client_secret, resource: 'https://other.example.com/' })
    await assertRefused(response, 'resource-is-ours', 'invalid_target', 400)
  })

  it('requires that the client registered it (RFC 6749 section 5.2)', async t => {
    const { server, client_id, client_secret } = await start(t, { grant_types: undefined, redirect_uris: ['http://127.0.0.1/'] })
    const response = await requestToken(server, { grant_type, client_id, client_secret })
    await assertRefused(response, 'client-may-use-grant-type', 'unauthorized_client', 400)
  })

  it('tells tools that there is no user', async t => {
    const { server, client_id, client_secret } = await start(t)
    const { access_token } = await readJson(await requestToken(server, { grant_type, client_id, client_secret }))
    const { result } = await readJson(await callMcp(server, access_token, 'tools/call', { name: 'get_user_profile', arguments: {} }))
    assert.equal(result.isError, true)
  })
})

describe('POST /oauth/register with client_credentials', () => {
  it('needs no redirect URI (RFC 7591 section 2)', async t => {
    const client = await register(await startServer(t), metadata)
    assert.deepEqual([client['grant_types'], client['response_types'], client['redirect_uris']], [[grant_type], [], []])
  })

  it('rejects a client that does not authenticate (RFC 6749 section 4.4)', async t => {
    const response = await requestRegistration(await startServer(t), { ...metadata, token_endpoint_auth_method: 'none' })
    await assertRefused(response, 'client-credentials-are-confidential', 'invalid_client_metadata', 400)
  })
})

describe('With OAUTH_CLIENT_CREDENTIALS=false', () => {
  const env = { OAUTH_CLIENT_CREDENTIALS: 'false' }

  it('no client can register the grant (RFC 7591 section 2)', async t => {
    const response = await requestRegistration(await startServer(t, env), metadata)
    await assertRefused(response, 'grant-types-are-supported', 'invalid_client_metadata', 400)
  })

  it('no client can use it (RFC 6749 section 5.2)', async t => {
    const response = await requestToken(await startServer(t, env), { grant_type, client_id: 'x', client_secret: 'y' })
    await assertRefused(response, 'grant-type-is-supported', 'unsupported_grant_type', 400)
  })

  it('the metadata does not list it (RFC 8414 section 2)', async t => {
    const server = await startServer(t, env)
    const { grant_types_supported } = await readJson(await fetch(`${server.url}/.well-known/oauth-authorization-server`))
    assert.deepEqual(grant_types_supported, ['authorization_code', 'refresh_token'])
  })
})
