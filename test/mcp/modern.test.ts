import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metaKeys } from '../../src/base/protocol/mcp.ts'
import type { Tool } from '../../src/tools/tool.ts'
import {
  assertRpcError, callMcp, callModern, craftToken, eventsOf, modernMeta, postMcp, readJson, startServer, type Members,
  type TestContext, type TestServer,
} from '../harness.ts'

async function start(t: TestContext): Promise<{ server: TestServer; token: string }> {
  const server = await startServer(t)
  return { server, token: craftToken(server) }
}

const supported = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26']
const _meta = { [metaKeys.serverInfo]: { name: 'mcp-authorization', version: '0.1.0' } }

describe('MCP 2026-07-28', () => {
  it('has server/discover (MCP 2026-07-28 server/discover)', async t => {
    const { server, token } = await start(t)
    const { result } = await readJson(await callModern(server, token, 'server/discover'))
    const { instructions, ...rest } = result
    assert.equal(typeof instructions, 'string')
    assert.deepEqual(rest, {
      resultType: 'complete', supportedVersions: supported, capabilities: { tools: {} }, ttlMs: 300_000, cacheScope: 'public', _meta,
    })
  })

  it('lists the tools with caching hints (MCP 2026-07-28 server/utilities/caching)', async t => {
    const { server, token } = await start(t)
    const { result } = await readJson(await callModern(server, token, 'tools/list'))
    const { tools, ...rest } = result
    assert.deepEqual(tools.map(({ name }: Members) => name), ['get_weather', 'list_files', 'get_user_profile'])
    assert.deepEqual(rest, { resultType: 'complete', ttlMs: 300_000, cacheScope: 'public', _meta })
  })

  const calls = {
    get_weather: { args: { location: 'Lisbon' }, headers: { 'mcp-param-location': 'Lisbon' }, text: /^Lisbon: / },
    list_files: { args: { pattern: '*.md' }, headers: {}, text: /^README\.md \(2048 bytes\)$/ },
    get_user_profile: { args: {}, headers: {}, text: /^Demo User <demo@example\.com>/ },
  }
  for (const [name, { args, headers, text }] of Object.entries(calls)) {
    it(`calls ${name}, and marks the result as complete (MCP 2026-07-28 basic, ResultType)`, async t => {
      const { server, token } = await start(t)
      const { result } = await readJson(await callModern(server, token, 'tools/call', { name, arguments: args }, headers))
      const { content, structuredContent, ...rest } = result
      assert.match(content[0].text, text)
      assert.equal(typeof structuredContent, 'object')
      assert.deepEqual(rest, { resultType: 'complete', isError: false, _meta })
    })
  }

  it('starts no session (MCP 2026-07-28 basic/transports/streamable-http, Earlier Streamable HTTP Revisions)', async t => {
    const { server, token } = await start(t)
    assert.equal((await callModern(server, token, 'server/discover')).headers.get('mcp-session-id'), null)
  })

  it('ignores a session id (MCP 2026-07-28 basic/transports/streamable-http, Earlier Streamable HTTP Revisions)', async t => {
    const { server, token } = await start(t)
    assert.equal((await callModern(server, token, 'tools/list', {}, { 'mcp-session-id': 'unknown' })).status, 200)
  })

  it('answers with an event stream if JSON is not accepted', async t => {
    const { server, token } = await start(t)
    const response = await callModern(server, token, 'tools/list', {}, { accept: 'text/event-stream' })
    assert.equal(eventsOf(await response.text())[0]!['result'].resultType, 'complete')
  })

  it('does not need clientInfo (MCP 2026-07-28 basic, _meta)', async t => {
    const { server, token } = await start(t)
    const params = { _meta: modernMeta({ [metaKeys.clientInfo]: undefined }) }
    assert.equal((await callModern(server, token, 'tools/list', params)).status, 200)
  })

  it('works on the direct paths', async t => {
    const { server, token } = await start(t)
    const response = await fetch(`${server.url}/mcp/tools/list`, {
      method: 'POST',
      headers: {
        'authorization': `Bearer ${token}`, 'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: modernMeta() } }),
    })
    assert.equal((await readJson(response))['result'].resultType, 'complete')
  })

  it('accepts a notification with 202 (MCP 2026-07-28 basic/transports/streamable-http, Sending Messages)', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(
      server, token, { jsonrpc: '2.0', method: 'notifications/cancelled' }, { 'mcp-protocol-version': '2026-07-28' },
    )
    assert.equal(response.status, 202)
    assert.equal(await response.text(), '')
  })

  it('does not accept a notification of an unknown version', async t => {
    const { server, token } = await start(t)
    const message = { jsonrpc: '2.0', method: 'notifications/cancelled' }
    const response = await postMcp(server, token, message, { 'mcp-protocol-version': '2099-01-01' })
    await assertRpcError(response, 'protocol-version-is-supported', -32022, 400)
  })

  it('does not accept a response (MCP 2026-07-28 basic/transports/streamable-http, Sending Messages)', async t => {
    const { server, token } = await start(t)
    const response = await postMcp(server, token, { jsonrpc: '2.0', id: 1, result: {} }, { 'mcp-protocol-version': '2026-07-28' })
    await assertRpcError(response, 'message-is-json-rpc', -32600, 400)
  })

  for (const method of ['initialize', 'ping', 'resources/list', 'prompts/get', 'tools/unknown', 'constructor']) {
    it(`answers ${method} with 404 and -32601 (MCP 2026-07-28 basic/transports/streamable-http, Protocol Version Header)`, async t => {
      const { server, token } = await start(t)
      const { id } = await assertRpcError(await callModern(server, token, method), 'method-is-implemented', -32601, 404)
      assert.equal(id, 1)
    })
  }

  it('answers an unknown tool with -32602 (MCP 2026-07-28 server/tools, Error Handling)', async t => {
    const { server, token } = await start(t)
    const { error } = await assertRpcError(await callModern(server, token, 'tools/call', { name: 'rm' }), 'tool-is-known', -32602, 200)
    assert.equal(error.message, 'Unknown tool: rm')
  })

  it('answers a call without a name with -32602 (MCP 2026-07-28 server/tools, Error Handling)', async t => {
    const { server, token } = await start(t)
    await assertRpcError(await callModern(server, token, 'tools/call'), 'params-are-valid', -32602, 200)
  })

  it('answers arguments in an array with -32602 (MCP 2026-07-28 server/tools, Error Handling)', async t => {
    const { server, token } = await start(t)
    const response = await callModern(server, token, 'tools/call', { name: 'list_files', arguments: [] })
    await assertRpcError(response, 'params-are-valid', -32602, 200)
  })
})

describe('The protocol version of a request', () => {
  it('gets -32022 and the supported versions if it is unknown (MCP 2026-07-28 basic/versioning)', async t => {
    const { server, token } = await start(t)
    const version = '1900-01-01'
    const params = { _meta: modernMeta({ [metaKeys.protocolVersion]: version }) }
    const response = await callModern(server, token, 'tools/list', params, { 'mcp-protocol-version': version })
    const { id, error } = await assertRpcError(response, 'protocol-version-is-supported', -32022, 400)
    assert.equal(id, 1)
    assert.deepEqual(error.data, { supported, requested: version })
  })

  it('gets -32022 if only the header names it', async t => {
    const { server, token } = await start(t)
    const response = await callMcp(server, token, 'tools/list', {}, { 'mcp-protocol-version': '2024-11-05' })
    const { error } = await assertRpcError(response, 'protocol-version-is-supported', -32022, 400)
    assert.deepEqual(error.data, { supported, requested: '2024-11-05' })
  })

  const mismatches = {
    'a newer one in the header': { header: '2099-01-01', body: '2026-07-28' },
    'a legacy one in the header': { header: '2025-11-25', body: '2026-07-28' },
    'a legacy one in the body': { header: '2026-07-28', body: '2025-11-25' },
    'two in the header': { header: '2026-07-28, 2025-11-25', body: '2026-07-28' },
  }
  for (const [what, { header, body }] of Object.entries(mismatches)) {
    it(`must not differ between header and body: ${what} (MCP 2026-07-28 basic/transports/streamable-http, Server Validation)`, async t => {
      const { server, token } = await start(t)
      const params = { _meta: modernMeta({ [metaKeys.protocolVersion]: body }) }
      const response = await callModern(server, token, 'tools/list', params, { 'mcp-protocol-version': header })
      await assertRpcError(response, 'headers-match-body', -32020, 400)
    })
  }

  it('must be in the header (MCP 2026-07-28 basic/transports/streamable-http, Server Validation)', async t => {
    const { server, token } = await start(t)
    const response = await callModern(server, token, 'tools/list', {}, { 'mcp-protocol-version': undefined })
    await assertRpcError(response, 'required-header-is-sent', -32020, 400)
  })

  it('must be in _meta (MCP 2026-07-28 basic, _meta)', async t => {
    const { server, token } = await start(t)
    const params = { _meta: modernMeta({ [metaKeys.protocolVersion]: undefined }) }
    await assertRpcError(await callModern(server, token, 'tools/list', params), 'request-metadata-is-sent', -32602, 400)
  })

  it('must not come without _meta (MCP 2026-07-28 basic, _meta)', async t => {
    const { server, token } = await start(t)
    await assertRpcError(await callModern(server, token, 'tools/list', { _meta: undefined }), 'request-metadata-is-sent', -32602, 400)
  })
})

describe('The client capabilities of a request', () => {
  for (const capabilities of [undefined, null, 'all', []]) {
    it(`must not be ${JSON.stringify(capabilities)} (MCP 2026-07-28 basic, _meta)`, async t => {
      const { server, token } = await start(t)
      const params = { _meta: modernMeta({ [metaKeys.clientCapabilities]: capabilities }) }
      await assertRpcError(await callModern(server, token, 'tools/list', params), 'request-metadata-is-sent', -32602, 400)
    })
  }

  const asking: Tool = {
    name: 'ask', title: 'Ask', description: 'Asks the user', inputSchema: { type: 'object' }, outputSchema: { type: 'object' },
    requiredCapabilities: { elicitation: {}, sampling: { tools: {} } },
    run: () => ({ text: 'asked', structuredContent: {} }),
  }

  it('get -32021 and the missing capabilities (MCP 2026-07-28 basic, _meta)', async t => {
    const server = await startServer(t, {}, { tools: [asking] })
    const params = { name: 'ask', _meta: modernMeta({ [metaKeys.clientCapabilities]: { elicitation: {}, roots: {} } }) }
    const response = await callModern(server, craftToken(server), 'tools/call', params)
    const { id, error } = await assertRpcError(response, 'client-has-capability', -32021, 400)
    assert.equal(id, 1)
    assert.deepEqual(error.data, { requiredCapabilities: { sampling: { tools: {} } } })
  })

  it('allow a tool that needs them', async t => {
    const server = await startServer(t, {}, { tools: [asking] })
    const params = { name: 'ask', _meta: modernMeta({ [metaKeys.clientCapabilities]: { elicitation: {}, sampling: {} } }) }
    const { result } = await readJson(await callModern(server, craftToken(server), 'tools/call', params))
    assert.equal(result.content[0].text, 'asked')
  })

  it('of an earlier request do not count (MCP 2026-07-28 basic, Statelessness)', async t => {
    const server = await startServer(t, {}, { tools: [asking] })
    const token = craftToken(server)
    const declared = { _meta: modernMeta({ [metaKeys.clientCapabilities]: { elicitation: {}, sampling: {} } }) }
    await callModern(server, token, 'server/discover', declared)
    await assertRpcError(await callModern(server, token, 'tools/call', { name: 'ask' }), 'client-has-capability', -32021, 400)
  })
})
