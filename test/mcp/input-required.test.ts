import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metaKeys } from '../../src/base/protocol/mcp.ts'
import type { Tool } from '../../src/tools/tool.ts'
import {
  assertRpcError, callMcp, callModern, craftToken, modernMeta, readJson, startServer, type Members, type TestContext, type TestServer,
} from '../harness.ts'

const inputRequests = { name: { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object' } } } }

const greet: Tool = {
  name: 'greet', description: 'Greets', inputSchema: { type: 'object' },
  run: (_args, _caller, { inputResponses, state }) => {
    if (!('name' in inputResponses)) return { inputRequests, state: { asked: 'once' } }
    return { text: JSON.stringify({ answer: inputResponses['name'], state }) }
  },
}

const answer = { action: 'accept', content: { name: 'Joe' } }

async function start(t: TestContext): Promise<TestServer> {
  return startServer(t, {}, { tools: [greet, { ...greet, name: 'other' }] })
}

/** Calls the tool as a client that can be asked. */
function call(server: TestServer, params: Members = {}, claims: Members = {}, capabilities: Members = { elicitation: {} }): Promise<Response> {
  const _meta = modernMeta({ [metaKeys.clientCapabilities]: capabilities })
  return callModern(server, craftToken(server, claims), 'tools/call', { name: 'greet', arguments: {}, _meta, ...params })
}

async function ask(server: TestServer): Promise<Members> {
  return (await readJson(await call(server)))['result']
}

describe('A tool that asks for input (MCP 2026-07-28 basic/patterns/mrtr)', () => {
  it('returns its requests to the client', async t => {
    const { resultType, inputRequests: asked } = await ask(await start(t))
    assert.deepEqual({ resultType, asked }, { resultType: 'input_required', asked: inputRequests })
  })

  it('continues with the answer and its own state', async t => {
    const server = await start(t)
    const { requestState } = await ask(server)
    const { result } = await readJson(await call(server, { requestState, inputResponses: { name: answer } }))
    assert.deepEqual(JSON.parse(result.content[0].text), { answer, state: { asked: 'once' } })
  })

  it('asks again if the answer is missing', async t => {
    const server = await start(t)
    const { requestState } = await ask(server)
    const { result } = await readJson(await call(server, { requestState, inputResponses: { else: answer } }))
    assert.equal(result.resultType, 'input_required')
  })

  it('cannot ask for what the client did not declare', async t => {
    const body = await assertRpcError(await call(await start(t), {}, {}, {}), 'client-has-capability', -32021, 400)
    assert.deepEqual(body['error'].data, { requiredCapabilities: { elicitation: {} } })
  })

  it('fails for a client of the legacy era and says why', async t => {
    const server = await start(t)
    const { result } = await readJson(await callMcp(server, craftToken(server), 'tools/call', { name: 'greet' }))
    assert.equal(result.isError, true)
    assert.match(result.content[0].text, /^greet needs more input/)
  })

  it('rejects an answer that is not an object', async t => {
    await assertRpcError(await call(await start(t), { inputResponses: { name: 42 } }), 'params-are-valid', -32602, 200)
  })
})

describe('requestState', () => {
  async function present(t: TestContext, change: (state: string) => unknown, params: Members = {}, claims: Members = {}): Promise<Response> {
    const server = await start(t)
    const { requestState } = await ask(server)
    return call(server, { requestState: change(requestState), inputResponses: { name: answer }, ...params }, claims)
  }
  const same = (state: string): string => state

  for (const [what, change] of [
    ['is altered', (state: string) => `${Buffer.from('{"state":{"asked":"twice"},"exp":9999999999}').toString('base64url')}.${state.split('.')[1]}`],
    ['is truncated', (state: string) => state.slice(0, -1)],
    ['is extended', (state: string) => `${state}.x`],
  ] as const) {
    it(`is rejected if it ${what} (MCP 2026-07-28 basic/patterns/mrtr, Server Requirements)`, async t => {
      await assertRpcError(await present(t, change), 'request-state-is-ours', -32602, 200)
    })
  }

  it('is rejected from another user', async t => {
    await assertRpcError(await present(t, same, {}, { sub: 'somebody else' }), 'request-state-is-ours', -32602, 200)
  })

  it('is rejected from another client', async t => {
    await assertRpcError(await present(t, same, {}, { client_id: 'another' }), 'request-state-is-ours', -32602, 200)
  })

  it('is rejected with another tool', async t => {
    await assertRpcError(await present(t, same, { name: 'other' }), 'request-state-is-ours', -32602, 200)
  })

  it('is rejected with other arguments', async t => {
    await assertRpcError(await present(t, same, { arguments: { a: 1 } }), 'request-state-is-ours', -32602, 200)
  })

  it('is rejected after ten minutes', async t => {
    const server = await start(t)
    const { requestState } = await ask(server)
    server.advance(601)
    await assertRpcError(await call(server, { requestState, inputResponses: { name: answer } }), 'request-state-is-ours', -32602, 200)
  })

  it('must be a string', async t => {
    await assertRpcError(await present(t, () => 1), 'params-are-valid', -32602, 200)
  })
})
