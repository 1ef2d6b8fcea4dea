import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, basic, claimsOf, getTokens, postForm, readJson, refreshed, register, startServer, startWithTokens, type Members,
  type TestContext, type TestServer,
} from '../harness.ts'

function introspect(server: TestServer, client: Members, form: Members, headers: Record<string, string> = {}): Promise<Response> {
  const { client_id, client_secret } = client
  return postForm(`${server.url}/oauth/introspect`, { client_id, client_secret, ...form }, headers)
}

/** A confidential client, which may use either method, with its tokens. */
async function start(t: TestContext) {
  const server = await startServer(t)
  const { client, tokens } = await getTokens(server, { token_endpoint_auth_method: undefined })
  return { server, client, access_token: tokens['access_token'] as string, refresh_token: tokens['refresh_token'] as string }
}

const inactive = { active: false }

describe('POST /oauth/introspect', () => {
  it('returns the claims of an access token (RFC 7662 section 2.2)', async t => {
    const { server, client, access_token } = await start(t)
    const { grant_id: _, ...claims } = claimsOf(access_token)
    assert.deepEqual(
      await readJson(await introspect(server, client, { token: access_token })), { active: true, token_type: 'Bearer', ...claims },
    )
  })

  it('returns the grant of a refresh token (RFC 7662 section 2.2)', async t => {
    const { server, client, refresh_token } = await start(t)
    const { iat, exp, ...rest } = await readJson(await introspect(server, client, { token: refresh_token }))
    assert.deepEqual(rest, {
      active: true, client_id: client['client_id'], sub: 'demo-user', scope: 'mcp:tools:read mcp:tools:execute',
      aud: server.config.resource, iss: server.config.issuer,
    })
    assert.ok(Number.isInteger(iat))
    assert.ok(exp - iat >= 2_591_999 && exp - iat <= 2_592_000)
  })

  it('forbids caching the answer', async t => {
    const { server, client, access_token } = await start(t)
    assert.equal((await introspect(server, client, { token: access_token })).headers.get('cache-control'), 'no-store')
  })

  it('accepts Basic (RFC 7662 section 2.1)', async t => {
    const { server, client, access_token } = await start(t)
    const { client_id, client_secret } = client
    const response = await introspect(server, {}, { token: access_token }, basic(client_id, client_secret))
    assert.equal((await readJson(response))['active'], true)
  })

  it('reports an unknown token as inactive and nothing else (RFC 7662 section 2.2)', async t => {
    const { server, client } = await start(t)
    assert.deepEqual(await readJson(await introspect(server, client, { token: 'made-up' })), inactive)
  })

  it('reports an expired access token as inactive (RFC 7662 section 4)', async t => {
    const { server, client, access_token } = await start(t)
    server.advance(3600 + 31)
    assert.deepEqual(await readJson(await introspect(server, client, { token: access_token })), inactive)
  })

  it('reports an expired refresh token as inactive (RFC 7662 section 4)', async t => {
    const { server, client, refresh_token } = await start(t)
    server.advance(31 * 86_400)
    assert.deepEqual(await readJson(await introspect(server, client, { token: refresh_token })), inactive)
  })

  it('reports a rotated refresh token as inactive (RFC 7662 section 4)', async t => {
    const { server, client, refresh_token } = await start(t)
    await refreshed(server, client, refresh_token)
    assert.deepEqual(await readJson(await introspect(server, client, { token: refresh_token })), inactive)
  })

  it('reports a revoked access token as inactive (RFC 7662 section 4)', async t => {
    const { server, client, access_token } = await start(t)
    const { client_id, client_secret } = client
    await postForm(`${server.url}/oauth/revoke`, { client_id, client_secret, token: access_token })
    assert.deepEqual(await readJson(await introspect(server, client, { token: access_token })), inactive)
  })

  it('reports the access token of a revoked grant as inactive (RFC 7662 section 4)', async t => {
    const { server, client, access_token, refresh_token } = await start(t)
    const { client_id, client_secret } = client
    await postForm(`${server.url}/oauth/revoke`, { client_id, client_secret, token: refresh_token })
    assert.deepEqual(await readJson(await introspect(server, client, { token: access_token })), inactive)
    assert.deepEqual(await readJson(await introspect(server, client, { token: refresh_token })), inactive)
  })

  it('reports a token with a changed signature as inactive (RFC 7662 section 4)', async t => {
    const { server, client, access_token } = await start(t)
    const token = access_token.replace(/..$/, end => end === 'AA' ? 'BA' : 'AA')
    assert.deepEqual(await readJson(await introspect(server, client, { token })), inactive)
  })

  it('reports the tokens of another client as inactive, because anybody can register (RFC 7662 section 2.2)', async t => {
    const { server, access_token, refresh_token } = await start(t)
    const other = await register(server, { token_endpoint_auth_method: 'client_secret_post' })
    assert.deepEqual(await readJson(await introspect(server, other, { token: access_token })), inactive)
    assert.deepEqual(await readJson(await introspect(server, other, { token: refresh_token })), inactive)
  })

  it('rejects a public client, which cannot authenticate (RFC 7662 section 2.1)', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    const response = await introspect(server, client, { token: access_token })
    await assertRefused(response, 'client-is-confidential', 'invalid_client', 401)
  })

  it('rejects a wrong secret (RFC 7662 section 2.3)', async t => {
    const { server, client, access_token } = await start(t)
    const response = await introspect(server, client, { token: access_token, client_secret: 'wrong' })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('rejects a request without token (RFC 7662 section 2.1)', async t => {
    const { server, client } = await start(t)
    await assertRefused(await introspect(server, client, {}), 'parameter-is-sent', 'invalid_request', 400)
  })
})
