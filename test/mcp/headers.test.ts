import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Tool } from '../../src/tools/tool.ts'
import {
  assertRpcError, callMcp, callModern, craftToken, readJson, startServer, type Members, type TestContext,
} from '../harness.ts'

/** A tool whose arguments are mirrored into headers, one of them from deeper inside. */
const mirrored: Tool = {
  name: 'mirrored', title: '', description: '',
  inputSchema: {
    type: 'object',
    properties: {
      text: { type: 'string', 'x-mcp-header': 'Text' },
      count: { type: 'integer', 'x-mcp-header': 'Count' },
      flag: { type: 'boolean', 'x-mcp-header': 'Flag' },
      target: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
    },
  },
  outputSchema: { type: 'object' },
  run: () => ({ text: 'ran', structuredContent: {} }),
}

async function call(t: TestContext, args: Members, headers: Members): Promise<Response> {
  const server = await startServer(t, {}, { tools: [mirrored] })
  return callModern(server, craftToken(server), 'tools/call', { name: 'mirrored', arguments: args }, headers)
}

function weather(t: TestContext, location: unknown, header: string | undefined): Promise<Response> {
  return startServer(t).then(server => callModern(
    server, craftToken(server), 'tools/call', { name: 'get_weather', arguments: { location } }, { 'mcp-param-location': header },
  ))
}

function encoded(text: string): string {
  return `=?base64?${Buffer.from(text).toString('base64')}?=`
}

describe('Mcp-Method', () => {
  const clause = '(MCP 2026-07-28 basic/transports/streamable-http, Server Validation)'

  for (const [what, header] of [['sent', undefined], ['non-empty', '']] as const) {
    it(`must be ${what} ${clause}`, async t => {
      const server = await startServer(t)
      const response = await callModern(server, craftToken(server), 'tools/list', {}, { 'mcp-method': header })
      const { id, error } = await assertRpcError(response, 'required-header-is-sent', -32020, 400)
      assert.equal(id, 1)
      assert.equal(error.message, 'Header mismatch: the header Mcp-Method is missing')
    })
  }

  const wrong = {
    'another method': 'tools/list', 'in another case': 'Tools/Call', 'a part of the method': 'tools', 'two methods': 'tools/call, tools/list',
    'encoded, as only Mcp-Name and Mcp-Param-* may be': encoded('tools/call'),
  }
  for (const [what, header] of Object.entries(wrong)) {
    it(`must not be ${what} ${clause}`, async t => {
      const server = await startServer(t)
      const response = await callModern(server, craftToken(server), 'tools/call', { name: 'list_files' }, { 'mcp-method': header })
      await assertRpcError(response, 'headers-match-body', -32020, 400)
    })
  }

  it('is checked before the scope', async t => {
    const server = await startServer(t)
    const token = craftToken(server, { scope: 'mcp:tools:read' })
    const response = await callModern(server, token, 'tools/call', { name: 'list_files' }, { 'mcp-method': 'tools/list' })
    await assertRpcError(response, 'headers-match-body', -32020, 400)
  })

  it('is ignored in the legacy era', async t => {
    const server = await startServer(t)
    assert.equal((await callMcp(server, craftToken(server), 'tools/list', {}, { 'mcp-method': 'tools/call' })).status, 200)
  })
})

describe('Mcp-Name', () => {
  const clause = '(MCP 2026-07-28 basic/transports/streamable-http, Server Validation)'

  it(`must be sent with tools/call ${clause}`, async t => {
    const server = await startServer(t)
    const response = await callModern(server, craftToken(server), 'tools/call', { name: 'list_files' }, { 'mcp-name': undefined })
    await assertRpcError(response, 'required-header-is-sent', -32020, 400)
  })

  it(`must be the name of the tool ${clause}`, async t => {
    const server = await startServer(t)
    const response = await callModern(server, craftToken(server), 'tools/call', { name: 'list_files' }, { 'mcp-name': 'get_weather' })
    const { error } = await assertRpcError(response, 'headers-match-body', -32020, 400)
    assert.equal(error.message, 'Header mismatch: Mcp-Name is get_weather; the body says list_files')
  })

  it(`must not be sent if the body has no name ${clause}`, async t => {
    const server = await startServer(t)
    const response = await callModern(server, craftToken(server), 'tools/call', {}, { 'mcp-name': 'list_files' })
    await assertRpcError(response, 'headers-match-body', -32020, 400)
  })

  it('may be encoded (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)', async t => {
    const server = await startServer(t)
    const headers = { 'mcp-name': encoded('list_files') }
    assert.equal((await callModern(server, craftToken(server), 'tools/call', { name: 'list_files' }, headers)).status, 200)
  })

  it('must be encoded correctly (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)', async t => {
    const server = await startServer(t)
    const headers = { 'mcp-name': '=?base64?!?=' }
    const response = await callModern(server, craftToken(server), 'tools/call', { name: 'list_files' }, headers)
    await assertRpcError(response, 'header-value-is-well-formed', -32020, 400)
  })

  it('is checked for an unknown tool too', async t => {
    const server = await startServer(t)
    const response = await callModern(server, craftToken(server), 'tools/call', { name: 'rm' }, { 'mcp-name': 'list_files' })
    await assertRpcError(response, 'headers-match-body', -32020, 400)
  })
})

describe('Mcp-Param-Location of get_weather', () => {
  const clause = '(MCP 2026-07-28 basic/transports/streamable-http, Server Behavior for Custom Headers)'

  it('is declared for its argument in tools/list (MCP 2026-07-28 server/tools, x-mcp-header)', async t => {
    const server = await startServer(t)
    const { result } = await readJson(await callModern(server, craftToken(server), 'tools/list'))
    assert.equal(result.tools[0].inputSchema.properties.location['x-mcp-header'], 'Location')
  })

  const accepted = {
    'as plain text': { location: 'New York, NY', header: 'New York, NY' },
    'encoded without need': { location: 'Lisbon', header: encoded('Lisbon') },
    'encoded, outside ASCII': { location: 'Zürich 世界', header: encoded('Zürich 世界') },
    'encoded, with leading and trailing spaces': { location: ' Lisbon ', header: encoded(' Lisbon ') },
    'encoded, if the value looks like the encoding': { location: '=?base64?TGlzYm9u?=', header: encoded('=?base64?TGlzYm9u?=') },
  }
  for (const [what, { location, header }] of Object.entries(accepted)) {
    it(`is accepted ${what} ${clause}`, async t => {
      const { result } = await readJson(await weather(t, location, header))
      assert.equal(result.structuredContent.location, location)
    })
  }

  const refused: Record<string, { location: string; header: string | undefined; rule: string }> = {
    'if it is missing': { location: 'Lisbon', header: undefined, rule: 'required-header-is-sent' },
    'if it differs': { location: 'Lisbon', header: 'Paris', rule: 'headers-match-body' },
    'if its decoded value differs': { location: 'Lisbon', header: encoded('Paris'), rule: 'headers-match-body' },
    'if its case differs': { location: 'Lisbon', header: 'lisbon', rule: 'headers-match-body' },
    'if the body contains its encoded form': { location: encoded('Lisbon'), header: encoded('Lisbon'), rule: 'headers-match-body' },
    'if its base64 lacks padding': { location: 'a', header: '=?base64?YQ?=', rule: 'header-value-is-well-formed' },
    'if its base64 is not canonical': { location: 'a', header: '=?base64?YR==?=', rule: 'header-value-is-well-formed' },
    'if its base64 is not UTF-8': { location: 'a', header: '=?base64?/w==?=', rule: 'header-value-is-well-formed' },
  }
  for (const [what, { location, header, rule }] of Object.entries(refused)) {
    it(`is rejected ${what} ${clause}`, async t => {
      const { id } = await assertRpcError(await weather(t, location, header), rule, -32020, 400)
      assert.equal(id, 1)
    })
  }

  it('is not needed in the legacy era', async t => {
    const server = await startServer(t)
    const params = { name: 'get_weather', arguments: { location: 'Lisbon' } }
    assert.equal((await callMcp(server, craftToken(server), 'tools/call', params)).status, 200)
  })
})

describe('Mcp-Param-* of a tool', () => {
  const accepted: Record<string, { args: Members; headers: Members }> = {
    'an integer': { args: { count: 42 }, headers: { 'mcp-param-count': '42' } },
    'an integer in another notation, because numbers are compared': {
      args: { count: 42 }, headers: { 'mcp-param-count': '42.0' },
    },
    'a negative integer': { args: { count: -7 }, headers: { 'mcp-param-count': '-7' } },
    'true': { args: { flag: true }, headers: { 'mcp-param-flag': 'true' } },
    'false': { args: { flag: false }, headers: { 'mcp-param-flag': 'false' } },
    'an empty string': { args: { text: '' }, headers: { 'mcp-param-text': '=?base64??=' } },
    'a nested value': { args: { target: { region: 'us-west1' } }, headers: { 'mcp-param-region': 'us-west1' } },
    'no arguments': { args: {}, headers: {} },
    'headers that no argument declares': { args: {}, headers: { 'mcp-param-other': 'x' } },
  }
  for (const [what, { args, headers }] of Object.entries(accepted)) {
    it(`accepts ${what} (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)`, async t => {
      assert.equal((await readJson(await call(t, args, headers)))['result'].content[0].text, 'ran')
    })
  }

  it('is not expected for null (MCP 2026-07-28 basic/transports/streamable-http, Server Behavior for Custom Headers)', async t => {
    assert.equal((await call(t, { text: null }, {})).status, 200)
  })

  const refused: Record<string, { args: Members; headers: Members; rule: string }> = {
    'an integer without its header': { args: { count: 42 }, headers: {}, rule: 'required-header-is-sent' },
    'zero without its header': { args: { count: 0 }, headers: {}, rule: 'required-header-is-sent' },
    'false without its header': { args: { flag: false }, headers: {}, rule: 'required-header-is-sent' },
    'an empty string without its header': { args: { text: '' }, headers: {}, rule: 'required-header-is-sent' },
    'a nested value without its header': {
      args: { target: { region: 'x' } }, headers: {}, rule: 'required-header-is-sent',
    },
    'another integer': { args: { count: 42 }, headers: { 'mcp-param-count': '43' }, rule: 'headers-match-body' },
    'text for an integer': { args: { count: 0 }, headers: { 'mcp-param-count': '=?base64??=' }, rule: 'headers-match-body' },
    'True for true': { args: { flag: true }, headers: { 'mcp-param-flag': 'True' }, rule: 'headers-match-body' },
    'a header for an argument that is absent': { args: {}, headers: { 'mcp-param-text': 'x' }, rule: 'headers-match-body' },
    'a header for an argument of null': { args: { text: null }, headers: { 'mcp-param-text': 'null' }, rule: 'headers-match-body' },
    'a header for an argument of the same name at another depth': {
      args: { region: 'x' }, headers: { 'mcp-param-region': 'x' }, rule: 'headers-match-body',
    },
  }
  for (const [what, { args, headers, rule }] of Object.entries(refused)) {
    it(`rejects ${what} (MCP 2026-07-28 basic/transports/streamable-http, Server Behavior for Custom Headers)`, async t => {
      await assertRpcError(await call(t, args, headers), rule, -32020, 400)
    })
  }
})
