/** Headers that arrive twice, or without a value: proxies and HTTP libraries add them to what a client sends. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  claimsOf, sendRaw, startServer, startWithTokens, type Members, type RawResponse, type TestServer,
} from '../harness.ts'

const json = 'Content-Type: application/json'
const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {
  name: 'get_user_profile', arguments: {}, _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {},
  },
} })
const modern = ['MCP-Protocol-Version: 2026-07-28', 'Mcp-Method: tools/call', 'Mcp-Name: get_user_profile']

function post(server: TestServer, path: string, headers: readonly string[], body: string): Promise<RawResponse> {
  return sendRaw(server, [`POST ${path} HTTP/1.1`, `Host: localhost:${server.port}`, `Content-Length: ${body.length}`, ...headers], body)
}

describe('A header that was sent twice with equal values counts once (RFC 9110 section 5.2, section 8.3)', () => {
  const rows: Record<string, { headers: string[]; body?: string }> = {
    'Content-Type: application/json on two lines': { headers: [json, json] },
    'Content-Type: application/json, application/json on one line': { headers: [`${json}, application/json`] },
    'Content-Type on two lines, in another case': { headers: [json, 'content-type: Application/JSON'] },
    'Content-Type with the same charset twice, spaced differently': {
      headers: [`${json}; charset=utf-8`, `${json};charset=UTF-8`],
    },
    'MCP-Protocol-Version on two lines': {
      headers: [json, 'MCP-Protocol-Version: 2025-11-25', 'MCP-Protocol-Version: 2025-11-25'],
    },
    'MCP-Protocol-Version twice on one line': { headers: [json, 'MCP-Protocol-Version: 2025-11-25, 2025-11-25'] },
    'every mirrored header on two lines': { headers: [json, ...modern, ...modern], body: call },
    'Origin on two lines': { headers: [json, 'Origin: http://localhost:3000', 'Origin: http://localhost:3000'] },
    'Accept on two lines': { headers: [json, 'Accept: application/json', 'Accept: application/json'] },
    'Content-Encoding: identity on two lines': { headers: [json, 'Content-Encoding: identity', 'Content-Encoding: identity'] },
    'Expect: 100-continue on two lines': { headers: [json, 'Expect: 100-continue', 'Expect: 100-continue'] },
  }
  for (const [what, { headers, body = ping }] of Object.entries(rows)) {
    it(what, async t => {
      const { server, access_token } = await startWithTokens(t)
      const response = await post(server, '/mcp', [`Authorization: Bearer ${access_token}`, ...headers], body)
      // A 100 comes before the response to a request with an expectation.
      assert.match(response.head + response.body, /HTTP\/1.1 200 OK/, response.body)
    })
  }

  it('Mcp-Session-Id on two lines', async t => {
    const { server, access_token } = await startWithTokens(t)
    const initialize = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } })
    const bearer = `Authorization: Bearer ${access_token}`
    const { head } = await post(server, '/mcp', [bearer, json], initialize)
    const session = /^mcp-session-id: (.*)$/im.exec(head)![0]
    assert.equal((await post(server, '/mcp', [bearer, json, session, session], ping)).status, 200)
  })

  for (const path of ['/oauth/token', '/oauth/revoke', '/oauth/introspect']) {
    it(`Content-Type of a form to ${path} on two lines`, async t => {
      const server = await startServer(t)
      const form = 'Content-Type: application/x-www-form-urlencoded'
      const { body } = await post(server, path, [form, form], 'client_id=unknown&grant_type=refresh_token&refresh_token=x&token=x')
      assert.equal((JSON.parse(body) as Members)['error'], 'invalid_client')
    })
  }

  it('Content-Type of a registration on two lines', async t => {
    const server = await startServer(t)
    const metadata = JSON.stringify({ redirect_uris: ['http://127.0.0.1/callback'] })
    assert.equal((await post(server, '/oauth/register', [json, json], metadata)).status, 201)
  })
})

describe('A header that was sent twice with different values is refused, and the refusal shows both', () => {
  const rows: Record<string, { headers: string[]; status: number; shows: string; body?: string }> = {
    'Content-Type: application/json and text/plain': {
      headers: [json, 'Content-Type: text/plain'], status: 400, shows: 'application/json and text/plain',
    },
    'Content-Type: text/plain and application/json': {
      headers: ['Content-Type: text/plain', json], status: 400, shows: 'text/plain and application/json',
    },
    'Content-Type: application/json, text/plain on one line': {
      headers: [`${json}, text/plain`], status: 400, shows: 'application/json and text/plain',
    },
    'Content-Type with a charset before another type': {
      headers: [`${json}; charset=utf-8, text/plain`], status: 400, shows: 'application/json; charset=utf-8 and text/plain',
    },
    'MCP-Protocol-Version': {
      headers: [json, 'MCP-Protocol-Version: 2025-11-25', 'MCP-Protocol-Version: 2025-06-18'],
      status: 400, shows: '2025-11-25, 2025-06-18',
    },
    'Mcp-Method': {
      headers: [json, ...modern, 'Mcp-Method: tools/list'], body: call, status: 400, shows: 'tools/call, tools/list',
    },
    'Mcp-Name': {
      headers: [json, ...modern, 'Mcp-Name: get_weather'], body: call, status: 400, shows: 'get_user_profile, get_weather',
    },
    'Origin': {
      headers: [json, 'Origin: http://localhost:3000', 'Origin: https://evil.example'],
      status: 403, shows: 'http://localhost:3000, https://evil.example',
    },
  }
  for (const [what, { headers, status, shows, body = ping }] of Object.entries(rows)) {
    it(what, async t => {
      const { server, access_token } = await startWithTokens(t)
      const response = await post(server, '/mcp', [`Authorization: Bearer ${access_token}`, ...headers], body)
      assert.equal(response.status, status)
      assert.ok(response.body.includes(shows), response.body)
    })
  }
})

describe('A header stays refused if it was sent twice with equal values, where the specification forbids it', () => {
  const rows: Record<string, (bearer: string) => string[]> = {
    'Host (RFC 9112 section 3.2)': bearer => [bearer, 'Host: localhost', json],
    'Authorization (RFC 9110 section 11.6.2)': bearer => [bearer, bearer, json],
    'Transfer-Encoding (RFC 9112 section 6.1)': bearer => [bearer, json, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  }
  for (const [what, headers] of Object.entries(rows)) {
    it(what, async t => {
      const { server, access_token } = await startWithTokens(t)
      assert.equal((await post(server, '/mcp', headers(`Authorization: Bearer ${access_token}`), ping)).status, 400)
    })
  }

  it('DPoP (RFC 9449 section 4.3)', async t => {
    const server = await startServer(t)
    const form = 'Content-Type: application/x-www-form-urlencoded'
    const client = await fetch(`${server.url}/oauth/register`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none' }),
    }).then(response => response.json()) as Members
    const body = `grant_type=refresh_token&refresh_token=x&client_id=${client['client_id']}`
    const response = await post(server, '/oauth/token', [form, 'DPoP: a.b.c', 'DPoP: a.b.c'], body)
    assert.match(response.body, /dpop-proof-is-sent-once/)
  })
})

describe('A header without a value counts as absent', () => {
  const rows: Record<string, string> = {
    'MCP-Protocol-Version': 'MCP-Protocol-Version:', 'Mcp-Session-Id': 'Mcp-Session-Id:', 'Accept': 'Accept:',
    'Content-Encoding': 'Content-Encoding:', 'Mcp-Method': 'Mcp-Method:', 'Expect': 'Expect:',
  }
  for (const [what, header] of Object.entries(rows)) {
    it(what, async t => {
      const { server, access_token } = await startWithTokens(t)
      const response = await post(server, '/mcp', [`Authorization: Bearer ${access_token}`, json, header], ping)
      assert.equal(response.status, 200, response.body)
    })
  }

  it('Authorization at the MCP endpoint: the challenge has no error code (RFC 6750 section 3)', async t => {
    const server = await startServer(t)
    const { status, head } = await post(server, '/mcp', ['Authorization:', json], ping)
    assert.equal(status, 401)
    assert.doesNotMatch(head, /error=/)
  })

  it('Authorization at the token endpoint, beside client_id in the body', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const body = `grant_type=refresh_token&refresh_token=${refresh_token}&client_id=${client['client_id']}`
    const headers = ['Authorization:', 'Content-Type: application/x-www-form-urlencoded']
    const response = await post(server, '/oauth/token', headers, body)
    assert.equal(response.status, 200, response.body)
    const { access_token } = JSON.parse(response.body) as Members
    assert.equal(claimsOf(access_token as string)['client_id'], client['client_id'])
  })
})
