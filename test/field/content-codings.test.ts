/** Answers that are compressed although the client asked for identity: proxies that always compress. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliCompressSync, constants, createGzip, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import type { TestContext } from '../harness.ts'
import { addOpenServer, assertUntrusted, clientOf, discovery, startHonestPeer, startPeer, type Answer } from '../peer.ts'

const encoders: Record<string, [coding: string, encode: (text: string) => Buffer]> = {
  'gzip': ['gzip', gzipSync],
  'x-gzip, its old name': ['x-gzip', gzipSync],
  'GZIP in capitals': ['GZIP', gzipSync],
  'deflate': ['deflate', deflateSync],
  'deflate without the zlib wrapper': ['deflate', deflateRawSync],
  'br': ['br', brotliCompressSync],
  'gzip and then br, by two proxies': ['gzip, br', text => brotliCompressSync(gzipSync(text))],
  'identity and gzip': ['identity, gzip', gzipSync],
  'identity': ['identity', Buffer.from],
}

/** Sends `body` in parts of `size` bytes. */
function encoded(body: Buffer, coding: string | string[], type = 'application/json', size = 1000): Answer {
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
  }
  return { headers: { 'content-type': type, 'content-encoding': coding }, body: parts() }
}

const toolList = (id: unknown): string => (
  JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', tools: [{ name: 'Zürich 世界', inputSchema: {} }] } }))

async function listTools(t: TestContext, answer: (id: unknown) => Answer): Promise<readonly string[]> {
  const peer = await startPeer(t)
  addOpenServer(peer, { 'tools/list': ({ id }) => answer(id) })
  const client = clientOf(peer.url)
  await client.connect()
  return (await client.listTools()).map(({ name }) => name)
}

describe('An answer is read although it is compressed (RFC 9110 section 8.4)', () => {
  for (const [what, [coding, encode]] of Object.entries(encoders)) {
    it(`by ${what}: a JSON-RPC response`, async t => {
      assert.deepEqual(await listTools(t, id => encoded(encode(toolList(id)), coding)), ['Zürich 世界'])
    })

    it(`by ${what}: a JSON-RPC response, byte by byte`, async t => {
      assert.deepEqual(await listTools(t, id => encoded(encode(toolList(id)), coding, 'application/json', 1)), ['Zürich 世界'])
    })

    it(`by ${what}: an event stream`, async t => {
      const stream = (id: unknown): Buffer => encode(`data: ${toolList(id)}\n\n`)
      assert.deepEqual(await listTools(t, id => encoded(stream(id), coding, 'text/event-stream')), ['Zürich 世界'])
    })

    it(`by ${what}: metadata, registration and tokens`, async t => {
      const peer = await startHonestPeer(t)
      for (const target of [
        'GET /.well-known/oauth-protected-resource/mcp', 'GET /.well-known/oauth-authorization-server', 'POST /register', 'POST /token',
      ]) {
        const route = peer.route(target)!
        peer.on(target, async received => {
          const { status = 200, body } = typeof route === 'function' ? await route(received) : route
          return { ...encoded(encode(String(body)), coding), status }
        })
      }
      assert.ok((await clientOf(peer.url).authorizer.authorize()).access_token)
    })
  }

  it('by gzip on two header lines', async t => {
    assert.deepEqual(await listTools(t, id => encoded(gzipSync(toolList(id)), ['gzip', 'gzip'])), ['Zürich 世界'])
  })

  it('by gzip: an event that arrives before the stream ends', async t => {
    async function* open(id: unknown): AsyncGenerator<Uint8Array> {
      const gzip = createGzip()
      gzip.write(`data: ${toolList(id)}\n\n`)
      await new Promise<void>(resolve => gzip.flush(constants.Z_SYNC_FLUSH, resolve))
      yield gzip.read() as Uint8Array
      await new Promise(() => {})
    }
    const names = await listTools(t, id => ({ headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }, body: open(id) }))
    assert.deepEqual(names, ['Zürich 世界'])
  })

  for (const status of [200, 202, 404]) {
    it(`if it is empty and has status ${status}`, async t => {
      const peer = await startPeer(t)
      addOpenServer(peer, { 'server/discover': { status, headers: { 'content-encoding': 'gzip' } } })
      await assertUntrusted(clientOf(peer.url, { protocolVersions: ['2026-07-28'] }).connect(), 'protocol-version-is-shared')
    })
  }
})

describe('A compressed answer that cannot be read is refused, and its coding is named', () => {
  const rows: Record<string, [coding: string, body: Buffer]> = {
    'zstd': ['zstd', Buffer.from('28b52ffd', 'hex')],
    'compress': ['compress', Buffer.from('1f9d90', 'hex')],
    'a coding that nobody knows': ['rot13', Buffer.from('{}')],
    'gzip and zstd': ['gzip, zstd', gzipSync('{}')],
    'more codings than proxies apply': ['gzip, br, deflate', deflateSync(brotliCompressSync(gzipSync('{}')))],
    'gzip, with a body that is not compressed': ['gzip', Buffer.from('{"jsonrpc":"2.0"}')],
    'br, with a body that is not compressed': ['br', Buffer.from('{"jsonrpc":"2.0"}')],
    'deflate, with a body that is not compressed': ['deflate', Buffer.from('{"jsonrpc":"2.0"}')],
    'gzip, with a body that is damaged': ['gzip', Buffer.from(gzipSync('{"jsonrpc":"2.0"}').fill(0xff, 12, 16))],
  }
  for (const [what, [coding, body]] of Object.entries(rows)) {
    it(what, async t => {
      const { message } = await assertUntrusted(listTools(t, () => encoded(body, coding)), 'content-coding-is-readable')
      assert.ok(message.endsWith(`/mcp (HTTP 200) answered with the content coding ${coding}, which this client cannot undo`), message)
    })
  }
})

describe('What a compressed answer inflates to is bounded (RFC 9700 section 4.16)', () => {
  const bomb = gzipSync(' '.repeat(32 * 1024 * 1024))
  const rows: Record<string, [coding: string, body: Buffer]> = {
    '32 MB of blanks as gzip': ['gzip', bomb],
    '32 MB of blanks as deflate': ['deflate', deflateSync(' '.repeat(32 * 1024 * 1024))],
    '32 MB of blanks as br': ['br', brotliCompressSync(Buffer.alloc(32 * 1024 * 1024, ' '), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
    '32 MB of blanks as gzip and br': ['gzip, br', brotliCompressSync(bomb)],
  }
  for (const [what, [coding, body]] of Object.entries(rows)) {
    it(what, async t => {
      assert.ok(body.length < 100_000)
      const { message } = await assertUntrusted(listTools(t, () => encoded(body, coding, 'application/json', 100_000)), 'answer-is-bounded')
      assert.match(message, /sent more than 4194304 bytes/)
    })
  }

  it('counts what inflates to nothing', async t => {
    // Empty blocks of deflate: bytes come in, none come out.
    async function* empty(): AsyncGenerator<Uint8Array> {
      const block = Buffer.from('0000 00ff ff'.replaceAll(' ', ''), 'hex')
      for (let i = 0; i < 100; i++) yield Buffer.concat(Array<Uint8Array>(20_000).fill(block))
    }
    const answer: Answer = { headers: { 'content-type': 'application/json', 'content-encoding': 'deflate' }, body: empty() }
    await assertUntrusted(listTools(t, () => answer), 'answer-is-bounded')
  })

  it('asks for no coding', async t => {
    const peer = await startPeer(t)
    addOpenServer(peer, { 'server/discover': ({ id }) => encoded(gzipSync(JSON.stringify({ jsonrpc: '2.0', id, result: discovery() })), 'gzip') })
    await clientOf(peer.url).connect()
    assert.equal(peer.received[0]?.headers['accept-encoding'], 'identity')
  })
})
