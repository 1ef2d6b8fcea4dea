import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseEventStream, type EventStreamState } from '../../src/client/mcp/event-stream.ts'
import type { McpClient, McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addOpenServer, assertUntrusted, brokenOff, clientOf, each, eventStream, jsonOf, legacyMethods, messagesTo, record, sessionId,
  startPeer, type Answer, type Method, type Peer,
} from '../peer.ts'

interface Parsed {
  readonly events: readonly string[]
  readonly state: EventStreamState
}

async function parse(...parts: readonly string[]): Promise<Parsed> {
  const state: EventStreamState = { retry: undefined, lastEventId: undefined }
  const events: string[] = []
  for await (const { data } of parseEventStream(each(parts), state)) events.push(data)
  return { events, state }
}

describe('parseEventStream()', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ['joins the lines of one event', 'data: YHOO\ndata: +2\ndata: 10\n\n', ['YHOO\n+2\n10']],
    ['ends an event at an empty line', 'data: a\n\ndata: b\n\n', ['a', 'b']],
    ['ignores a comment', ': test stream\n\n:\n\ndata: first event\n:in between\nid: 1\n\n', ['first event']],
    ['drops one space after the colon', 'data:test\n\ndata: test\n\ndata:  third event\n\n', ['test', 'test', ' third event']],
    ['keeps colons in the value', 'data: {"a":"b:c"}\n\n', ['{"a":"b:c"}']],
    ['reads lines that end in CR LF', 'data: a\r\ndata: b\r\n\r\n', ['a\nb']],
    ['reads lines that end in CR', 'data: a\rdata: b\r\r', ['a\nb']],
    ['reads mixed line ends', 'data: a\r\n\rdata: b\n\r\ndata: c\r\r\n', ['a', 'b', 'c']],
    ['ignores unknown fields', 'event: message\nfoo: bar\nbaz\ndata: a\n\n', ['a']],
    ['yields no event without data', 'id: 1\ndata:\n\ndata\n\nretry: 5\n\n', []],
    ['drops an unfinished event', 'data: a\n\ndata: b\n', ['a']],
  ]
  for (const [what, text, expected] of cases) {
    it(`${what} (WHATWG HTML section 9.2.6)`, async () => assert.deepEqual((await parse(text)).events, expected))

    it(`${what}, however the text is split`, async () => {
      for (let at = 0; at <= text.length; at++) {
        assert.deepEqual((await parse(text.slice(0, at), text.slice(at))).events, expected, `cut at ${at}`)
      }
      assert.deepEqual((await parse(...text)).events, expected, 'character by character')
    })
  }

  it('keeps the last event id, and clears it if the id is empty (WHATWG HTML section 9.2.6)', async () => {
    assert.equal((await parse('id: 1\ndata: a\n\nid: 2\n\n')).state.lastEventId, '2')
    assert.equal((await parse('id: 1\n\nid\n\n')).state.lastEventId, '')
  })

  it('ignores an id with a null character (WHATWG HTML section 9.2.6)', async () => {
    assert.equal((await parse('id: 1\n\nid: 2\0\n\n')).state.lastEventId, '1')
  })

  for (const [text, expected] of [['2500', 2500], ['0', 0], ['soon', undefined], ['-1', undefined], ['1.5', undefined], ['', undefined]] as const) {
    it(`reads retry: ${text || '(nothing)'} as ${expected ?? 'no value'} (WHATWG HTML section 9.2.6)`, async () => {
      assert.equal((await parse(`retry: ${text}\n\n`)).state.retry, expected)
    })
  }
})

function event(message: Members, fields = ''): string {
  return `${fields}data: ${JSON.stringify(message)}\n\n`
}

function answerTo(id: unknown, text = 'done'): Members {
  return { jsonrpc: '2.0', id, result: { resultType: 'complete', content: [{ type: 'text', text }] } }
}

/** Connects a client, to a modern server unless `methods` are legacy. `call` returns the text of a tool result. */
async function connect(
  t: TestContext, methods: Readonly<Record<string, Method>>, options: Partial<McpClientOptions> = {},
): Promise<{ peer: Peer; client: McpClient; call: () => Promise<string> }> {
  const peer = await startPeer(t)
  addOpenServer(peer, methods)
  const client = clientOf(peer.url, options)
  await client.connect()
  const call = async (): Promise<string> => ((await client.callTool('echo', {}))['content'] as Members[])[0]!['text']
  return { peer, client, call }
}

describe('an answer in an event stream', () => {
  const answers: readonly (readonly [string, (id: number) => Answer])[] = [
    ['one event', id => eventStream(event(answerTo(id)))],
    ['an event in many parts', id => eventStream(...event(answerTo(id)).match(/.{1,7}|\n/gs)!)],
    ['lines that end in CR LF', id => eventStream(...event(answerTo(id)).replaceAll('\n', '\r\n').split(/(?<=\r)/))],
    ['comments before and inside', id => eventStream(': hello\n\n', event(answerTo(id), ': inside\n'))],
    ['data in several lines', id => eventStream(`${JSON.stringify(answerTo(id), null, 2).replace(/^/gm, 'data: ')}\n\n`)],
    ['an event name', id => eventStream(event(answerTo(id), 'event: message\n'))],
    ['notifications before it', id => eventStream(
      event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1 } }), event(answerTo(id)),
    )],
    ['a content type with parameter and capitals', id => ({
      headers: { 'content-type': 'Text/Event-Stream; charset=utf-8' }, body: each([event(answerTo(id))]),
    })],
  ]
  for (const [what, answer] of answers) {
    it(`is read from ${what} (MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages)`, async t => {
      const { call } = await connect(t, { 'tools/call': ({ id }) => answer(id) })
      assert.equal(await call(), 'done')
    })
  }

  it('is read even if a character arrives in two halves', async t => {
    async function* halves(id: unknown): AsyncGenerator<Uint8Array> {
      const bytes = Buffer.from(event(answerTo(id, 'Zürich 世界')))
      const middle = bytes.indexOf(Buffer.from('世')) + 1
      yield bytes.subarray(0, middle)
      await new Promise(resolve => setTimeout(resolve, 20))
      yield bytes.subarray(middle)
    }
    const { call } = await connect(t, {
      'tools/call': ({ id }) => ({ headers: { 'content-type': 'text/event-stream' }, body: halves(id) }),
    })
    assert.equal(await call(), 'Zürich 世界')
  })

  it('ends the wait even if the stream stays open', async t => {
    let end = (): void => {}
    t.after(async () => end())
    async function* open(id: unknown): AsyncGenerator<string> {
      yield event(answerTo(id))
      await new Promise<void>(resolve => { end = resolve })
    }
    const { call } = await connect(t, { 'tools/call': ({ id }) => ({ headers: { 'content-type': 'text/event-stream' }, body: open(id) }) })
    assert.equal(await call(), 'done')
  })

  const refused: readonly (readonly [string, (id: number) => Answer])[] = [
    ['no answer', () => eventStream(': nothing\n\n')],
    ['the answer to another request', id => eventStream(event(answerTo(id + 1)))],
    ['something that is not JSON', () => eventStream('data: hello\n\n')],
    ['JSON that is not JSON-RPC', () => eventStream('data: {"hello":"world"}\n\n')],
  ]
  for (const [what, answer] of refused) {
    it(`is missing from a stream with ${what} (MCP 2026-07-28 basic, Messages)`, async t => {
      const { call } = await connect(t, { 'tools/call': ({ id }) => answer(id) })
      await assertUntrusted(call, 'answer-is-json-rpc')
    })
  }

  it('is shown in the trace without its secrets, even if its data has several lines', async t => {
    const { trace, exchanges } = record()
    const message = { ...answerTo(0), result: { resultType: 'complete', content: [{ type: 'text', text: 'done' }], access_token: 'the-secret' } }
    const { call } = await connect(t, {
      'tools/call': ({ id }) => eventStream(`${JSON.stringify({ ...message, id }, null, 2).replace(/^/gm, 'data: ')}\n\n`),
    }, { trace })
    await call()
    const shown = exchanges.at(-1)!.responseBody
    assert.equal(shown.includes('the-secret'), false)
    assert.match(shown, /"access_token":"sha256:/)
  })
})

describe('a request of the server in an event stream', () => {
  const ask = (method: string, params?: Members): Method => ({ id }) => eventStream(
    event({ jsonrpc: '2.0', id: 'from-server', method, params }), event(answerTo(id)),
  )
  const accepted: Readonly<Record<string, Method>> = { 'a response': { status: 202 } }

  it('of the legacy era is answered if it is a ping (MCP 2025-11-25 basic/utilities/ping)', async t => {
    const { peer, call } = await connect(t, legacyMethods({ 'tools/call': ask('ping'), ...accepted }))
    assert.equal(await call(), 'done')
    assert.deepEqual(messagesTo(peer).at(-1), { jsonrpc: '2.0', id: 'from-server', result: {} })
    const { headers } = peer.received.at(-1)!
    assert.deepEqual([headers['mcp-session-id'], headers['mcp-protocol-version']], [sessionId, '2025-11-25'])
  })

  it('of the legacy era is answered by its handler', async t => {
    const options: Partial<McpClientOptions> = { handlers: { 'elicitation/create': params => ({ action: 'accept', content: params }) } }
    const { peer, call } = await connect(t, legacyMethods({ 'tools/call': ask('elicitation/create', { message: 'Name?' }), ...accepted }), options)
    assert.equal(await call(), 'done')
    assert.deepEqual(messagesTo(peer).at(-1)?.['result'], { action: 'accept', content: { message: 'Name?' } })
  })

  it('of the legacy era is answered with an error if there is no handler (JSON-RPC 2.0 section 5.1)', async t => {
    const { peer, call } = await connect(t, legacyMethods({ 'tools/call': ask('roots/list'), ...accepted }))
    assert.equal(await call(), 'done')
    assert.equal(messagesTo(peer).at(-1)?.['error'].code, -32601)
  })

  it('of the modern era gets no response, because a client must not send any (MCP 2026-07-28 basic/transports/streamable-http, Sending Messages)', async t => {
    const { peer, call } = await connect(t, { 'tools/call': ask('ping') })
    assert.equal(await call(), 'done')
    assert.deepEqual(messagesTo(peer).map(({ method }) => method), ['server/discover', 'tools/list', 'tools/call'])
  })
})

// MCP 2025-11-25 basic/transports, Resumability and Redelivery
describe('a stream of the legacy era that ends before its answer', () => {
  const priming = 'id: event-1\nretry: 5\ndata:\n\n'

  /** A peer whose calls end in `first` and are continued with what `next` gives to each GET. */
  async function interrupted(
    t: TestContext, first: Answer, next: (round: number, id: unknown) => Answer, methods = legacyMethods(),
  ): Promise<{ peer: Peer; call: () => Promise<string> }> {
    const { peer, call } = await connect(t, { ...methods, 'tools/call': first })
    let round = 0
    peer.on('GET /mcp', () => next(++round, jsonOf(peer.to('POST /mcp').at(-1)!)['id']))
    return { peer, call }
  }

  it('is resumed where it ended (MCP 2025-11-25 basic/transports, Resumability and Redelivery)', async t => {
    const { peer, call } = await interrupted(t, eventStream(priming), (_round, id) => eventStream(event(answerTo(id))))
    assert.equal(await call(), 'done')
    const { headers } = peer.to('GET /mcp')[0]!
    assert.deepEqual({
      accept: headers.accept, id: headers['last-event-id'], session: headers['mcp-session-id'], version: headers['mcp-protocol-version'],
    }, { accept: 'text/event-stream', id: 'event-1', session: sessionId, version: '2025-11-25' })
  })

  it('is resumed after the connection was lost (MCP 2025-11-25 basic/transports, Resumability and Redelivery)', async t => {
    const broken: Answer = { headers: { 'content-type': 'text/event-stream' }, body: brokenOff(priming) }
    const { call } = await interrupted(t, broken, (_round, id) => eventStream(event(answerTo(id))))
    assert.equal(await call(), 'done')
  })

  it('is resumed each time it ends, from the last event', async t => {
    const { peer, call } = await interrupted(t, eventStream(priming), (round, id) => round < 3
      ? eventStream(event({ jsonrpc: '2.0', method: 'notifications/progress' }, `id: event-${round + 1}\n`))
      : eventStream(event(answerTo(id))))
    assert.equal(await call(), 'done')
    assert.deepEqual(peer.to('GET /mcp').map(({ headers }) => headers['last-event-id']), ['event-1', 'event-2', 'event-3'])
  })

  it('is abandoned after five attempts', async t => {
    const { peer, call } = await interrupted(t, eventStream(priming), () => eventStream(': nothing\n\n'))
    await assertUntrusted(call, 'answer-is-json-rpc')
    assert.equal(peer.to('GET /mcp').length, 5)
  })

  it('is abandoned if the server does not resume it', async t => {
    const { peer, call } = await interrupted(t, eventStream(priming), () => ({ status: 405 }))
    await assertUntrusted(call, 'answer-is-json-rpc')
    assert.equal(peer.to('GET /mcp').length, 1)
  })

  it('is abandoned at once without an event id', async t => {
    const { peer, call } = await interrupted(t, eventStream('retry: 5\n\n'), () => ({ status: 405 }))
    await assertUntrusted(call, 'answer-is-json-rpc')
    assert.equal(peer.to('GET /mcp').length, 0)
  })
})

describe('a stream of the modern era that ends before its answer', () => {
  it('is not resumed (MCP 2026-07-28 basic/transports/streamable-http, Receiving Messages)', async t => {
    const { peer, call } = await connect(t, { 'tools/call': eventStream('id: event-1\nretry: 5\ndata:\n\n') })
    await assertUntrusted(call, 'answer-is-json-rpc')
    assert.equal(peer.to('GET /mcp').length, 0)
  })
})
