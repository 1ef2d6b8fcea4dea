import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe } from 'node:test'
import { MemoryStore } from '../../src/base/store/memory.ts'
import {
  authorizationParameters, bearer, callMcp, callModern, craftToken, get, openSocket, postForm, postJson, readJson, register,
  ruleOf, sendRaw, startServer, validMetadata, type RawResponse, type TestServer,
} from '../harness.ts'
import { attack } from './attack.ts'

const host = (server: TestServer) => `Host: localhost:${server.port}`
const form = 'Content-Type: application/x-www-form-urlencoded'

/** Everything that comes until the server closes the connection. */
async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('error', () => {})
  socket.on('data', chunk => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

/** Sends bytes as they are and reads until the server closes the connection. */
async function sendBytes(server: TestServer, bytes: string): Promise<RawResponse> {
  const socket = openSocket(server)
  socket.write(bytes)
  const text = await readToEnd(socket)
  const end = text.indexOf('\r\n\r\n')
  return { status: Number(text.split(' ', 2)[1]), head: text.slice(0, end), body: text.slice(end + 4) }
}

/** Asserts that a reply has the headers of all replies, and a JSON body that says what is wrong. */
function assertRefusal({ status, head, body }: RawResponse, expected: number, rule?: string): void {
  assert.equal(status, expected, head)
  assert.match(head, /^x-content-type-options: nosniff$/im)
  assert.match(head, /^content-security-policy: default-src 'none'/im)
  assert.match(head, /^cache-control: no-store$/im)
  assert.doesNotMatch(head, /^(?:server|x-powered-by):/im)
  const { error, error_description, error_uri } = JSON.parse(body)
  assert.ok(typeof error === 'string' && typeof error_description === 'string')
  if (rule !== undefined) assert.equal(ruleOf(error_uri), rule)
}

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

describe('HTTP', { concurrency: true }, () => {
  // --- Two readings of one request ---

  const smuggling: Record<string, (server: TestServer) => string> = {
    'two different Content-Length lines': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: 3', 'Content-Length: 4') + 'a=1',
    'the same Content-Length twice': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: 3', 'Content-Length: 3') + 'a=1',
    'a list as Content-Length': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: 3, 3') + 'a=1',
    'Content-Length and Transfer-Encoding': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: 3', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    'Transfer-Encoding and Content-Length': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Transfer-Encoding: chunked', 'Content-Length: 3') + '0\r\n\r\n',
    'Transfer-Encoding twice': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    'a Transfer-Encoding that does not end in chunked': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Transfer-Encoding: chunked, identity') + '0\r\n\r\n',
    'a signed Content-Length': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: +3') + 'a=1',
    'a negative Content-Length': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: -1'),
    'a hexadecimal Content-Length': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: 0x3') + 'a=1',
    'a Content-Length above all limits': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Content-Length: 99999999999999999999999') + 'a=1',
    'a space before the colon': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Transfer-Encoding : chunked') + '0\r\n\r\n',
    'a folded header': s => lines('GET /health HTTP/1.1', host(s), 'X: a', '  b'),
    'line feeds without carriage returns': s => `GET /health HTTP/1.1\n${host(s)}\n\n`,
    'a carriage return inside a header': s => lines('GET /health HTTP/1.1', `${host(s)}\rX: y`),
    'a NUL in a header': s => lines('GET /health HTTP/1.1', host(s), 'X: a\0b'),
    'a NUL in the target': s => lines('GET /hea\0lth HTTP/1.1', host(s)),
    'a chunk size that is not a number': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Transfer-Encoding: chunked') + 'zz\r\na=1\r\n0\r\n\r\n',
    'a chunk size above all limits': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Transfer-Encoding: chunked') + 'ffffffffffffffffff\r\na=1\r\n0\r\n\r\n',
    'a chunk longer than its size': s => lines('POST /oauth/token HTTP/1.1', host(s), form, 'Transfer-Encoding: chunked') + '1\r\na=1\r\n0\r\n\r\n',
    'a space in the target': s => lines('GET /health x HTTP/1.1', host(s)),
    'no target': s => lines('GET  HTTP/1.1', host(s)),
    'a target that is not ASCII': s => lines('GET /h\u00e9 HTTP/1.1', host(s)),
    'HTTP/1.2': s => lines('GET /health HTTP/1.2', host(s)),
    'a method in lower case': s => lines('get /health HTTP/1.1', host(s)),
    'an unknown method': s => lines('BREW /health HTTP/1.1', host(s)),
    'the preface of HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a TLS client hello': () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'a header line without a colon': s => lines('GET /health HTTP/1.1', host(s), 'Content-Length'),
  }
  for (const [what, bytes] of Object.entries(smuggling)) {
    attack(`sends ${what}`, 'src/base/http/connections.ts: const malformed', async t => {
      const server = await startServer(t)
      assertRefusal(await sendBytes(server, bytes(server)), 400)
      assert.equal((await get(`${server.url}/health`)).status, 200)
    })
  }

  const refused: Record<string, [string, number, (server: TestServer) => string[]]> = {
    'a transfer coding beside chunked': ['transfer-coding-is-chunked', 400, () => ['POST /oauth/token HTTP/1.1', form, 'Transfer-Encoding: gzip, chunked']],
    'Transfer-Encoding: identity': ['transfer-coding-is-chunked', 400, () => ['POST /oauth/token HTTP/1.1', form, 'Transfer-Encoding: identity']],
    'Transfer-Encoding: xchunked': ['transfer-coding-is-chunked', 400, () => ['POST /oauth/token HTTP/1.1', form, 'Transfer-Encoding: xchunked']],
    'Transfer-Encoding in HTTP/1.0': ['transfer-coding-is-chunked', 400, () => ['POST /oauth/token HTTP/1.0', form, 'Transfer-Encoding: chunked']],
    'HTTP/2.0 in the request line': ['http-version-is-one', 400, () => ['GET /health HTTP/2.0']],
    'two Host lines': ['host-is-sent-once', 400, () => ['GET /health HTTP/1.1', 'Host: evil.example']],
    'two Authorization lines': ['authorization-is-sent-once', 400, () => ['POST /mcp HTTP/1.1', 'Authorization: Bearer a', 'Authorization: Bearer b', 'Content-Length: 0']],
    'two Content-Type lines that differ': ['content-type-is-sent-once', 400, () => ['POST /oauth/token HTTP/1.1', form, 'Content-Type: application/json', 'Content-Length: 0']],
    'a second Authorization line after 2,000 others, where Node stops counting': ['authorization-is-sent-once', 400, () => [
      'POST /mcp HTTP/1.1', 'Authorization: Bearer a', ...Array.from({ length: 2050 }, () => 'a:b'), 'Authorization: Bearer b', 'Content-Length: 0']],
    'a compressed body': ['body-is-not-encoded', 415, () => ['POST /oauth/token HTTP/1.1', form, 'Content-Encoding: gzip', 'Content-Length: 0']],
    'two different types in one Content-Type line': ['content-type-is-sent-once', 400, () => ['POST /oauth/token HTTP/1.1', `${form}, application/json`, 'Content-Length: 0']],
    'a body in another charset': ['body-is-utf-8', 400, () => ['POST /oauth/token HTTP/1.1', `${form}; charset=utf-16`, 'Content-Length: 0']],
    'an unknown expectation': ['expectation-is-known', 417, () => ['POST /oauth/token HTTP/1.1', form, 'Expect: 200-ok', 'Content-Length: 0']],
    'the target //': ['request-target-is-a-path', 400, () => ['GET // HTTP/1.1']],
    'the target //evil.example/health': ['request-target-is-a-path', 400, () => ['GET //evil.example/health HTTP/1.1']],
    'the target *': ['request-target-is-a-path', 400, () => ['OPTIONS * HTTP/1.1']],
    'the URL of another host as target': ['host-is-served', 403, () => ['GET http://evil.example/health HTTP/1.1']],
    'a URL with a user name as target': ['request-target-is-a-path', 400, s => [`GET http://localhost:${s.port}@evil.example/health HTTP/1.1`]],
    'the target /%': ['path-is-known', 404, () => ['GET /% HTTP/1.1']],
    'the target /explain/%': ['path-is-known', 404, () => ['GET /explain/% HTTP/1.1']],
    'the target /explain/%00': ['path-is-known', 404, () => ['GET /explain/%00 HTTP/1.1']],
    'the target /explain/__proto__': ['path-is-known', 404, () => ['GET /explain/__proto__ HTTP/1.1']],
    'a path with dots': ['path-is-known', 404, () => ['GET /docs/../health HTTP/1.1']],
    'a path with encoded dots': ['path-is-known', 404, () => ['GET /docs/%2e%2e/mcp HTTP/1.1']],
    'a path with an encoded letter': ['path-is-known', 404, () => ['POST /mc%70 HTTP/1.1', 'Content-Length: 0']],
    'a path with a double slash': ['path-is-known', 404, () => ['POST /mcp//tools/call HTTP/1.1', 'Content-Length: 0']],
    'a path with a semicolon': ['path-is-known', 404, () => ['POST /mcp;x HTTP/1.1', 'Content-Length: 0']],
    'a fragment in the target': ['path-is-known', 404, () => ['GET /health#x HTTP/1.1']],
    'TRACE with a token, to have it reflected': ['method-is-allowed', 405, () => ['TRACE /health HTTP/1.1', 'Authorization: Bearer secret']],
    'PROPFIND': ['method-is-allowed', 405, () => ['PROPFIND /health HTTP/1.1']],
    'a body of 1 GB': ['body-is-bounded', 413, () => ['POST /oauth/register HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 1000000000']],
    'a form of 65,537 bytes': ['body-is-bounded', 413, () => ['POST /oauth/token HTTP/1.1', form, 'Content-Length: 65537']],
  }
  for (const [what, [rule, status, head]] of Object.entries(refused)) {
    attack(`sends ${what}`, rule, async t => {
      const server = await startServer(t)
      const [first, ...more] = head(server)
      const response = await sendRaw(server, [first!, host(server), ...more])
      assertRefusal(response, status, rule)
      assert.doesNotMatch(response.body, /Bearer/)
    })
  }

  attack('sends no Host', 'host-is-sent-once', async t => {
    assertRefusal(await sendBytes(await startServer(t), lines('GET /health HTTP/1.1', 'Connection: close')), 400, 'host-is-sent-once')
  })

  for (const [what, status, head] of [
    ['a header of 20,000 characters', 431, ['GET /health HTTP/1.1', `X: ${'x'.repeat(20_000)}`]],
    ['a target of 60,000 characters', 431, [`GET /health?${'x'.repeat(60_000)} HTTP/1.1`]],
    ['10,000 headers', 431, ['GET /health HTTP/1.1', ...Array.from({ length: 10_000 }, (_, i) => `X-${i}: y`)]],
  ] as const) {
    attack(`sends ${what}`, 'src/app/serve.ts: maxHeaderSize: 16_384', async t => {
      const server = await startServer(t)
      const [first, ...more] = head
      assertRefusal(await sendRaw(server, [first, host(server), ...more]), status)
    })
  }
  attack('sends chunk extensions without end', 'src/base/http/connections.ts: HPE_CHUNK_EXTENSIONS_OVERFLOW', async t => {
    const server = await startServer(t)
    const head = lines('POST /oauth/token HTTP/1.1', host(server), form, 'Transfer-Encoding: chunked')
    assertRefusal(await sendBytes(server, `${head}3;${'x'.repeat(40_000)}\r\na=1\r\n0\r\n\r\n`), 413)
  })
  attack('uses the server as a proxy by CONNECT', 'src/base/http/connections.ts: server.on(\'connect\'', async t => {
    const server = await startServer(t)
    assertRefusal(await sendBytes(server, lines('CONNECT localhost:22 HTTP/1.1', host(server))), 405)
  })
  for (const protocol of ['websocket', 'h2c', 'TLS/1.2']) {
    attack(`requests an upgrade of the connection to ${protocol}`, 'src/app/serve.ts: server.on(\'request\'', async t => {
      const server = await startServer(t)
      const { status } = await sendRaw(server, ['GET /health HTTP/1.1', host(server), `Upgrade: ${protocol}`, 'Connection: Upgrade'])
      assert.equal(status, 200)
    })
  }
  attack('gets 100 Continue for a body that is too large', 'src/app/incoming-request.ts: this.outgoing.writeContinue()', async t => {
    const server = await startServer(t)
    const head = ['POST /oauth/register HTTP/1.1', host(server), 'Content-Type: application/json', 'Expect: 100-continue']
    assertRefusal(await sendRaw(server, [...head, 'Content-Length: 1000000']), 413, 'body-is-bounded')
    const body = JSON.stringify(validMetadata)
    const response = await sendRaw(server, [...head, `Content-Length: ${body.length}`], body)
    assert.match(`${response.head}\r\n\r\n${response.body}`, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /)
  })
  attack('locks out clients that name the charset utf-8', 'src/base/http/body.ts: utf-?8', async t => {
    const server = await startServer(t)
    for (const charset of ['utf-8', 'UTF-8', '"utf-8"', 'utf8']) {
      const response = await postJson(`${server.url}/oauth/register`, validMetadata, { 'content-type': `application/json; charset=${charset}` })
      assert.equal(response.status, 201, charset)
    }
  })
  attack('hides a second request in the body of a GET', 'src/app/serve.ts: server.on(\'request\'', async t => {
    const server = await startServer(t)
    const hidden = lines('GET /unknown HTTP/1.1', host(server))
    const { body } = await sendRaw(server, ['GET /health HTTP/1.1', host(server), `Content-Length: ${hidden.length}`], hidden)
    assert.doesNotMatch(body, /HTTP\/1\.1/)
  })
  attack('pipelines 100 requests to get responses out of order', 'src/app/serve.ts: server.on(\'request\'', async t => {
    const server = await startServer(t)
    const names = Array.from({ length: 100 }, (_, i) => `rule-${i}`)
    const head = names.map(name => lines(`GET /explain/${name === 'rule-50' ? 'code-is-known' : name} HTTP/1.1`, host(server))).join('')
    const text = await (async () => {
      const socket = openSocket(server)
      socket.write(head + lines('GET /health HTTP/1.1', host(server), 'Connection: close'))
      return readToEnd(socket)
    })()
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code)
    assert.deepEqual(statuses, [...names.map(name => name === 'rule-50' ? '200' : '404'), '200'])
  })
  attack('sends garbage after a valid request to spoil its response', 'src/base/http/connections.ts: if (incoming.complete) outgoing.once(\'close\'', async t => {
    const server = await startServer(t)
    const { status, body } = await sendBytes(server, `${lines('GET /health HTTP/1.1', host(server))}junk\r\n\r\n`)
    assert.equal(status, 200)
    assert.match(body, /HTTP\/1\.1 400 Bad Request[\s\S]*this is not an HTTP\/1\.1 request/)
  })

  attack('sends a malformed body while the request is handled, to get two responses', 'src/base/http/connections.ts: outgoing.writeHead(status', async t => {
    const store = new MemoryStore({ now: () => Date.now() / 1000, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 3600 })
    store.findClient = async () => {
      await new Promise(resolve => setTimeout(resolve, 200))
      return undefined
    }
    const server = await startServer(t, {}, { store })
    const head = lines('DELETE /oauth/register/x HTTP/1.1', host(server), 'Authorization: Bearer x', 'Transfer-Encoding: chunked')
    const { status, body } = await sendBytes(server, `${head}zz\r\n`)
    await new Promise(resolve => setTimeout(resolve, 300))
    assert.equal(status, 400)
    assert.doesNotMatch(body, /HTTP\/1\.1 \d/)
    assert.deepEqual(server.log.filter(line => line.includes('unexpected error')), [])
  })

  // --- Headers on every reply ---

  const replies: Record<string, (server: TestServer) => Promise<Response>> = {
    'a page': s => get(s.url, { accept: 'text/html' }),
    'a preflight': s => get(`${s.url}/mcp`, { origin: 'https://x.example', 'access-control-request-method': 'POST' }, 'OPTIONS'),
    'a redirect': async s => get(`${s.url}/oauth/authorize?${authorizationParameters(await register(s), 'v'.repeat(43))}`),
    'a registration': s => postJson(`${s.url}/oauth/register`, validMetadata),
    'a 401': s => callMcp(s, undefined, 'ping'),
    'a 202': s => postJson(`${s.url}/mcp`, { jsonrpc: '2.0', method: 'notifications/initialized' }, bearer(craftToken(s))),
    'a 404': s => get(`${s.url}/nothing`),
    'a 405': s => get(`${s.url}/oauth/token`),
    'a 413': s => postForm(`${s.url}/oauth/token`, 'x'.repeat(70_000)),
    'a 429': async s => { await register(s); return postJson(`${s.url}/oauth/register`, validMetadata) },
  }
  for (const [what, send] of Object.entries(replies)) {
    attack(`gets ${what} without the security headers`, 'src/base/ui/security-headers.ts: \'x-content-type-options\'', async t => {
      const server = await startServer(t, { RATE_LIMIT_REGISTRATIONS_PER_MINUTE: '1' })
      const { headers } = await send(server)
      for (const name of ['x-content-type-options', 'referrer-policy', 'x-frame-options', 'content-security-policy', 'cache-control']) {
        assert.ok(headers.has(name), name)
      }
      assert.deepEqual([headers.get('server'), headers.get('x-powered-by')], [null, null])
      assert.equal(headers.get('access-control-allow-credentials'), null)
    })
  }

  // --- Transfers that end early, late or never ---

  attack('aborts 200 transfers in the middle of a header, a body or a response', 'src/base/http/body.ts: reject(new AbortedRequest())', async t => {
    const server = await startServer(t)
    const halves = ['GET /hea', lines('POST /oauth/register HTTP/1.1', host(server), 'Content-Type: application/json', 'Content-Length: 100') + '{"a', lines('GET /openapi.json HTTP/1.1', host(server))]
    for (let i = 0; i < 200; i++) {
      const socket = openSocket(server)
      socket.on('error', () => {})
      socket.write(halves[i % 3]!)
      if (i % 2 === 0) await once(socket, 'connect')
      socket.destroy()
    }
    assert.equal((await get(`${server.url}/health`)).status, 200)
    assert.deepEqual(server.log.filter(line => line.includes('unexpected error')), [])
  })
  attack('sends so much more of a refused body that the response is lost', 'src/base/http/connections.ts: const lingerTimeout', async t => {
    const server = await startServer(t)
    for (let i = 0; i < 10; i++) assert.equal((await postJson(`${server.url}/oauth/register`, 'x'.repeat(3_000_000))).status, 413)
  })

  attack('holds 1,000 idle connections to lock out others', 'src/app/serve.ts: const maxConnections', async t => {
    const server = await startServer(t)
    const sockets = Array.from({ length: 1000 }, () => openSocket(server).on('error', () => {}))
    await Promise.all(sockets.map(socket => once(socket, 'connect')))
    assert.equal((await get(`${server.url}/health`)).status, 200)
    assert.deepEqual(sockets.filter(socket => socket.destroyed), [])
    sockets.forEach(socket => socket.destroy())
  })
  // --- Anything ---

  attack('reads responses with a script on another site and the cookies of the user', 'src/base/http/cors.ts: \'access-control-allow-origin\': \'*\'', async t => {
    const server = await startServer(t)
    for (const path of ['/oauth/token', '/oauth/register', '/mcp', '/.well-known/oauth-authorization-server']) {
      const { headers } = await get(`${server.url}${path}`, { origin: 'https://evil.example' }, 'OPTIONS')
      assert.deepEqual([headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')], ['*', null])
    }
  })
  attack('splits the response with line breaks', 'src/base/protocol/redirect-uri.ts: query.append(name, value)', async t => {
    const server = await startServer(t)
    const response = await callModern(server, craftToken(server), 'x\r\ny', {}, { 'mcp-method': 'x' })
    assert.ok(response.status < 500)
    assert.equal((await readJson(response))['error'].code, -32020)
  })
})
