import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, bearer, bearerChallenge, callMcp, callModern, craftToken, get, getTokens, postJson, postMcp, startServer, startWithTokens,
  type TestServer,
} from '../harness.ts'

const both = 'mcp:tools:read mcp:tools:execute'

function metadataUrl({ config }: TestServer): string {
  return `${config.issuer}/.well-known/oauth-protected-resource/mcp`
}

describe('/mcp without a token', () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
    it(`answers ${method} with 401, one Bearer challenge and no error code (RFC 6750 section 3)`, async t => {
      const server = await startServer(t)
      const response = await get(`${server.url}/mcp`, {}, method)
      assert.equal(response.status, 401)
      assert.deepEqual(bearerChallenge(response), { scope: both, resource_metadata: metadataUrl(server) })
    })
  }

  it('names the rule in the body', async t => {
    const server = await startServer(t)
    await assertRefused(await callMcp(server, undefined, 'tools/list'), 'access-token-is-sent', 'invalid_token', 401)
  })

  const requests: Record<string, (server: TestServer) => Promise<Response>> = {
    'initialize': server => callMcp(server, undefined, 'initialize', { protocolVersion: '2025-11-25' }),
    'server/discover': server => callModern(server, undefined, 'server/discover'),
    'a body that is not JSON': server => postMcp(server, undefined, '{'),
    'an unknown protocol version': server => callMcp(server, undefined, 'ping', {}, { 'mcp-protocol-version': '1900-01-01' }),
    'an unknown session': server => callMcp(server, undefined, 'ping', {}, { 'mcp-session-id': 'x' }),
    'an unsupported media type': server => postMcp(server, undefined, '{}', { 'content-type': 'text/plain' }),
    'an unsupported Accept header': server => postMcp(server, undefined, {}, { accept: 'image/png' }),
  }
  for (const [what, send] of Object.entries(requests)) {
    it(`answers ${what} with 401 before anything else`, async t => {
      assert.equal((await send(await startServer(t))).status, 401)
    })
  }

  it('answers browsers with JSON too', async t => {
    const response = await get(`${(await startServer(t)).url}/mcp`, { accept: 'text/html' })
    assert.equal(response.headers.get('content-type'), 'application/json')
  })

  for (const path of ['/mcp/tools/list', '/mcp/tools/call']) {
    it(`answers the same on ${path}`, async t => {
      const server = await startServer(t)
      const response = await postJson(`${server.url}${path}`, {})
      assert.equal(response.status, 401)
      assert.deepEqual(bearerChallenge(response), { scope: both, resource_metadata: metadataUrl(server) })
    })
  }
})

describe('/mcp with an invalid token', () => {
  it('says invalid_token in the challenge (RFC 6750 section 3.1)', async t => {
    const server = await startServer(t)
    const response = await callMcp(server, 'opaque', 'tools/list')
    assert.equal(response.status, 401)
    assert.deepEqual(bearerChallenge(response), {
      error: 'invalid_token',
      error_description: 'the token is not a well-formed JWT: it does not have three parts',
      error_uri: `${server.config.issuer}/explain/jwt-is-well-formed`,
      scope: both,
      resource_metadata: metadataUrl(server),
    })
  })

  const credentials = {
    'another scheme': 'Basic abc', 'the scheme alone': 'Bearer', 'the scheme and a blank': 'Bearer ', 'two tokens': 'Bearer a b',
    'a comma': 'Bearer a,b', 'no blank': 'Bearerabc', 'a parameter': 'Bearer token="abc"', 'no scheme': 'abc',
  }
  for (const [what, authorization] of Object.entries(credentials)) {
    it(`rejects ${what} in the Authorization header (RFC 6750 section 2.1)`, async t => {
      const server = await startServer(t)
      const response = await postMcp(server, undefined, {}, { authorization })
      assert.equal(bearerChallenge(response)['error'], 'invalid_token')
      await assertRefused(response, 'credentials-are-bearer', 'invalid_token', 401)
    })
  }

  it('accepts tokens signed with a previous key', async t => {
    const env = { SERVER_URL: 'http://localhost:8000', JWT_SECRET_KEY: 'an older test key of 32 bytes or more' }
    const { tokens } = await getTokens(await startServer(t, env))
    const changed = { ...env, JWT_SECRET_KEY: 'a newer test key of 32 bytes or more' }
    const keeping = await startServer(t, { ...changed, JWT_PREVIOUS_SECRET_KEYS: env.JWT_SECRET_KEY })
    assert.equal((await callMcp(keeping, tokens['access_token'], 'ping')).status, 200)
    const forgetting = await startServer(t, changed)
    assert.equal((await callMcp(forgetting, tokens['access_token'], 'ping')).status, 401)
  })

  it('accepts the scheme in any case (RFC 9110 section 11.1)', async t => {
    const server = await startServer(t)
    const response = await callMcp(server, undefined, 'ping', {}, { authorization: `bEARER ${craftToken(server)}` })
    assert.equal(response.status, 200)
  })

  it('accepts more than one space after the scheme (RFC 6750 section 2.1)', async t => {
    const server = await startServer(t)
    const response = await callMcp(server, undefined, 'ping', {}, { authorization: `Bearer   ${craftToken(server)}` })
    assert.equal(response.status, 200)
  })

  it('rejects a token in the query, with a challenge (OAuth 2.1 section 5.1, RFC 6750 section 3)', async t => {
    const server = await startServer(t)
    const response = await postJson(`${server.url}/mcp?access_token=${craftToken(server)}`, {})
    assert.equal(bearerChallenge(response)['error'], 'invalid_request')
    await assertRefused(response, 'access-token-is-in-the-header', 'invalid_request', 400)
  })

  it('rejects a token in the query even with one in the header (RFC 6750 section 2)', async t => {
    const server = await startServer(t)
    const token = craftToken(server)
    const response = await postJson(`${server.url}/mcp?access_token=${token}`, {}, bearer(token))
    await assertRefused(response, 'access-token-is-in-the-header', 'invalid_request', 400)
  })

  it('does not read a token from a form (OAuth 2.1 section 5.1)', async t => {
    const server = await startServer(t)
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST', body: new URLSearchParams({ access_token: craftToken(server) }),
    })
    assert.equal(response.status, 401)
  })
})

describe('/mcp with too few scopes', () => {
  const cases: Record<string, { scope: string; send: (server: TestServer, token: string) => Promise<Response>; needed: string }> = {
    'tools/list without any scope': {
      scope: '', send: (server, token) => callMcp(server, token, 'tools/list'), needed: 'mcp:tools:read',
    },
    'tools/call with only the read scope': {
      scope: 'mcp:tools:read', send: (server, token) => callMcp(server, token, 'tools/call', { name: 'list_files' }), needed: both,
    },
    'tools/call with only the execute scope': {
      scope: 'mcp:tools:execute', send: (server, token) => callMcp(server, token, 'tools/call', { name: 'list_files' }), needed: both,
    },
    'a modern tools/list without any scope': {
      scope: '', send: (server, token) => callModern(server, token, 'tools/list'), needed: 'mcp:tools:read',
    },
    'a modern tools/call with only the read scope': {
      scope: 'mcp:tools:read', send: (server, token) => callModern(server, token, 'tools/call', { name: 'list_files' }), needed: both,
    },
    'a scope that starts like the needed one': {
      scope: 'mcp:tools:reader', send: (server, token) => callMcp(server, token, 'tools/list'), needed: 'mcp:tools:read',
    },
    'a batch that needs more than the token has': {
      scope: 'mcp:tools:read',
      send: (server, token) => postMcp(server, token, [
        { jsonrpc: '2.0', id: 1, method: 'tools/list' },
        { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'list_files' } },
      ]),
      needed: both,
    },
    '/mcp/tools/call with only the read scope': {
      scope: 'mcp:tools:read',
      send: (server, token) => postJson(
        `${server.url}/mcp/tools/call`, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_files' } }, bearer(token),
      ),
      needed: both,
    },
  }
  for (const [what, { scope, send, needed }] of Object.entries(cases)) {
    it(`answers ${what} with a 403 that names every scope the call needs (RFC 6750 section 3.1)`, async t => {
      const server = await startServer(t)
      const response = await send(server, craftToken(server, { scope }))
      assert.deepEqual(bearerChallenge(response), {
        error: 'insufficient_scope',
        error_description: `this request requires the scope ${needed}`,
        error_uri: `${server.config.issuer}/explain/scope-is-sufficient`,
        scope: needed,
        resource_metadata: metadataUrl(server),
      })
      await assertRefused(response, 'scope-is-sufficient', 'insufficient_scope', 403)
    })
  }

  it('lists the tools with only the read scope', async t => {
    const server = await startServer(t)
    assert.equal((await callMcp(server, craftToken(server, { scope: 'mcp:tools:read' }), 'tools/list')).status, 200)
  })

  for (const method of ['initialize', 'ping']) {
    it(`answers ${method} without any scope`, async t => {
      const server = await startServer(t)
      const response = await callMcp(server, craftToken(server, { scope: '' }), method, { protocolVersion: '2025-11-25' })
      assert.equal(response.status, 200)
    })
  }

  it('answers server/discover without any scope', async t => {
    const server = await startServer(t)
    assert.equal((await callModern(server, craftToken(server, { scope: '' }), 'server/discover')).status, 200)
  })
})

describe('The Origin header at /mcp', () => {
  const url = 'https://mcp.example.com'
  const env = { SERVER_URL: url, OAUTH_AUTO_APPROVE: 'false', SERVER_ALLOWED_ORIGINS: 'https://inspector.example.com' }
  const allowed = [
    'http://localhost:6274', 'http://127.0.0.1:6274', 'http://[::1]:6274', 'https://localhost', url, 'https://inspector.example.com',
    'HTTPS://Inspector.example.com',
  ]
  for (const origin of allowed) {
    it(`may be ${origin}`, async t => {
      const server = await startServer(t, env)
      assert.equal((await callMcp(server, craftToken(server), 'ping', {}, { origin })).status, 200)
    })
  }

  const refused = [
    'https://evil.example', 'http://mcp.example.com', 'https://mcp.example.com:8443', 'https://mcp.example.com.evil.example',
    'http://localhost.evil.example', 'null', 'https://evil.example/localhost', 'https://a.inspector.example.com',
  ]
  for (const origin of refused) {
    it(`must not be ${JSON.stringify(origin)} (MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint)`, async t => {
      const server = await startServer(t, env)
      const response = await callMcp(server, craftToken(server), 'ping', {}, { origin })
      await assertRefused(response, 'origin-is-allowed', 'access_denied', 403)
    })
  }

  it('is checked before the token', async t => {
    const server = await startServer(t)
    assert.equal((await callMcp(server, undefined, 'ping', {}, { origin: 'https://evil.example' })).status, 403)
  })

  it('is checked on the path that needs no token', async t => {
    const server = await startServer(t)
    const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } }
    const response = await postJson(`${server.url}/mcp/initialize`, message, { origin: 'https://evil.example' })
    await assertRefused(response, 'origin-is-allowed', 'access_denied', 403)
  })

  it('may be anything if SERVER_ALLOWED_ORIGINS is *', async t => {
    const server = await startServer(t, { SERVER_ALLOWED_ORIGINS: '*' })
    assert.equal((await callMcp(server, craftToken(server), 'ping', {}, { origin: 'https://any.example' })).status, 200)
  })

  it('must not be empty', async t => {
    const server = await startServer(t, env)
    const response = await callMcp(server, craftToken(server), 'ping', {}, { origin: '' })
    await assertRefused(response, 'origin-is-allowed', 'access_denied', 403)
  })

  it('may be absent, as in requests of programs', async t => {
    const { server, access_token } = await startWithTokens(t)
    assert.equal((await callMcp(server, access_token, 'ping')).status, 200)
  })
})
