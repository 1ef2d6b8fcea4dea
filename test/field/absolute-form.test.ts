/** Request targets in absolute-form: proxies and some HTTP libraries send the whole URL (RFC 9112 section 3.2.2). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ruleOf, sendRaw, startServer, startWithTokens, type Members, type TestServer } from '../harness.ts'

const metadata = '/.well-known/oauth-authorization-server'

describe('A request target in absolute-form is served as the path within it', () => {
  const served: Record<string, (server: TestServer) => string[]> = {
    'with the host of the server': s => [`GET http://localhost:${s.port}${metadata} HTTP/1.1`, `Host: localhost:${s.port}`],
    'with the host in upper case': s => [`GET HTTP://LOCALHOST:${s.port}${metadata} HTTP/1.1`, `Host: localhost:${s.port}`],
    'with 127.0.0.1': s => [`GET http://127.0.0.1:${s.port}${metadata} HTTP/1.1`, `Host: 127.0.0.1:${s.port}`],
    'with [::1]': s => [`GET http://[::1]:${s.port}${metadata} HTTP/1.1`, `Host: localhost:${s.port}`],
    'without a port': () => [`GET http://localhost${metadata} HTTP/1.1`, 'Host: localhost'],
    'with https, from behind a proxy': s => [`GET https://localhost:${s.port}${metadata} HTTP/1.1`, 'Host: localhost'],
    'with a query': s => [`GET http://localhost:${s.port}${metadata}?x=http://evil.example HTTP/1.1`, 'Host: localhost'],
    'beside another Host, which is ignored': s => [`GET http://localhost:${s.port}${metadata} HTTP/1.1`, 'Host: evil.example'],
    'in HTTP/1.0': s => [`GET http://localhost:${s.port}${metadata} HTTP/1.0`, 'Host: localhost'],
    'of the start page, without a path': s => [`GET http://localhost:${s.port} HTTP/1.1`, 'Host: localhost'],
    'of the start page, without a path but with a query': s => [`GET http://localhost:${s.port}?x HTTP/1.1`, 'Host: localhost'],
  }
  for (const [what, lines] of Object.entries(served)) {
    it(what, async t => {
      const server = await startServer(t)
      assert.equal((await sendRaw(server, lines(server))).status, 200)
    })
  }

  it('with the public host of SERVER_URL', async t => {
    const server = await startServer(t, { SERVER_URL: 'https://mcp.example', OAUTH_AUTO_APPROVE: 'false' })
    const lines = [`GET https://mcp.example${metadata} HTTP/1.1`, 'Host: mcp.example']
    assert.equal((await sendRaw(server, lines)).status, 200)
  })

  it('below the path of SERVER_URL', async t => {
    const server = await startServer(t, { SERVER_URL: 'http://localhost:9999/tenant' })
    const { body } = await sendRaw(server, [`GET http://localhost:9999/tenant${metadata} HTTP/1.1`, 'Host: localhost'])
    assert.equal((JSON.parse(body) as Members)['issuer'], 'http://localhost:9999/tenant')
  })

  it('at the MCP endpoint', async t => {
    const { server, access_token } = await startWithTokens(t)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const { status } = await sendRaw(server, [
      `POST http://localhost:${server.port}/mcp HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${access_token}`,
      'Content-Type: application/json', `Content-Length: ${body.length}`,
    ], body)
    assert.equal(status, 200)
  })
})

describe('A request target in absolute-form is refused', () => {
  const refused: Record<string, { target: string; rule: string; status: number }> = {
    'with another host': { target: 'http://evil.example/health', rule: 'host-is-served', status: 403 },
    'with another host, port and scheme': { target: 'https://evil.example:8000/health', rule: 'host-is-served', status: 403 },
    'with a host that begins like ours': { target: 'http://localhost.evil.example/health', rule: 'host-is-served', status: 403 },
    'with a user name': { target: 'http://localhost@evil.example/health', rule: 'request-target-is-a-path', status: 400 },
    'with a user name before our host': { target: 'http://x@localhost/health', rule: 'request-target-is-a-path', status: 400 },
    'with another scheme': { target: 'ftp://localhost/health', rule: 'request-target-is-a-path', status: 400 },
    'without a host': { target: 'http:///health', rule: 'request-target-is-a-path', status: 400 },
    'with two slashes before the path': { target: 'http://localhost//evil.example', rule: 'request-target-is-a-path', status: 400 },
    'with a fragment instead of a path': { target: 'http://localhost#x', rule: 'request-target-is-a-path', status: 400 },
    'with a path that leads nowhere': { target: 'http://localhost/unknown', rule: 'path-is-known', status: 404 },
  }
  for (const [what, { target, rule, status }] of Object.entries(refused)) {
    it(what, async t => {
      const server = await startServer(t)
      const response = await sendRaw(server, [`GET ${target} HTTP/1.1`, 'Host: localhost'])
      assert.equal(response.status, status, response.body)
      // Node refuses a URL without a host by itself.
      const { error_uri } = JSON.parse(response.body) as Members
      if (error_uri !== undefined) assert.equal(ruleOf(error_uri), rule)
    })
  }

  it('without a Host header beside it, which HTTP/1.1 requires', async t => {
    const server = await startServer(t)
    const { status, body } = await sendRaw(server, ['GET http://localhost/health HTTP/1.1'])
    assert.deepEqual([status, ruleOf((JSON.parse(body) as Members)['error_uri'])], [400, 'host-is-sent-once'])
  })
})
