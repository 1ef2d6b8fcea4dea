import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { routes } from '../../src/routes.ts'
import type { Store } from '../../src/base/store/store.ts'
import {
  assertRefused, callMcp, craftToken, get, openSocket, postForm, postJson, readJson, register, ruleOf, sendRaw, startServer,
  validMetadata, type Members, type RawResponse, type TestServer,
} from '../harness.ts'

function assertRawRefusal({ status, body }: RawResponse, rule: string, error: string, expected: number): void {
  const members = JSON.parse(body) as Members
  assert.deepEqual({ status, error: members['error'], rule: ruleOf(members['error_uri']) }, { status: expected, error, rule })
}

function host(server: TestServer): string {
  return `Host: localhost:${server.port}`
}

describe('The request target', () => {
  const targets = {
    'in absolute form with a user name': 'http://localhost@evil.example/health',
    'of two slashes': '//', 'that begins with two slashes': '//evil.example/health', 'of an asterisk': '*',
  }
  for (const [what, target] of Object.entries(targets)) {
    it(`is refused ${what}, which a proxy could read differently (RFC 9112 section 3.2)`, async t => {
      const server = await startServer(t)
      const response = await sendRaw(server, [`GET ${target} HTTP/1.1`, host(server)])
      assertRawRefusal(response, 'request-target-is-a-path', 'invalid_request', 400)
    })
  }

  it('is refused without a slash (RFC 9112 section 3.2)', async t => {
    const server = await startServer(t)
    assert.equal((await sendRaw(server, ['GET health HTTP/1.1', host(server)])).status, 400)
  })

  it('is refused for OPTIONS in asterisk form', async t => {
    const server = await startServer(t)
    assertRawRefusal(await sendRaw(server, ['OPTIONS * HTTP/1.1', host(server)]), 'request-target-is-a-path', 'invalid_request', 400)
  })

  it('is not logged with its query, which may hold a secret', async t => {
    const server = await startServer(t, { DEBUG: 'true', LOG_LEVEL: 'debug' })
    await sendRaw(server, ['GET http://localhost/mcp?access_token=secret HTTP/1.1', host(server)])
    await get(`${server.url}/mcp?access_token=secret`)
    await get(`${server.url}/unknown?access_token=secret`)
    assert.deepEqual(server.log.filter(line => line.includes('secret')), [])
  })

  const unknown = {
    'a path with dots': '/oauth/../health', 'an encoded slash': '/oauth%2Ftoken', 'a slash at the end': '/health/',
    'another case': '/HEALTH', 'a path with a semicolon': '/health;x', 'a backslash': '/\\health', 'an encoded letter': '/%68ealth',
  }
  for (const [what, target] of Object.entries(unknown)) {
    it(`is a 404 with ${what}`, async t => {
      const server = await startServer(t)
      assertRawRefusal(await sendRaw(server, [`GET ${target} HTTP/1.1`, host(server)]), 'path-is-known', 'not_found', 404)
    })
  }
})

describe('The Host header', () => {
  it('is refused if it is sent twice (RFC 9112 section 3.2)', async t => {
    const server = await startServer(t)
    const response = await sendRaw(server, ['GET /health HTTP/1.1', host(server), 'Host: evil.example'])
    assertRawRefusal(response, 'host-is-sent-once', 'invalid_request', 400)
  })

  it('is refused if the same value is sent twice (RFC 9112 section 3.2)', async t => {
    const server = await startServer(t)
    const response = await sendRaw(server, ['GET /health HTTP/1.1', host(server), host(server)])
    assertRawRefusal(response, 'host-is-sent-once', 'invalid_request', 400)
  })

  it('is required in HTTP/1.0, too', async t => {
    const response = await sendRaw(await startServer(t), ['GET /health HTTP/1.0'])
    assertRawRefusal(response, 'host-is-sent-once', 'invalid_request', 400)
  })

  it('is required in HTTP/1.1 (RFC 9112 section 3.2)', async t => {
    assert.equal((await sendRaw(await startServer(t), ['GET /health HTTP/1.1'])).status, 400)
  })

  const env = { SERVER_URL: 'https://mcp.example.com', OAUTH_AUTO_APPROVE: 'false', SERVER_ALLOWED_HOSTS: 'mcp.internal' }
  const served = [
    'localhost', 'localhost:8000', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8000', 'mcp.example.com', 'MCP.example.com:443',
    'mcp.internal:8080',
  ]
  for (const name of served) {
    it(`may be ${name}`, async t => {
      assert.equal((await sendRaw(await startServer(t, env), ['GET /health HTTP/1.1', `Host: ${name}`])).status, 200)
    })
  }

  const foreign = [
    'evil.example', 'localhost.evil.example', 'evil.example:8000', '127.0.0.1.evil.example', 'mcp.example.com.evil.example',
    'a.mcp.example.com', 'localhost:80a', 'localhost@evil.example', '127.1', '[::ffff:127.0.0.1]', '',
  ]
  const clause = '(MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint)'
  for (const name of foreign) {
    it(`must not be ${JSON.stringify(name)}, which could be rebound to this machine ${clause}`, async t => {
      const response = await sendRaw(await startServer(t, env), ['GET /health HTTP/1.1', `Host: ${name}`])
      assertRawRefusal(response, 'host-is-served', 'access_denied', 403)
    })
  }
})

describe('The Authorization header', () => {
  it('is refused if it is sent twice, because Node would keep the first (RFC 9110 section 5.3)', async t => {
    const server = await startServer(t)
    const response = await sendRaw(server, [
      'POST /mcp HTTP/1.1', host(server), 'Content-Length: 0',
      `Authorization: Bearer ${craftToken(server)}`, 'Authorization: Bearer other',
    ])
    assertRawRefusal(response, 'authorization-is-sent-once', 'invalid_request', 400)
  })
})

describe('A path that does not exist', () => {
  it('is a JSON 404 for a program', async t => {
    await assertRefused(await get(`${(await startServer(t)).url}/unknown`), 'path-is-known', 'not_found', 404)
  })

  it('is a page for a browser', async t => {
    const response = await get(`${(await startServer(t)).url}/unknown`, { accept: 'text/html' })
    assert.deepEqual([response.status, response.headers.get('content-type')], [404, 'text/html; charset=utf-8'])
  })

  it('is not reflected as markup', async t => {
    const response = await get(`${(await startServer(t)).url}/<script>alert(1)</script>`, { accept: 'text/html' })
    assert.doesNotMatch(await response.text(), /<script/)
  })
})

describe('A method that an endpoint does not support', () => {
  for (const { method, path } of routes.filter(({ method }) => method !== '*')) {
    it(`is 405 at ${method} ${path}, with Allow (RFC 9110 section 15.5.6)`, async t => {
      const server = await startServer(t)
      const response = await get(`${server.url}${path}`, {}, 'PATCH')
      assert.ok(response.headers.get('allow')!.split(', ').includes(method))
      await assertRefused(response, 'method-is-allowed', 'method_not_allowed', 405)
    })
  }

  it('is a JSON error for a program that accepts anything', async t => {
    const response = await get(`${(await startServer(t)).url}/oauth/token`, { accept: 'text/html, image/gif, */*; q=.2' })
    assert.deepEqual([response.status, response.headers.get('content-type')], [405, 'application/json'])
  })
})

describe('HEAD', () => {
  for (const path of ['/', '/health', '/.well-known/oauth-authorization-server', '/explain/code-is-known', '/docs']) {
    it(`of ${path} has the headers of GET and no body (RFC 9110 section 9.3.2)`, async t => {
      const server = await startServer(t)
      const [head, full] = [await get(`${server.url}${path}`, {}, 'HEAD'), await get(`${server.url}${path}`)]
      assert.equal(head.status, 200)
      assert.equal(await head.text(), '')
      for (const name of ['content-type', 'content-length', 'cache-control']) {
        assert.equal(head.headers.get(name), full.headers.get(name), name)
      }
    })
  }

  it('is 405 where there is no GET (RFC 9110 section 15.5.6)', async t => {
    assert.equal((await get(`${(await startServer(t)).url}/oauth/token`, {}, 'HEAD')).status, 405)
  })
})

describe('The body of a request', () => {
  it('of client metadata is refused above 64 KiB (RFC 9110 section 15.5.14)', async t => {
    const response = await postJson(`${(await startServer(t)).url}/oauth/register`, { ...validMetadata, x: 'x'.repeat(65_536) })
    await assertRefused(response, 'body-is-bounded', 'content_too_large', 413)
  })

  it('of a form is refused above 64 KiB (RFC 9110 section 15.5.14)', async t => {
    const response = await postForm(`${(await startServer(t)).url}/oauth/token`, { x: 'x'.repeat(65_536) })
    await assertRefused(response, 'body-is-bounded', 'content_too_large', 413)
  })

  it('of an MCP message is accepted up to 256 KiB', async t => {
    const server = await startServer(t)
    assert.equal((await callMcp(server, craftToken(server), 'ping', { x: 'x'.repeat(262_000) })).status, 200)
  })

  it('of an MCP message is refused above 256 KiB (RFC 9110 section 15.5.14)', async t => {
    const server = await startServer(t)
    const response = await callMcp(server, craftToken(server), 'ping', { x: 'x'.repeat(262_144) })
    await assertRefused(response, 'body-is-bounded', 'content_too_large', 413)
  })

  it('is refused by its Content-Length, before it is sent (RFC 9110 section 15.5.14)', async t => {
    const server = await startServer(t)
    const response = await sendRaw(server, [
      'POST /oauth/register HTTP/1.1', host(server), 'Content-Type: application/json', 'Content-Length: 1000000000',
    ])
    assertRawRefusal(response, 'body-is-bounded', 'content_too_large', 413)
    assert.match(response.head, /^connection: close$/im)
  })

  it('is refused once it exceeds the limit (RFC 9110 section 15.5.14)', async t => {
    const server = await startServer(t)
    const lines = ['POST /oauth/register HTTP/1.1', host(server), 'Content-Type: application/json', 'Transfer-Encoding: chunked']
    const response = await sendRaw(server, lines, `11170\r\n${'x'.repeat(0x11170)}\r\n0\r\n\r\n`)
    assertRawRefusal(response, 'body-is-bounded', 'content_too_large', 413)
  })

  it('is accepted in chunks', async t => {
    const server = await startServer(t)
    const metadata = JSON.stringify(validMetadata)
    const lines = ['POST /oauth/register HTTP/1.1', host(server), 'Content-Type: application/json', 'Transfer-Encoding: chunked']
    const chunks = [metadata.slice(0, 10), metadata.slice(10)].map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
    assert.equal((await sendRaw(server, lines, `${chunks.join('')}0\r\n\r\n`)).status, 201)
  })

  for (const [what, bytes] of Object.entries({
    'a byte that is not UTF-8': Buffer.from([0x22, 0xff, 0x22]), 'an overlong encoding': Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
    'half of a character': Buffer.from([0x22, 0xe4, 0xb8, 0x22]), 'a surrogate': Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
  })) {
    it(`is refused with ${what} (RFC 8259 section 8.1)`, async t => {
      const server = await startServer(t)
      const response = await sendRaw(server, [
        'POST /oauth/register HTTP/1.1', host(server), 'Content-Type: application/json', `Content-Length: ${bytes.length}`,
      ], bytes)
      assertRawRefusal(response, 'body-is-utf-8', 'invalid_request', 400)
    })
  }

  it('does no harm if it is cut off', async t => {
    const server = await startServer(t)
    const socket = openSocket(server)
    const head = ['POST /oauth/register HTTP/1.1', host(server), 'Content-Type: application/json', 'Content-Length: 100']
    socket.write(`${head.join('\r\n')}\r\n\r\n{"a"`)
    await once(socket, 'connect')
    assert.equal((await get(`${server.url}/health`)).status, 200)
    socket.destroy()
    await once(socket, 'close')
    assert.equal((await get(`${server.url}/health`)).status, 200)
  })
})

describe('The headers of every reply', () => {
  const replies: Record<string, (server: TestServer) => Promise<Response>> = {
    'a page': server => get(`${server.url}/`, { accept: 'text/html' }),
    'metadata': server => get(`${server.url}/.well-known/oauth-authorization-server`),
    'a registration': server => postJson(`${server.url}/oauth/register`, validMetadata),
    'an error of the token endpoint': server => postForm(`${server.url}/oauth/token`, {}),
    'an error page': server => get(`${server.url}/oauth/authorize`, { accept: 'text/html' }),
    'a 401': server => callMcp(server, undefined, 'ping'),
    'an MCP message': server => callMcp(server, craftToken(server), 'ping'),
    'an event stream': server => callMcp(server, craftToken(server), 'ping', {}, { accept: 'text/event-stream' }),
    'a preflight': server => get(`${server.url}/mcp`, {}, 'OPTIONS'),
    'a 404': server => get(`${server.url}/unknown`),
  }
  for (const [what, send] of Object.entries(replies)) {
    it(`keep browsers from sniffing, framing, leaking and running anything: ${what}`, async t => {
      const { headers } = await send(await startServer(t))
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('x-frame-options'), 'DENY')
      assert.match(headers.get('content-security-policy')!, /default-src 'none'.*frame-ancestors 'none'/)
    })
  }

  for (const [what, send] of Object.entries(replies).filter(([what]) => what !== 'metadata')) {
    it(`keep it out of caches: ${what}`, async t => {
      assert.equal((await send(await startServer(t))).headers.get('cache-control'), 'no-store')
    })
  }

  it('do not reveal the software', async t => {
    const { headers } = await get(`${(await startServer(t)).url}/`)
    assert.deepEqual([headers.get('server'), headers.get('x-powered-by')], [null, null])
  })
})

describe('Many requests', () => {
  it('fit into one connection', async t => {
    const server = await startServer(t)
    const requests = ['/health', '/unknown', '/health'].map(path => `GET ${path} HTTP/1.1\r\n${host(server)}`)
    const { status, body } = await sendRaw(server, [requests.join('\r\n\r\n')])
    assert.equal(status, 200)
    assert.deepEqual([...body.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code), ['404', '200'])
  })

  it('are answered in parallel', async t => {
    const server = await startServer(t)
    const clients = await Promise.all(Array.from({ length: 50 }, () => register(server)))
    assert.equal(new Set(clients.map(client => client['client_id'])).size, 50)
  })
})

describe('A warning about a proxy', () => {
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'mcp.example.com' }
  const warnings = ({ log }: TestServer) => log.filter(line => line.includes('SERVER_URL is not https'))

  it('is logged once, with the fix', async t => {
    const server = await startServer(t)
    for (let i = 0; i < 3; i++) await get(`${server.url}/health`, headers)
    assert.equal(warnings(server).length, 1)
    assert.match(warnings(server)[0]!, /set SERVER_URL to .*https:\/\/mcp\.example\.com/)
  })

  it('is not logged if SERVER_URL is https', async t => {
    const server = await startServer(t, { SERVER_URL: 'https://mcp.example.com', OAUTH_AUTO_APPROVE: 'false' })
    await get(`${server.url}/health`, headers)
    assert.deepEqual(warnings(server), [])
  })

  it('is not logged without a proxy', async t => {
    const server = await startServer(t)
    await get(`${server.url}/health`)
    assert.deepEqual(warnings(server), [])
  })
})

describe('A failure of the server', () => {
  const store = new Proxy({} as Store, {
    get: () => () => Promise.reject(new Error('the password of the database is hunter2')),
  })
  const requests: Record<string, (server: TestServer) => Promise<Response>> = {
    'of the registration endpoint': server => postJson(`${server.url}/oauth/register`, validMetadata),
    'of the authorization endpoint': server => get(`${server.url}/oauth/authorize?client_id=x`),
    'of the token endpoint': server => postForm(`${server.url}/oauth/token`, { grant_type: 'refresh_token', client_id: 'x' }),
    'of /mcp': server => callMcp(server, craftToken(server), 'ping'),
    'of /health': server => get(`${server.url}/health`),
  }
  for (const [what, send] of Object.entries(requests)) {
    it(`is answered by 500 without details: ${what} (RFC 9110 section 15.6.1)`, async t => {
      const server = await startServer(t, { DEBUG: 'true' }, { store })
      const response = await send(server)
      assert.equal(response.status, 500)
      assert.deepEqual(await readJson(response), {
        error: 'server_error', error_description: 'unexpected error: the server log has the cause',
      })
    })
  }

  it('is in the log', async t => {
    const server = await startServer(t, {}, { store })
    await get(`${server.url}/health`)
    assert.ok(server.log.some(line => line.includes('hunter2')))
  })
})

describe('An error', () => {
  it('has error, error_description and error_uri (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    assert.deepEqual(await readJson(await postForm(`${server.url}/oauth/token`, {})), {
      error: 'invalid_request', error_description: 'the parameter grant_type is missing',
      error_uri: `${server.config.issuer}/explain/parameter-is-sent`,
    })
  })
})
