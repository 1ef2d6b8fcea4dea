/** Members and parameters that say nothing: many programs write null or "" for what they do not send. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Tool } from '../../src/tools/tool.ts'
import {
  assertRefused, assertRpcError, bearer, callMcp, callModern, exchange, get, getTokens, modernMeta, postForm, postJson, postMcp,
  readJson, redirect_uri, register, requestAuthorization, requestCode, requestRegistration, requestToken, startServer,
  startWithTokens, authorize, authorizationParameters, type Members,
} from '../harness.ts'
import { client_id as documentUrl, documentOf, fetcher } from '../extensions/document-client.ts'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'

/** What stands for nothing. */
const nothing: Record<string, unknown> = { 'null': null, '""': '' }

const optional = [
  'client_name', 'client_uri', 'logo_uri', 'tos_uri', 'policy_uri', 'contacts', 'software_id', 'software_version', 'software_statement',
  'application_type', 'scope', 'grant_types', 'response_types', 'token_endpoint_auth_method', 'jwks', 'jwks_uri',
  'dpop_bound_access_tokens', 'default_max_age', 'client_id', 'client_secret',
]

describe('POST /oauth/register takes an optional member as absent', () => {
  for (const [text, value] of Object.entries(nothing)) {
    for (const name of optional) {
      it(`${name}: ${text}`, async t => {
        const client = await register(await startServer(t), { token_endpoint_auth_method: undefined, [name]: value })
        assert.deepEqual(client['grant_types'], ['authorization_code', 'refresh_token'])
        assert.deepEqual(client['response_types'], ['code'])
        assert.equal(client['token_endpoint_auth_method'], 'client_secret_basic')
        assert.ok(client[name] !== null && client[name] !== '', 'the answer does not repeat it')
      })
    }

    it(`every optional member: ${text}`, async t => {
      const server = await startServer(t)
      const client = await register(server, Object.fromEntries(optional.map(name => [name, value])))
      assert.equal((await exchange(server, client, await authorize(server, client))).status, 200)
    })

    it(`redirect_uris: ${text}, for a client without redirects`, async t => {
      const server = await startServer(t, { OAUTH_CLIENT_CREDENTIALS: 'true' })
      const client = await register(server, {
        grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post', redirect_uris: value,
      })
      assert.deepEqual(client['redirect_uris'], [])
    })

    it(`redirect_uris: ${text} stays refused for every other client`, async t => {
      const response = await requestRegistration(await startServer(t), { redirect_uris: value })
      await assertRefused(response, 'redirect-uris-are-sent', 'invalid_redirect_uri', 400)
    })
  }

  const lists: Record<string, unknown> = { '[]': [], '[""]': [''], '[null]': [null], '["", null]': ['', null] }
  for (const [text, value] of Object.entries(lists)) {
    for (const name of ['grant_types', 'response_types', 'contacts']) {
      it(`${name}: ${text}`, async t => {
        const client = await register(await startServer(t), { [name]: value })
        assert.deepEqual(client['grant_types'], ['authorization_code', 'refresh_token'])
        assert.deepEqual(client['response_types'], ['code'])
        assert.equal(client['contacts'], undefined)
      })
    }

    it(`redirect_uris: ${text} stays refused`, async t => {
      const response = await requestRegistration(await startServer(t), { redirect_uris: value })
      await assertRefused(response, 'redirect-uris-are-sent', 'invalid_redirect_uri', 400)
    })
  }

  it('"" and null beside redirect URIs', async t => {
    const client = await register(await startServer(t), { redirect_uris: ['', redirect_uri, null] })
    assert.deepEqual(client['redirect_uris'], [redirect_uri])
  })
})

describe('PUT /oauth/register/<client_id> takes an optional member as absent (RFC 7592 section 2.2)', () => {
  for (const [text, value] of Object.entries(nothing)) {
    it(`every optional member and client_secret: ${text}`, async t => {
      const server = await startServer(t)
      const { client_id, registration_access_token } = await register(server, { logo_uri: 'https://app.example.com/logo.png' })
      const members = { ...Object.fromEntries(optional.map(name => [name, value])), redirect_uris: [redirect_uri], client_id }
      const response = await fetch(`${server.url}/oauth/register/${client_id}`, {
        method: 'PUT', body: JSON.stringify(members),
        headers: { 'content-type': 'application/json', ...bearer(registration_access_token) },
      })
      assert.equal(response.status, 200)
      assert.equal((await readJson(response))['logo_uri'], undefined)
    })

    it(`client_id: ${text} stays refused, because it is required`, async t => {
      const server = await startServer(t)
      const { client_id, registration_access_token } = await register(server)
      const response = await fetch(`${server.url}/oauth/register/${client_id}`, {
        method: 'PUT', body: JSON.stringify({ redirect_uris: [redirect_uri], client_id: value }),
        headers: { 'content-type': 'application/json', ...bearer(registration_access_token) },
      })
      assert.equal(response.status, 400)
    })
  }
})

describe('A metadata document of a client may have an optional member that says nothing', () => {
  for (const [text, value] of Object.entries(nothing)) {
    it(`every optional member: ${text}`, async t => {
      const members = Object.fromEntries([...optional, 'client_secret_expires_at'].map(name => [name, value]))
      const document = documentOf(documentUrl, { ...members, client_id: documentUrl, client_name: 'Example' })
      const server = await startServer(t, {}, { fetchDocument: fetcher(document).fetchDocument })
      const client = { client_id: documentUrl }
      assert.equal((await exchange(server, client, await authorize(server, client))).status, 200)
    })

    for (const name of ['client_id', 'client_name', 'redirect_uris']) {
      it(`but not ${name}: ${text}, because it is required`, async t => {
        const document = documentOf(documentUrl, { [name]: value })
        const server = await startServer(t, {}, { fetchDocument: fetcher(document).fetchDocument })
        assert.equal((await requestCode(server, { client_id: documentUrl })).status, 400)
      })
    }
  }
})

const echo: Tool = {
  name: 'echo', description: 'Returns its arguments.',
  inputSchema: {
    type: 'object', additionalProperties: false, required: ['text'],
    properties: {
      text: { type: 'string' }, size: { type: 'integer' }, nothing: { type: 'null' }, either: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    },
  },
  run: args => ({ structuredContent: args }),
}

describe('POST /mcp takes a member as absent', () => {
  const legacy: Record<string, { method: string; params: unknown }> = {
    'params of ping': { method: 'ping', params: null },
    'params of tools/list': { method: 'tools/list', params: null },
    'cursor': { method: 'tools/list', params: { cursor: null } },
    'an empty cursor': { method: 'tools/list', params: { cursor: '' } },
    '_meta': { method: 'tools/list', params: { _meta: null } },
    'progressToken': { method: 'tools/list', params: { _meta: { progressToken: null } } },
    'arguments': { method: 'tools/call', params: { name: 'get_user_profile', arguments: null } },
    'empty arguments': { method: 'tools/call', params: { name: 'get_user_profile', arguments: '' } },
    'inputResponses and requestState': {
      method: 'tools/call', params: { name: 'get_user_profile', arguments: {}, inputResponses: null, requestState: null },
    },
    'an empty requestState': { method: 'tools/call', params: { name: 'get_user_profile', requestState: '' } },
    'an optional argument': { method: 'tools/call', params: { name: 'get_weather', arguments: { location: 'Lisbon', units: null } } },
    'protocolVersion': { method: 'initialize', params: { protocolVersion: null } },
    'capabilities and clientInfo': {
      method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: null, clientInfo: null },
    },
    'the protocol version in _meta': {
      method: 'ping', params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '', 'io.modelcontextprotocol/clientCapabilities': null } },
    },
  }
  for (const [what, { method, params }] of Object.entries(legacy)) {
    it(`${what} (${method})`, async t => {
      const { server, access_token } = await startWithTokens(t)
      const response = await postMcp(server, access_token, { jsonrpc: '2.0', id: 1, method, params })
      const { result, error } = await readJson(response)
      assert.ok(result, JSON.stringify(error))
      assert.ok(!result.isError, JSON.stringify(result))
    })
  }

  const modern: Record<string, { method: string; params: Members }> = {
    'cursor': { method: 'tools/list', params: { cursor: null } },
    'arguments': { method: 'tools/call', params: { name: 'get_user_profile', arguments: null } },
    'clientInfo in _meta': { method: 'server/discover', params: { _meta: modernMeta({ 'io.modelcontextprotocol/clientInfo': null }) } },
  }
  for (const [what, { method, params }] of Object.entries(modern)) {
    it(`${what} (${method}, modern)`, async t => {
      const { server, access_token } = await startWithTokens(t)
      assert.ok((await readJson(await callModern(server, access_token, method, params)))['result'])
    })
  }

  it('result and error beside a method, from libraries that write every member', async t => {
    const { server, access_token } = await startWithTokens(t)
    const message = { jsonrpc: '2.0', id: 1, method: 'ping', params: null, result: null, error: null }
    assert.deepEqual((await readJson(await postMcp(server, access_token, message)))['result'], {})
  })

  it('the id of a notification', async t => {
    const { server, access_token } = await startWithTokens(t)
    const message = { jsonrpc: '2.0', id: null, method: 'notifications/initialized', params: null }
    assert.equal((await postMcp(server, access_token, message)).status, 202)
  })

  it('access_token in the query, where a value would be refused', async t => {
    const { server, access_token } = await startWithTokens(t)
    const message = { jsonrpc: '2.0', id: 1, method: 'ping' }
    assert.equal((await postJson(`${server.url}/mcp?access_token=`, message, bearer(access_token))).status, 200)
    const response = await postJson(`${server.url}/mcp?access_token=&access_token=x`, message, bearer(access_token))
    await assertRefused(response, 'access-token-is-in-the-header', 'invalid_request', 400)
  })

  it('null for the arguments that a tool does not require, but not where its schema accepts null', async t => {
    const { server, access_token } = await startWithTokens(t, {}, { tools: [echo] })
    const args = { text: '', size: null, nothing: null, either: null }
    const { result } = await readJson(await callMcp(server, access_token, 'tools/call', { name: 'echo', arguments: args }))
    assert.deepEqual(result.structuredContent, { text: '', nothing: null, either: null })
  })
})

describe('POST /mcp still refuses', () => {
  it('a request whose id is null (MCP 2026-07-28 basic, Requests)', async t => {
    const { server, access_token } = await startWithTokens(t)
    const response = await postMcp(server, access_token, { jsonrpc: '2.0', id: null, method: 'ping' })
    await assertRpcError(response, 'message-is-json-rpc', -32600, 400)
  })

  it('params that are a list', async t => {
    const { server, access_token } = await startWithTokens(t)
    const response = await postMcp(server, access_token, { jsonrpc: '2.0', id: 1, method: 'ping', params: [] })
    await assertRpcError(response, 'message-is-json-rpc', -32600, 400)
  })

  it('a modern request without client capabilities (MCP 2026-07-28 basic, _meta)', async t => {
    const { server, access_token } = await startWithTokens(t)
    const _meta = modernMeta({ 'io.modelcontextprotocol/clientCapabilities': null })
    const response = await callModern(server, access_token, 'tools/list', { _meta })
    await assertRpcError(response, 'request-metadata-is-sent', -32602, 400)
  })

  it('null for a required argument, as an error that the model can correct', async t => {
    const { server, access_token } = await startWithTokens(t)
    const params = { name: 'get_weather', arguments: { location: null } }
    const { result } = await readJson(await callMcp(server, access_token, 'tools/call', params))
    assert.equal(result.isError, true)
    assert.match(result.content[0].text, /arguments must have location/)
  })

  it('a call without the name of a tool', async t => {
    const { server, access_token } = await startWithTokens(t)
    await assertRpcError(await callMcp(server, access_token, 'tools/call', { name: null }), 'params-are-valid', -32602, 200)
  })
})

describe('A parameter without a value is absent (RFC 6749 section 3.1)', () => {
  for (const name of ['scope', 'resource', 'state', 'prompt', 'login_hint', 'dpop_jkt', 'request', 'request_uri', 'response_mode', 'redirect_uri']) {
    it(`${name} of an authorization request`, async t => {
      const server = await startServer(t)
      const query = authorizationParameters(await register(server), createCodeVerifier(), { [name]: '' })
      assert.match((await requestAuthorization(server, query)).headers.get('location') ?? '', /[?&]code=/)
    })
  }

  it('every optional parameter of a code exchange', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const changes = { redirect_uri: '', client_secret: '', resource: '', scope: '', client_assertion: '', client_assertion_type: '' }
    assert.equal((await exchange(server, client, await authorize(server, client), changes)).status, 200)
  })

  it('every optional parameter of a refresh', async t => {
    const server = await startServer(t)
    const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
    const form = { grant_type: 'refresh_token', refresh_token, client_id, client_secret: '', resource: '', scope: '' }
    assert.equal((await requestToken(server, form)).status, 200)
  })

  it('token_type_hint of a revocation', async t => {
    const server = await startServer(t)
    const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
    const form = { token: refresh_token, token_type_hint: '', client_id, client_secret: '' }
    assert.equal((await postForm(`${server.url}/oauth/revoke`, form)).status, 200)
  })

  it('return_to of the sign-in page', async t => {
    const server = await startServer(t)
    assert.equal((await get(`${server.url}/sign-in?return_to=`)).status, 200)
  })
})
