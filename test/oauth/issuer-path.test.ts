import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, bearerChallenge, get, openConsent, postForm, postJson, readJson, register, sendRaw, startServer, validMetadata,
  type Members,
} from '../harness.ts'

const SERVER_URL = 'http://localhost:9876/tenant/1'

describe('A SERVER_URL with a path', () => {
  it('answers the request of the example of RFC 8414 section 3.1', async t => {
    const server = await startServer(t, { SERVER_URL: 'https://example.com/issuer1', OAUTH_AUTO_APPROVE: 'false' })
    const lines = ['GET /.well-known/oauth-authorization-server/issuer1 HTTP/1.1', 'Host: example.com']
    const { status, body } = await sendRaw(server, lines)
    assert.equal(status, 200)
    assert.equal((JSON.parse(body) as Members)['issuer'], 'https://example.com/issuer1')
  })

  const wellKnown = {
    'authorization server metadata, path inserted (RFC 8414 section 3.1)': '/.well-known/oauth-authorization-server/tenant/1',
    'authorization server metadata, path appended (RFC 8414 section 5)': '/tenant/1/.well-known/oauth-authorization-server',
    'openid-configuration, path inserted (RFC 8414 section 5)': '/.well-known/openid-configuration/tenant/1',
    'openid-configuration, path appended (OpenID Connect Discovery 1.0 section 4)': '/tenant/1/.well-known/openid-configuration',
  }
  for (const [what, path] of Object.entries(wellKnown)) {
    it(`has ${what}`, async t => {
      const server = await startServer(t, { SERVER_URL })
      assert.equal((await readJson(await get(`${server.url}${path}`)))['issuer'], SERVER_URL)
    })
  }

  const resourceMetadata = {
    'path of the MCP endpoint inserted (RFC 9728 section 3.1)': '/.well-known/oauth-protected-resource/tenant/1/mcp',
    'path of the issuer inserted': '/.well-known/oauth-protected-resource/tenant/1',
    'path appended': '/tenant/1/.well-known/oauth-protected-resource',
    'both appended': '/tenant/1/.well-known/oauth-protected-resource/mcp',
  }
  for (const [what, path] of Object.entries(resourceMetadata)) {
    it(`has protected resource metadata, ${what}`, async t => {
      const server = await startServer(t, { SERVER_URL })
      assert.equal((await readJson(await get(`${server.url}${path}`)))['resource'], `${SERVER_URL}/mcp`)
    })
  }

  it('points the challenge at the inserted form (RFC 9728 section 3.1)', async t => {
    const server = await startServer(t, { SERVER_URL })
    const { resource_metadata } = bearerChallenge(await postJson(`${server.url}/tenant/1/mcp`, {}))
    assert.equal(resource_metadata, 'http://localhost:9876/.well-known/oauth-protected-resource/tenant/1/mcp')
  })

  it('has its endpoints below the path', async t => {
    const server = await startServer(t, { SERVER_URL })
    assert.equal((await postJson(`${server.url}/tenant/1/oauth/register`, validMetadata)).status, 201)
  })

  it('has its home page at the path', async t => {
    const server = await startServer(t, { SERVER_URL })
    assert.equal((await readJson(await get(`${server.url}/tenant/1`)))['resource'], `${SERVER_URL}/mcp`)
  })

  it('also serves the endpoints without the path, for proxies that strip it', async t => {
    const server = await startServer(t, { SERVER_URL })
    assert.equal((await postJson(`${server.url}/oauth/register`, validMetadata)).status, 201)
  })

  it('does not confuse the path with a longer segment', async t => {
    const server = await startServer(t, { SERVER_URL })
    await assertRefused(await get(`${server.url}/tenant/12/health`), 'path-is-known', 'not_found', 404)
  })

  it('does not serve the well-known URI of another path', async t => {
    const server = await startServer(t, { SERVER_URL })
    const response = await get(`${server.url}/.well-known/oauth-authorization-server/tenant/2`)
    await assertRefused(response, 'path-is-known', 'not_found', 404)
  })

  it('puts the path into the URI of a registration (RFC 7592 section 3)', async t => {
    const server = await startServer(t, { SERVER_URL })
    const { client_id, registration_client_uri } = await register(server)
    assert.equal(registration_client_uri, `${SERVER_URL}/oauth/register/${client_id}`)
  })

  it('puts the path into error_uri (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t, { SERVER_URL })
    const { error_uri } = await readJson(await postForm(`${server.url}/tenant/1/oauth/token`, {}))
    assert.equal(error_uri, `${SERVER_URL}/explain/parameter-is-sent`)
  })

  it('posts the consent form below the path', async t => {
    const server = await startServer(t, { SERVER_URL, OAUTH_AUTO_APPROVE: 'false' })
    const { html } = await openConsent(server, await register(server))
    assert.match(html, /<form method="post" action="\/tenant\/1\/oauth\/consent">/)
  })
})
