import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, authorize, bearerChallenge, callMcp, claimsOf, get, getTokens, readJson, register, startServer,
} from '../harness.ts'

describe('GET /.well-known/oauth-authorization-server', () => {
  it('describes the authorization server (RFC 8414 section 2)', async t => {
    const server = await startServer(t)
    const { issuer } = server.config
    assert.deepEqual(await readJson(await get(`${server.url}/.well-known/oauth-authorization-server`)), {
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: `${issuer}/oauth/token`,
      registration_endpoint: `${issuer}/oauth/register`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      scopes_supported: ['mcp:tools:read', 'mcp:tools:execute', 'offline_access'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256', 'PS256'],
      revocation_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'],
      revocation_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256', 'PS256'],
      introspection_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
      introspection_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256', 'PS256'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256', 'PS256'],
      service_documentation: `${issuer}/docs`,
    })
  })

  it('is application/json (RFC 8414 section 3.2)', async t => {
    const response = await get(`${(await startServer(t)).url}/.well-known/oauth-authorization-server`)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json')
  })

  it('is application/json for browsers too (RFC 8414 section 3.2)', async t => {
    const server = await startServer(t)
    const response = await get(`${server.url}/.well-known/oauth-authorization-server`, { accept: 'text/html' })
    assert.equal(response.headers.get('content-type'), 'application/json')
  })

  it('may be cached', async t => {
    const response = await get(`${(await startServer(t)).url}/.well-known/oauth-authorization-server`)
    assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
  })

  it('can be read from any origin (CORS)', async t => {
    const server = await startServer(t)
    const response = await get(`${server.url}/.well-known/oauth-authorization-server`, { origin: 'https://app.example.com' })
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  })

  const endpoints = {
    authorization_endpoint: 400, token_endpoint: 405, registration_endpoint: 405, revocation_endpoint: 405,
    introspection_endpoint: 405, service_documentation: 200,
  }
  for (const [name, status] of Object.entries(endpoints)) {
    it(`names a ${name} that exists`, async t => {
      const server = await startServer(t)
      const metadata = await readJson(await get(`${server.url}/.well-known/oauth-authorization-server`))
      assert.equal((await get(metadata[name])).status, status)
    })
  }
})

describe('GET /.well-known/openid-configuration', () => {
  it('has the same members, plus those that OpenID Connect clients require (RFC 8414 section 5)', async t => {
    const server = await startServer(t)
    const metadata = await readJson(await get(`${server.url}/.well-known/oauth-authorization-server`))
    assert.deepEqual(await readJson(await get(`${server.url}/.well-known/openid-configuration`)), {
      ...metadata,
      jwks_uri: `${server.config.issuer}/.well-known/jwks.json`,
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    })
  })

  it('names a key set that exists and contains no secret key (RFC 7517 section 5)', async t => {
    const server = await startServer(t)
    const { jwks_uri } = await readJson(await get(`${server.url}/.well-known/openid-configuration`))
    assert.deepEqual(await readJson(await get(jwks_uri)), { keys: [] })
  })
})

describe('GET /.well-known/oauth-protected-resource', () => {
  const paths = { 'path': '/.well-known/oauth-protected-resource/mcp', 'root': '/.well-known/oauth-protected-resource' }
  for (const [form, path] of Object.entries(paths)) {
    it(`describes the MCP server at the ${form} form (RFC 9728 section 3.1)`, async t => {
      const server = await startServer(t, { MCP_SERVER_NAME: 'Weather' })
      const { issuer } = server.config
      const response = await get(`${server.url}${path}`)
      assert.equal(response.headers.get('content-type'), 'application/json')
      assert.deepEqual(await readJson(response), {
        resource: `${issuer}/mcp`,
        authorization_servers: [issuer],
        scopes_supported: ['mcp:tools:read', 'mcp:tools:execute'],
        bearer_methods_supported: ['header'],
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256', 'PS256'],
        resource_name: 'Weather',
        resource_documentation: `${issuer}/docs`,
      })
    })

    it(`can be read from any origin at the ${form} form`, async t => {
      const response = await get(`${(await startServer(t)).url}${path}`, { origin: 'https://app.example.com' })
      assert.equal(response.headers.get('access-control-allow-origin'), '*')
    })
  }

  it('is at the URL in the challenge, for the requested resource (RFC 9728 section 3.3)', async t => {
    const server = await startServer(t)
    const { resource_metadata } = bearerChallenge(await callMcp(server, undefined, 'tools/list'))
    const { resource } = await readJson(await get(resource_metadata))
    assert.equal(resource, `${server.url}/mcp`)
  })

  it('does not list offline_access (MCP 2026-07-28 basic/authorization, Refresh Tokens)', async t => {
    const { scopes_supported } = await readJson(await get(`${(await startServer(t)).url}/.well-known/oauth-protected-resource`))
    assert.ok(!scopes_supported.includes('offline_access'))
  })
})

describe('GET of an unknown well-known URI', () => {
  it('is a JSON 404', async t => {
    const response = await get(`${(await startServer(t)).url}/.well-known/oauth-authorization-server/other`)
    await assertRefused(response, 'path-is-known', 'not_found', 404)
  })

  it('is a JSON 404 for browsers too', async t => {
    const response = await get(`${(await startServer(t)).url}/.well-known/webfinger`, { accept: 'text/html' })
    assert.equal(response.headers.get('content-type'), 'application/json')
    await assertRefused(response, 'path-is-known', 'not_found', 404)
  })

  it('can be read from any origin (CORS)', async t => {
    const response = await get(`${(await startServer(t)).url}/.well-known/webfinger`, { origin: 'https://app.example.com' })
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  })
})

/** What SERVER_URL says, and the issuer that has to appear. */
const issuers = {
  'a SERVER_URL': { env: { SERVER_URL: 'http://localhost:9876' }, issuer: 'http://localhost:9876' },
  'a SERVER_URL with a trailing slash': { env: { SERVER_URL: 'http://localhost:9876/' }, issuer: 'http://localhost:9876' },
  'a SERVER_URL with an IP address': { env: { SERVER_URL: 'http://127.0.0.1:9876' }, issuer: 'http://127.0.0.1:9876' },
  'a SERVER_URL with a path': { env: { SERVER_URL: 'http://localhost:9876/tenant' }, issuer: 'http://localhost:9876/tenant' },
}

for (const [what, { env, issuer }] of Object.entries(issuers)) {
  describe(`The issuer identifier under ${what}`, () => {
    it('is in the authorization server metadata, byte for byte (RFC 8414 section 2)', async t => {
      const server = await startServer(t, env)
      assert.equal((await readJson(await get(`${server.url}/.well-known/oauth-authorization-server`)))['issuer'], issuer)
    })

    it('is in openid-configuration, byte for byte (RFC 8414 section 5)', async t => {
      const server = await startServer(t, env)
      assert.equal((await readJson(await get(`${server.url}/.well-known/openid-configuration`)))['issuer'], issuer)
    })

    it('is in the protected resource metadata, byte for byte (RFC 9728 section 2)', async t => {
      const server = await startServer(t, env)
      const { authorization_servers } = await readJson(await get(`${server.url}/.well-known/oauth-protected-resource`))
      assert.deepEqual(authorization_servers, [issuer])
    })

    it('is iss of the authorization response, byte for byte (RFC 9207 section 2)', async t => {
      const server = await startServer(t, env)
      const { location } = await authorize(server, await register(server))
      assert.equal(location.searchParams.get('iss'), issuer)
    })

    it('is iss of the access token, byte for byte (RFC 9068 section 2.2)', async t => {
      const { tokens } = await getTokens(await startServer(t, env))
      assert.equal(claimsOf(tokens['access_token'])['iss'], issuer)
    })
  })
}

describe('The issuer identifier without SERVER_URL', () => {
  it('has the port that the server listens on', async t => {
    const server = await startServer(t)
    assert.equal(server.config.issuer, `http://localhost:${server.port}`)
  })

  it('ignores the Host header', async t => {
    const server = await startServer(t)
    const { issuer } = await readJson(await get(`http://127.0.0.1:${server.port}/.well-known/oauth-authorization-server`))
    assert.equal(issuer, server.config.issuer)
  })

  it('ignores X-Forwarded-Host and X-Forwarded-Proto', async t => {
    const server = await startServer(t)
    const response = await get(`${server.url}/.well-known/oauth-authorization-server`, {
      'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'forwarded': 'host=evil.example;proto=https',
    })
    assert.equal((await readJson(response))['issuer'], server.config.issuer)
  })
})
