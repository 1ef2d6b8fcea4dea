import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tool } from '../../src/tools/tool.ts'
import { ToolError } from '../../src/tools/tool.ts'
import { callMcp, callModern, craftToken, eventsOf, modernMeta, readJson, startServer, type Members, type TestContext } from '../harness.ts'

/** A tool that reports each of `values` and then runs `end`. */
function reporting(values: readonly number[], end: Tool['run'] = () => ({ text: 'done' })): Tool {
  return {
    name: 'work', description: 'Works', inputSchema: { type: 'object' },
    async run(args, caller, round) {
      for (const value of values) {
        round.progress(value, 100, `${value} %`)
        await sleep(5)
      }
      return end(args, caller, round)
    },
  }
}

async function call(t: TestContext, tool: Tool, meta: Members = { progressToken: 'p1' }, headers: Members = {}): Promise<Response> {
  const server = await startServer(t, {}, { tools: [tool] })
  return callModern(server, craftToken(server), 'tools/call', { name: 'work', arguments: {}, _meta: { ...modernMeta(), ...meta } }, headers)
}

const notification = (progress: number): Members => ({
  jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'p1', progress, total: 100, message: `${progress} %` },
})

describe('tools/call with a progressToken', () => {
  it('sends progress and then the result in one stream (MCP 2026-07-28 basic/patterns/progress)', async t => {
    const response = await call(t, reporting([10, 50]))
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const messages = eventsOf(await response.text())
    assert.deepEqual(messages.slice(0, 2), [notification(10), notification(50)])
    assert.equal(messages[2]!['result'].content[0].text, 'done')
    assert.equal(messages.length, 3)
  })

  it('accepts an integer as the token', async t => {
    const [first] = eventsOf(await (await call(t, reporting([10]), { progressToken: 7 })).text())
    assert.equal(first!['params'].progressToken, 7)
  })

  it('drops values that do not increase (MCP 2026-07-28 basic/patterns/progress)', async t => {
    const messages = eventsOf(await (await call(t, reporting([10, 10, 5, 20]))).text())
    assert.deepEqual(messages.slice(0, -1).map(({ params }) => params.progress), [10, 20])
  })

  it('answers with plain JSON if the tool reports nothing', async t => {
    const response = await call(t, reporting([]))
    assert.equal(response.headers.get('content-type'), 'application/json')
  })

  it('keeps the HTTP status of an error before the first notification', async t => {
    const response = await call(t, { ...reporting([10]), requiredCapabilities: { sampling: {} } })
    assert.equal(response.status, 400)
  })

  it('sends only the result to a client that accepts only JSON', async t => {
    const response = await call(t, reporting([10]), { progressToken: 'p1' }, { accept: 'application/json' })
    assert.equal((await readJson(response))['result'].content[0].text, 'done')
  })

  it('sends the error of a tool that fails in mid-stream as its result', async t => {
    const messages = eventsOf(await (await call(t, reporting([10], () => { throw new ToolError('no luck') }))).text())
    assert.deepEqual(messages[1]!['result'].content, [{ type: 'text', text: 'no luck' }])
  })

  it('sends an unexpected error in mid-stream without its cause', async t => {
    const text = await (await call(t, reporting([10], () => { throw new Error('secret cause') }))).text()
    assert.deepEqual(eventsOf(text)[1], { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'Internal error' } })
    assert.doesNotMatch(text, /secret cause/)
  })

  it('works in the legacy era too (MCP 2025-11-25 basic/utilities/progress)', async t => {
    const server = await startServer(t, {}, { tools: [reporting([10])] })
    const response = await callMcp(server, craftToken(server), 'tools/call', { name: 'work', _meta: { progressToken: 'p1' } })
    assert.deepEqual(eventsOf(await response.text())[0], notification(10))
  })
})

describe('tools/call without a progressToken', () => {
  it('answers with plain JSON (MCP 2026-07-28 basic/patterns/progress)', async t => {
    const response = await call(t, reporting([10]), {})
    assert.equal(response.headers.get('content-type'), 'application/json')
  })
})
