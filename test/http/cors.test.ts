import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bearer, callMcp, get, postMcp, craftToken, startServer, startWithTokens } from '../harness.ts'

const page = 'https://app.example.com'

function preflight(url: string, method: string, headers = ''): Promise<Response> {
  return get(url, {
    'origin': page, 'access-control-request-method': method, ...(headers ? { 'access-control-request-headers': headers } : {}),
  }, 'OPTIONS')
}

function listed(response: Response, name: string): readonly string[] {
  return (response.headers.get(name) ?? '').toLowerCase().split(', ')
}

describe('A preflight request', () => {
  it('to /mcp is answered before authentication', async t => {
    const response = await preflight(`${(await startServer(t)).url}/mcp`, 'POST', 'authorization,content-type')
    assert.equal(response.status, 204)
    assert.equal(await response.text(), '')
  })

  for (const method of ['GET', 'POST', 'DELETE']) {
    it(`allows ${method} at /mcp`, async t => {
      const response = await preflight(`${(await startServer(t)).url}/mcp`, method)
      assert.ok(listed(response, 'access-control-allow-methods').includes(method.toLowerCase()))
    })
  }

  const headers = [
    'Authorization', 'Content-Type', 'Accept', 'Mcp-Protocol-Version', 'Mcp-Session-Id', 'Last-Event-ID', 'Mcp-Method', 'Mcp-Name',
    'traceparent',
  ]
  for (const header of headers) {
    it(`allows ${header} at /mcp`, async t => {
      const response = await preflight(`${(await startServer(t)).url}/mcp`, 'POST', header.toLowerCase())
      assert.ok(listed(response, 'access-control-allow-headers').includes(header.toLowerCase()))
    })
  }

  it('allows each requested Mcp-Param-* header by name, because * does not cover Authorization', async t => {
    const response = await preflight(`${(await startServer(t)).url}/mcp`, 'POST', 'mcp-param-location, mcp-param-region')
    const allowed = listed(response, 'access-control-allow-headers')
    assert.ok(allowed.includes('mcp-param-location') && allowed.includes('mcp-param-region'))
  })

  it('allows no other header and echoes none', async t => {
    const response = await preflight(`${(await startServer(t)).url}/mcp`, 'POST', 'x-other, cookie, mcp-param-, mcp-param-a b')
    const allowed = listed(response, 'access-control-allow-headers')
    assert.deepEqual(['x-other', 'cookie', 'mcp-param-', 'mcp-param-a b', '*'].filter(name => allowed.includes(name)), [])
  })

  it('allows any origin, but never credentials', async t => {
    const response = await preflight(`${(await startServer(t)).url}/mcp`, 'POST')
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
  })

  it('is cached separately for each set of requested headers', async t => {
    const response = await preflight(`${(await startServer(t)).url}/mcp`, 'POST')
    assert.equal(response.headers.get('vary'), 'Access-Control-Request-Headers')
  })

  const paths = {
    '/oauth/token': 'POST', '/oauth/register': 'POST', '/oauth/revoke': 'POST', '/oauth/introspect': 'POST', '/mcp/initialize': 'POST',
    '/mcp/tools/call': 'POST', '/.well-known/oauth-authorization-server': 'GET', '/.well-known/oauth-protected-resource/mcp': 'GET',
    '/oauth/register/some-client': 'PUT',
  }
  for (const [path, method] of Object.entries(paths)) {
    it(`allows ${method} at ${path}`, async t => {
      const response = await preflight(`${(await startServer(t)).url}${path}`, method, 'authorization')
      assert.equal(response.status, 204)
      assert.equal(response.headers.get('access-control-allow-origin'), '*')
      assert.ok(listed(response, 'access-control-allow-methods').includes(method.toLowerCase()))
      assert.ok(listed(response, 'access-control-allow-headers').includes('authorization'))
    })
  }

  for (const path of ['/oauth/authorize', '/oauth/consent', '/', '/docs', '/explain/code-is-known']) {
    it(`allows nothing at ${path}, which is for people`, async t => {
      const response = await preflight(`${(await startServer(t)).url}${path}`, 'GET')
      assert.deepEqual([...response.headers.keys()].filter(name => name.startsWith('access-control')), [])
    })
  }

  it('to an unknown path is 404', async t => {
    assert.equal((await preflight(`${(await startServer(t)).url}/unknown`, 'GET')).status, 404)
  })
})

describe('OPTIONS', () => {
  it('lists the methods of a path (RFC 9110 section 9.3.7)', async t => {
    const response = await get(`${(await startServer(t)).url}/oauth/register/x`, {}, 'OPTIONS')
    assert.equal(response.headers.get('allow'), 'GET, PUT, DELETE, OPTIONS')
  })
})

describe('A page of another origin', () => {
  for (const header of ['WWW-Authenticate', 'Mcp-Session-Id', 'Mcp-Protocol-Version', 'Retry-After']) {
    it(`may read ${header}`, async t => {
      const response = await callMcp(await startServer(t), undefined, 'ping')
      assert.ok(listed(response, 'access-control-expose-headers').includes(header.toLowerCase()))
    })
  }

  it('may read a 401', async t => {
    const response = await callMcp(await startServer(t), undefined, 'ping')
    assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [401, '*'])
  })

  it('may read a 403', async t => {
    const server = await startServer(t)
    const response = await callMcp(server, craftToken(server, { scope: '' }), 'tools/list')
    assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [403, '*'])
  })

  it('may read an event stream', async t => {
    const { server, access_token } = await startWithTokens(t)
    const response = await postMcp(server, access_token, { jsonrpc: '2.0', id: 1, method: 'ping' }, { accept: 'text/event-stream' })
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  })

  it('may not send the cookies of the user', async t => {
    const { server, access_token } = await startWithTokens(t)
    const response = await get(`${server.url}/mcp`, { ...bearer(access_token), origin: 'http://localhost:1' })
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
  })
})
