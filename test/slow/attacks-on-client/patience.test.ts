/** Peers that never answer, drip, or are not there: how long the client waits for them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertEnds, makeHome, runClient } from '../../run-client.ts'
import type { TestContext } from '../../harness.ts'
import { result, startPeer } from '../../peer.ts'
import { attack } from '../../attacks/attack.ts'
import { drip, jsonHead, listAt, run, startRawPeer, streamHead } from '../../attacks-on-client/hostile.ts'

describe('The client: peers that never finish', { concurrency: 10 }, () => {
  for (const [what, defence, start] of [
    ['a peer that never answers', 'src/base/client/http.ts: AbortSignal.timeout(this.limit)', (t: TestContext) => startRawPeer(t, () => {})],
    ['a status line that arrives letter by letter', 'src/base/client/http.ts: AbortSignal.timeout(this.limit)', (t: TestContext) => startRawPeer(t, async socket => {
      socket.write('HTTP/1.1 200 O')
      await drip(socket, 'O', 500)
    })],
    ['endless headers', 'src/base/client/http.ts: AbortSignal.timeout(this.limit)', (t: TestContext) => startRawPeer(t, async socket => {
      socket.write('HTTP/1.1 200 OK\r\n')
      await drip(socket, 'x: y\r\n', 1000)
    })],
    ['endless interim responses', 'src/base/client/http.ts: AbortSignal.timeout(this.limit)', (t: TestContext) => startRawPeer(t, socket => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', 500))],
    ['a body that drips', 'src/base/client/http.ts: AbortSignal.timeout(this.limit)', (t: TestContext) => startRawPeer(t, async socket => {
      socket.write(jsonHead)
      await drip(socket, ' ', 300)
    })],
    ['an event stream that sends comments forever', 'src/base/client/http.ts: trace.budget.spendTime(now - this.counted)', (t: TestContext) => startRawPeer(t, async socket => {
      socket.write(streamHead)
      await drip(socket, ': still there\n\n', 300)
    })],
    ['an event stream that ends and asks to reconnect, forever', 'src/client/mcp/streamable-http.ts: performance.now() + pause > deadline', (t: TestContext) => startRawPeer(t, async socket => {
      socket.write(`${streamHead}retry: 5000\nid: 1\ndata:\n\n`)
      await sleep(6000)
      socket.end()
    })],
    ['slow responses, one after another', 'src/base/client/http.ts: trace.budget.spendTime(now - this.counted)', (t: TestContext) => startRawPeer(t, async (socket, head) => {
      await sleep(12_000)
      socket.end(`HTTP/1.1 ${head.startsWith('POST') ? '401 Unauthorized' : '404 Not Found'}\r\ncontent-length: 0\r\n\r\n`)
    })],
  ] as const) {
    attack(`keeps the client waiting with ${what}`, defence, async t => {
      const { url } = await start(t)
      const { code, stderr } = await run(t, url, '--authorize', '--headless')
      assert.ok(code === 5 || code === 6, `${code}: ${stderr}`)
    })
  }

  attack('sends one slow page of tools after another', 'src/base/client/http.ts: trace.budget.spendTime(now - this.counted)', async t => {
    const { code } = await listAt(t, { 'tools/list': async ({ id }) => {
      await sleep(5000)
      return result(id, { tools: [], nextCursor: 'on', ttlMs: 0, cacheScope: 'private' })
    } })
    assert.equal(code, 6)
  })
})

describe('The client: peers that it cannot connect to', { concurrency: 3 }, () => {
  attack('names a port where nobody listens', 'src/base/client/http.ts: connectLimit)', async t => {
    const peer = await startPeer(t)
    await peer.close()
    const ended = await run(t, peer.url, '--list-tools')
    assertEnds(ended, 6, /cannot be reached: ECONNREFUSED/)
  })

  attack('accepts no connection', 'src/base/client/http.ts: connectLimit)', async t => {
    const ended = await run(t, await startUnconnectable(t), '--list-tools')
    assertEnds(ended, 6, /cannot be reached: ETIMEDOUT/)
  })

  attack('names an address that drops all packets (RFC 5737)', 'src/base/client/http.ts: connectLimit)', async t => {
    const ended = await runClient(t, await makeHome(t), ['--server-url', 'https://192.0.2.1/mcp', '--list-tools'])
    assertEnds(ended, 6, /^Error: https:\/\/192\.0\.2\.1 cannot be reached: \w+/m)
  })
})

/** The URL of a process that was stopped and whose queue of connections is full: what comes now gets no answer. */
async function startUnconnectable(t: TestContext): Promise<string> {
  const program = 'const server = require("node:net").createServer().listen(0, "127.0.0.1", 1, () => console.log(server.address().port))'
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(async () => { child.kill('SIGKILL') })
  const port = Number(String((await once(child.stdout, 'data'))[0]))
  child.kill('SIGSTOP')
  for (let i = 0; i < 4; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    t.after(async () => { socket.destroy() })
  }
  await sleep(200)
  return `http://127.0.0.1:${port}`
}
