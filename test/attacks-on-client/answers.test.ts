/** Answers that are endless, dripping, silent, looping or huge, against the client as a program. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Budget } from '../../src/base/client/budget.ts'
import { parseChallenges } from '../../src/base/protocol/challenge.ts'
import { parseEventStream } from '../../src/client/mcp/event-stream.ts'
import { send } from '../../src/base/client/http.ts'
import { Trace } from '../../src/base/client/trace.ts'
import { assertLinear } from '../growth.ts'
import { assertEnds } from '../run-client.ts'
import { assertFails, assertUntrusted, eventStream, json, legacyMethods, result, startPeer, validMetadata } from '../peer.ts'
import { attack } from '../attacks/attack.ts'
import { drip, jsonHead, listAt, run, startRawPeer, streamHead } from './hostile.ts'

describe('The client: endless responses', { concurrency: 4 }, () => {
  attack('sends an endless body at full speed', 'answer-is-bounded', async t => {
    const peer = await startRawPeer(t, async socket => {
      socket.write(jsonHead)
      await drip(socket, ' '.repeat(1024 * 1024), 0)
    })
    assertEnds(await run(t, peer.url, '--list-tools'), 5, /rule answer-is-bounded/)
  })

  attack('sends headers of 60 kB', 'src/base/client/http.ts: maxHeaderSize: headLimit', async t => {
    const peer = await startPeer(t)
    peer.on('POST /mcp', { status: 401, headers: { 'www-authenticate': `Bearer scope="${'x'.repeat(60_000)}"` } })
    const ended = await run(t, peer.url, '--authorize', '--headless')
    assertEnds(ended, 5, /sent more than 16384 bytes/)
  })

  attack('sends one endless event', 'answer-is-bounded', async t => {
    const peer = await startRawPeer(t, async socket => {
      socket.write(`${streamHead}data: `)
      await drip(socket, 'x'.repeat(1024 * 1024), 0)
    })
    assertEnds(await run(t, peer.url, '--list-tools'), 5, /rule answer-is-bounded/)
  })

  attack('sends page after page of tools, each of 3 MB', 'src/base/client/http.ts: trace.budget.spendBytes(chunk.length)', async t => {
    const tools = [{ name: 'big', description: 'x'.repeat(3 * 1024 * 1024), inputSchema: { type: 'object' } }]
    const ended = await listAt(t, { 'tools/list': ({ id }) => result(id, { tools, nextCursor: 'on', ttlMs: 0, cacheScope: 'private' }) })
    assertEnds(ended, 5, /rule answer-is-bounded/)
  })

  attack('answers slowly again and again, so that a command never ends', 'src/base/client/http.ts: Math.min(timeLimit, trace.budget.timeLeft)', async t => {
    const peer = await startPeer(t)
    peer.on('GET /slow', async () => {
      await sleep(200)
      return json({})
    })
    const trace = new Trace({}, new Budget({ milliseconds: 500, bytes: 1000 }))
    const exchanges = async (): Promise<void> => { for (;;) await send({ method: 'GET', url: `${peer.url}/slow` }, trace) }
    const { message } = await assertFails(exchanges(), { exitCode: 6 })
    assert.match(message, /gave no complete answer/)
    assert.ok(peer.received.length <= 3)
  })
})

describe('The client runs in no circle', { concurrency: 4 }, () => {
  attack('leads from one page of tools to the next in a circle', 'src/client/mcp/mcp-client.ts: page < maxPages', async t => {
    const ended = await listAt(t, { 'tools/list': ({ id }) => result(id, { tools: [], nextCursor: 'same', ttlMs: 0, cacheScope: 'private' }) })
    assertEnds(ended, 4, /does not end after 200 pages/)
  })

  attack('asks for input again and again', 'src/client/mcp/conversation.ts: round < maxRounds', async t => {
    const ended = await listAt(t, { 'tools/list': ({ id }) => result(id, { resultType: 'input_required', requestState: 'again' }) })
    assertEnds(ended, 4, /still asks for input/)
  })

  attack('redirects from the authorization endpoint endlessly', 'src/client/user-agent/headless.ts: hop < maxHops', async t => {
    const peer = await startPeer(t)
    peer.on('GET /.well-known/oauth-protected-resource/mcp', json({ resource: `${peer.url}/mcp`, authorization_servers: [peer.url] }))
    peer.on('GET /.well-known/oauth-authorization-server', json(validMetadata(peer.url)))
    peer.on('POST /register', json({ client_id: 'c', token_endpoint_auth_method: 'none' }, 201))
    peer.on('GET /authorize', { status: 302, headers: { location: '/authorize' } })
    assertEnds(await run(t, peer.url, '--authorize', '--headless'), 4, /redirected more than 10 times/)
    assert.ok(peer.to('GET /authorize').length <= 10)
  })

  attack('sends requests of its own instead of a response', 'answer-is-json-rpc', async t => {
    const pings = Array.from({ length: 500 }, (_, i) => `data: {"jsonrpc":"2.0","id":${i},"method":"ping"}\n\n`)
    const ended = await listAt(t, legacyMethods({ 'tools/list': eventStream(...pings) }))
    assert.equal(ended.code, 5, ended.stderr)
  })
})

describe('The client rejects misleading JSON', { concurrency: 4 }, () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  const texts: readonly (readonly [string, string])[] = [
    ['is deeper than any stack', `{"jsonrpc":"2.0","id":1,"result":{"content":${deep}}}`],
    ['names a member twice', '{"jsonrpc":"2.0","id":1,"result":{},"result":{"content":[]}}'],
    ['has a member __proto__', '{"jsonrpc":"2.0","id":1,"result":{"__proto__":{"resultType":"complete"},"content":[]}}'],
    ['is not JSON', '{"jsonrpc":'],
    ['is a number', '7'],
  ]
  for (const [what, text] of texts) {
    attack(`answers JSON that ${what}`, 'answer-is-json-rpc', async t => {
      const ended = await listAt(t, { 'tools/list': { headers: { 'content-type': 'application/json' }, body: text } })
      assertEnds(ended, 5, /rule answer-is-json-rpc/)
    })
  }

  for (const [what, text] of texts.slice(0, 4)) {
    attack(`serves metadata that ${what}`, 'document-is-json', async t => {
      const peer = await startPeer(t)
      peer.on('GET /.well-known/oauth-protected-resource/mcp', {
        headers: { 'content-type': 'application/json' }, body: text.replaceAll('"result"', '"resource"'),
      })
      assertEnds(await run(t, peer.url, '--authorize', '--headless'), 5, /rule document-is-json/)
    })
  }
})

describe('The client reads 60 kB in linear time', () => {
  const challenges: readonly (readonly [string, (size: number) => string])[] = [
    ['spaces', size => `Bearer${' '.repeat(size)}x`], ['commas', size => `Bearer ${','.repeat(size)}`],
    ['an unclosed quotation', size => `Bearer a="${'x'.repeat(size)}`], ['backslashes', size => `Bearer a="${'\\'.repeat(size)}`],
    ['equal signs', size => `Bearer ${'='.repeat(size)}`], ['one token', size => 'x'.repeat(size)], ['tokens', size => 'x '.repeat(size / 2)],
    ['parameters', size => `Bearer ${'a="b",'.repeat(size / 6)}`], ['half parameters', size => `Bearer ${'a= '.repeat(size / 3)}`],
    ['a token68', size => `Bearer ${'x'.repeat(size / 2)}${'='.repeat(size / 2)}x`],
  ]
  for (const [what, header] of challenges) {
    attack(`sends a challenge of ${what}, 60 kB long`, 'src/base/protocol/challenge.ts: const part =', async () => {
      await assertLinear(60_000, size => parseChallenges(header(size)))
    })
  }

  attack('sends an event of 60 kB character by character', 'src/client/mcp/event-stream.ts: lines.pop()!', async () => {
    async function* letters(size: number): AsyncGenerator<string> {
      for (let i = 0; i < size; i++) yield 'x'
      yield '\n\n'
    }
    await assertLinear(60_000, async size => {
      for await (const _event of parseEventStream(letters(size), { retry: undefined, lastEventId: undefined })) { /* none */ }
    })
  })
})

describe('A peer that does not speak HTTP', () => {
  for (const [what, bytes] of [
    ['an SSH banner', 'SSH-2.0-OpenSSH_9.6\r\n'], ['noise', '\u0000\u0001\u0002'], ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['half a response', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-type: application/json\r\n\r\n{'],
  ] as const) {
    attack(`sends ${what} instead of HTTP`, 'src/base/client/http.ts: code?.startsWith(\'HPE_\')', async t => {
      const peer = await startRawPeer(t, socket => socket.end(bytes))
      await assertFails(send({ method: 'GET', url: peer.url }, new Trace()), { exitCode: 6 })
    })
  }

  attack('sends an endless response head', 'src/base/client/http.ts: maxHeaderSize: headLimit', async t => {
    const peer = await startRawPeer(t, async socket => {
      socket.write('HTTP/1.1 200 OK\r\n')
      await drip(socket, `x: ${'y'.repeat(1000)}\r\n`, 0)
    })
    await assertUntrusted(send({ method: 'GET', url: peer.url }, new Trace()), 'answer-is-bounded')
  })
})
