import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { McpClient } from '../../src/client/mcp/mcp-client.ts'
import { mirroredParametersProblem, parameterHeaders } from '../../src/base/protocol/mirrored-parameters.ts'
import type { Members, TestContext } from '../harness.ts'
import { addOpenServer, clientOf, failure, messagesTo, record, result, startPeer, type Method, type Peer } from '../peer.ts'

/** A schema whose properties carry the annotation. */
function schema(properties: Members): Members {
  return { type: 'object', properties }
}

const region = schema({ region: { type: 'string', 'x-mcp-header': 'Region' }, query: { type: 'string' } })

describe('parameterHeaders()', () => {
  it('reproduces the example (MCP 2026-07-28 basic/transports/streamable-http, Schema Extension)', () => {
    assert.deepEqual(parameterHeaders(region, { region: 'us-west1', query: 'SELECT * FROM users' }), { 'Mcp-Param-Region': 'us-west1' })
  })

  // MCP 2026-07-28 basic/transports/streamable-http, Value Encoding
  const values: readonly (readonly [unknown, string])[] = [
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
    ['a: b\tc', 'a: b\tc'],
    ['\u0000', '=?base64?AA==?='],
    ['x\r\nEvil: 1', '=?base64?eA0KRXZpbDogMQ==?='],
    ['', '=?base64??='],
    [42, '42'],
    [-7, '-7'],
    [0, '0'],
    [true, 'true'],
    [false, 'false'],
  ]
  for (const [value, expected] of values) {
    it(`writes ${JSON.stringify(value)} as ${JSON.stringify(expected)} (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding)`, () => {
      assert.deepEqual(parameterHeaders(region, { region: value }), { 'Mcp-Param-Region': expected })
    })
  }

  for (const [what, args] of [
    ['a value that is null', { region: null }], ['a value that is absent', {}], ['a list', { region: ['a'] }],
    ['an unsafe integer', { region: 2 ** 53 }], ['a fraction', { region: 1.5 }],
  ] as const) {
    it(`leaves out ${what} (MCP 2026-07-28 basic/transports/streamable-http, Server Behavior for Custom Headers)`, () => {
      assert.deepEqual(parameterHeaders(region, args), {})
    })
  }

  it('reads the value at the end of a chain of properties (MCP 2026-07-28 basic/transports/streamable-http, Schema Extension)', () => {
    const nested = schema({ at: schema({ tenant: { type: 'integer', 'x-mcp-header': 'Tenant' } }) })
    assert.deepEqual(parameterHeaders(nested, { at: { tenant: 5 }, tenant: 6 }), { 'Mcp-Param-Tenant': '5' })
    assert.deepEqual(parameterHeaders(nested, { at: 'x' }), {})
  })

  it('reads only own members of the arguments', () => {
    const inherited = schema({ constructor: schema({ name: { type: 'string', 'x-mcp-header': 'Name' } }) })
    assert.deepEqual(parameterHeaders(inherited, {}), {})
  })

  it('works without a schema', () => {
    for (const none of [undefined, null, true, {}, { properties: [] }]) assert.deepEqual(parameterHeaders(none, { a: 1 }), {})
  })
})

describe('mirroredParametersProblem()', () => {
  const annotated = (annotation: unknown, type: unknown = 'string'): Members => ({ type, 'x-mcp-header': annotation })

  const valid: readonly (readonly [string, Members])[] = [
    ['no annotation', schema({ a: { type: 'number' } })],
    ['strings, integers and booleans', schema({ a: annotated('A'), b: annotated('B', 'integer'), c: annotated('C', 'boolean') })],
    ['every character of a token', schema({ a: annotated('!#$%&\'*+-.^_`|~09azAZ') })],
    ['a nested property', schema({ a: schema({ b: schema({ c: annotated('C') }) }) })],
    ['a property that is named x-mcp-header', schema({ 'x-mcp-header': { type: 'string' } })],
    ['the word in values', schema({ a: { type: 'object', default: { 'x-mcp-header': '' }, examples: [{ 'x-mcp-header': 7 }] } })],
  ]
  for (const [what, inputSchema] of valid) {
    it(`keeps a tool that has ${what}`, () => assert.equal(mirroredParametersProblem(inputSchema), undefined))
  }

  const below = schema({ a: annotated('A') })
  const invalid: readonly (readonly [string, Members])[] = [
    ['an empty annotation', schema({ a: annotated('') })],
    ['an annotation that is not a string', schema({ a: annotated(7) })],
    ['an annotation that is null', schema({ a: annotated(null) })],
    ['a space in the annotation', schema({ a: annotated('My Region') })],
    ['a colon in the annotation', schema({ a: annotated('Region:Primary') })],
    ['a non-ASCII letter in the annotation', schema({ a: annotated('Région') })],
    ['a line break in the annotation', schema({ a: annotated('Region\r\nEvil') })],
    ['a line break after the annotation', schema({ a: annotated('Region\n') })],
    ['a control character in the annotation', schema({ a: annotated('Region\u0001') })],
    ['the same annotation twice', schema({ a: annotated('Region'), b: annotated('Region') })],
    ['the same annotation twice in different case', schema({ a: annotated('MyField'), b: annotated('myfield') })],
    ['the same annotation at two depths', schema({ a: annotated('Region'), b: schema({ c: annotated('REGION') }) })],
    ['an annotated number', schema({ a: annotated('A', 'number') })],
    ['an annotated object', schema({ a: { ...annotated('A', 'object'), properties: {} } })],
    ['an annotated array', schema({ a: annotated('A', 'array') })],
    ['an annotated null', schema({ a: annotated('A', 'null') })],
    ['an annotated property without a type', schema({ a: { 'x-mcp-header': 'A' } })],
    ['an annotation at the root', { ...annotated('A', 'object'), properties: {} }],
    ...['items', 'additionalProperties', 'contains', 'not', 'if', 'then', 'else', 'propertyNames', 'unevaluatedProperties'].map(
      (keyword): readonly [string, Members] => [`an annotation below ${keyword}`, schema({ list: { type: 'array', [keyword]: below } })],
    ),
    ...['oneOf', 'anyOf', 'allOf', 'prefixItems'].map(
      (keyword): readonly [string, Members] => [`an annotation below ${keyword}`, { ...schema({}), [keyword]: [below] }],
    ),
    ...['$defs', 'definitions', 'patternProperties', 'dependentSchemas'].map(
      (keyword): readonly [string, Members] => [`an annotation below ${keyword}`, { ...schema({}), [keyword]: { x: below } }],
    ),
  ]
  for (const [what, inputSchema] of invalid) {
    it(`omits a tool that has ${what} (MCP 2026-07-28 basic/transports/streamable-http, Schema Extension)`, () => {
      assert.equal(typeof mirroredParametersProblem(inputSchema), 'string')
    })
  }
})

async function connect(t: TestContext, methods: Readonly<Record<string, Method>>): Promise<{ peer: Peer; client: McpClient; notes: string[] }> {
  const peer = await startPeer(t)
  addOpenServer(peer, methods)
  const { trace, notes } = record()
  const client = clientOf(peer.url, { trace })
  await client.connect()
  return { peer, client, notes }
}

const tools = (...inputSchemas: readonly Members[]): readonly Members[] => (
  inputSchemas.map((inputSchema, i) => ({ name: `tool-${i}`, inputSchema })))

describe('a tool with headers', () => {
  it('is omitted from the list if they are invalid, and the other tools stay (MCP 2026-07-28 basic/transports/streamable-http, Schema Extension)', async t => {
    const listed = tools(region, schema({ a: { type: 'number', 'x-mcp-header': 'A' } }), schema({}))
    const { client, notes } = await connect(t, { 'tools/list': ({ id }) => result(id, { tools: listed }) })
    assert.deepEqual((await client.listTools()).map(({ name }) => name), ['tool-0', 'tool-2'])
    assert.match(notes.at(-1)!, /^ignoring the tool tool-1: x-mcp-header A is on a property that is not/)
  })

  it('is called with them (MCP 2026-07-28 basic/transports/streamable-http, Client Behavior)', async t => {
    const { peer, client } = await connect(t, { 'tools/list': ({ id }) => result(id, { tools: tools(region) }) })
    await client.callTool('tool-0', { region: 'Zürich' })
    assert.equal(peer.received.at(-1)?.headers['mcp-param-region'], '=?base64?WsO8cmljaA==?=')
    assert.equal(messagesTo(peer).at(-1)?.['params'].arguments.region, 'Zürich')
  })

  /** A server whose tool changed after it was listed, and that then wants another header. */
  async function changed(t: TestContext, header: string): Promise<{ peer: Peer; client: McpClient }> {
    let lists = 0
    return connect(t, {
      'tools/list': ({ id }) => result(id, { tools: tools(lists++ === 0 ? schema({ region: { type: 'string' } }) : region) }),
      'tools/call': ({ id }, { headers }) => headers[header] === undefined ? failure(id, -32020, 'Header mismatch') : result(id, { content: [] }),
    })
  }

  it('is listed again and called once more after HeaderMismatch (MCP 2026-07-28 basic/transports/streamable-http, Client Behavior)', async t => {
    const { peer, client } = await changed(t, 'mcp-param-region')
    assert.deepEqual((await client.callTool('tool-0', { region: 'x' }))['content'], [])
    assert.deepEqual(messagesTo(peer).map(({ method }) => method), [
      'server/discover', 'tools/list', 'tools/call', 'tools/list', 'tools/call',
    ])
  })

  it('is not called a third time', async t => {
    const { peer, client } = await changed(t, 'mcp-param-unknown')
    await assert.rejects(client.callTool('tool-0', { region: 'x' }), { code: -32020 })
    assert.equal(messagesTo(peer).filter(({ method }) => method === 'tools/call').length, 2)
  })

  it('is called only once after another error', async t => {
    const { peer, client } = await connect(t, { 'tools/call': ({ id }) => failure(id, -32602, 'no') })
    await assert.rejects(client.callTool('echo', {}), { code: -32602 })
    assert.equal(messagesTo(peer).filter(({ method }) => method === 'tools/call').length, 1)
  })
})
