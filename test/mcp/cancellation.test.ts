import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tool } from '../../src/tools/tool.ts'
import { bearer, callModern, craftToken, modernMeta, readJson, startServer, type Members, type TestContext, type TestServer } from '../harness.ts'

/** A server whose only tool does `work` after a delay, when it began, and how the work ended. */
async function start(t: TestContext, work: (signal: () => AbortSignal) => Promise<unknown>, delay = 0) {
  let begin = (): void => {}
  let end = (_: unknown): void => {}
  const begun = new Promise<void>(resolve => { begin = resolve })
  const ended = new Promise<unknown>(resolve => { end = resolve })
  const tool: Tool = {
    name: 'work', description: 'Works', inputSchema: { type: 'object' },
    async run(_args, _caller, round) {
      round.progress(1)
      begin()
      if (delay > 0) await sleep(delay)
      try {
        end(await work(() => round.signal))
      } catch (error) {
        end((error as Error).name)
        throw error
      }
      return { text: 'done' }
    },
  }
  return { server: await startServer(t, {}, { tools: [tool] }), begun, ended }
}

const wait = (signal: () => AbortSignal) => sleep(20_000, 'waited', { signal: signal(), ref: false })

/** Calls the tool, and goes away when it has begun. */
async function callAndLeave(server: TestServer, begun: Promise<void>, meta: Members, headers: Record<string, string>): Promise<void> {
  const leaving = new AbortController()
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'work', arguments: {}, _meta: meta } }
  const answered = fetch(`${server.url}/mcp`, {
    method: 'POST', signal: leaving.signal, body: JSON.stringify(message), headers: {
      'content-type': 'application/json', 'accept': 'application/json, text/event-stream', ...bearer(craftToken(server)), ...headers,
    },
  }).then(response => response.text())
  await begun
  await sleep(50)
  leaving.abort()
  await assert.rejects(answered)
}

const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'work' }

describe('A client that disconnects', () => {
  it('cancels its request, and the tool can stop (MCP 2026-07-28 basic/patterns/cancellation)', async t => {
    const { server, begun, ended } = await start(t, wait)
    await callAndLeave(server, begun, modernMeta(), modern)
    assert.equal(await ended, 'AbortError')
  })

  it('cancels its request by closing the event stream (MCP 2026-07-28 basic/transports/streamable-http, Cancellation)', async t => {
    const { server, begun, ended } = await start(t, wait)
    await callAndLeave(server, begun, modernMeta({ progressToken: 1 }), modern)
    assert.equal(await ended, 'AbortError')
  })

  it('cancels its request for a tool that reads the signal later', async t => {
    const { server, begun, ended } = await start(t, async signal => signal().aborted, 300)
    await callAndLeave(server, begun, modernMeta(), modern)
    assert.equal(await ended, true)
  })

  it('causes no error in the log', async t => {
    const { server, begun, ended } = await start(t, wait)
    await callAndLeave(server, begun, modernMeta(), modern)
    await ended
    await sleep(20)
    assert.deepEqual(server.log.filter(line => line.includes('AbortError')), [])
  })

  it('cancels nothing in the legacy era (MCP 2025-11-25 basic/transports, Sending Messages to the Server)', async t => {
    const { server, begun, ended } = await start(t, async signal => sleep(200, 'waited', { signal: signal() }))
    await callAndLeave(server, begun, {}, {})
    assert.equal(await ended, 'waited')
  })

  it('gets its response if it stays connected', async t => {
    const { server } = await start(t, async signal => signal().aborted)
    const response = await callModern(server, craftToken(server), 'tools/call', { name: 'work', arguments: {} })
    assert.equal((await readJson(response))['result'].content[0].text, 'done')
  })
})
