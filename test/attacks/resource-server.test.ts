import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Tool } from '../../src/tools/tool.ts'
import {
  assertRefused, bearer, bearerChallenge, callMcp, callModern, craftToken, postForm, postJson, postMcp, readJson, refreshed,
  ruleOf, sendRaw, startServer, startWithTokens, type Members, type TestServer,
} from '../harness.ts'
import { attack } from './attack.ts'

const call = (name: string, args: Members = {}) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } })
const paths = ['/mcp', '/mcp/tools/list', '/mcp/tools/call']

/** A tool that tells who called it, and how often anybody did. */
function countingTool() {
  const callers: string[] = []
  const tool: Tool = {
    name: 'count', title: '', description: '', inputSchema: { type: 'object' }, outputSchema: { type: 'object' },
    run: (_args, { sub }) => {
      callers.push(sub)
      return { text: sub, structuredContent: { sub } }
    },
  }
  return { tool, callers }
}

async function assertChallenged(response: Response, rule: string): Promise<void> {
  assert.ok(response.status === 401 || response.status === 400, String(response.status))
  assert.equal(ruleOf((await readJson(response))['error_uri']), rule)
}

async function profileOf(server: TestServer, token: string, args: Members = {}): Promise<Members> {
  return (await readJson(await callMcp(server, token, 'tools/call', { name: 'get_user_profile', arguments: args })))['result']
}

describe('Resource server', { concurrency: 8 }, () => {
  for (const path of paths) {
    attack(`calls ${path} without a token`, 'access-token-is-sent', async t => {
      const server = await startServer(t)
      const response = await postJson(`${server.url}${path}`, call('get_weather', { location: 'x' }))
      assert.equal(response.status, 401)
      assert.equal(bearerChallenge(response)['error'], undefined)
    })
    attack(`sends a token to ${path} in the query`, 'access-token-is-in-the-header', async t => {
      const server = await startServer(t)
      const response = await postJson(`${server.url}${path}?access_token=${craftToken(server)}`, call('get_weather'))
      await assertChallenged(response, 'access-token-is-in-the-header')
    })
  }
  attack('sends a token in the query under an encoded name, beside one in the header', 'access-token-is-in-the-header', async t => {
    const server = await startServer(t)
    const token = craftToken(server)
    await assertChallenged(await postJson(`${server.url}/mcp?access%5Ftoken=${token}`, call('get_weather'), bearer(token)), 'access-token-is-in-the-header')
  })
  attack('sends a token in a form body', 'access-token-is-sent', async t => {
    const server = await startServer(t)
    await assertChallenged(await postForm(`${server.url}/mcp`, { access_token: craftToken(server) }), 'access-token-is-sent')
  })
  attack('sends a form with a token in the header', 'body-is-json', async t => {
    const server = await startServer(t)
    const token = craftToken(server)
    await assertRefused(await postForm(`${server.url}/mcp`, { access_token: token }, bearer(token)), 'body-is-json', 'unsupported_media_type', 415)
  })
  attack('sends a token in a cookie', 'access-token-is-sent', async t => {
    const server = await startServer(t)
    await assertChallenged(await postJson(`${server.url}/mcp`, call('x'), { cookie: `access_token=${craftToken(server)}` }), 'access-token-is-sent')
  })
  attack('sends two tokens in two Authorization headers', 'authorization-is-sent-once', async t => {
    const server = await startServer(t)
    const { status, body } = await sendRaw(server, [
      'POST /mcp HTTP/1.1', `Host: localhost:${server.port}`, 'Content-Length: 0', 'Authorization: Bearer x', `Authorization: Bearer ${craftToken(server)}`,
    ])
    assert.deepEqual([status, ruleOf(JSON.parse(body).error_uri)], [400, 'authorization-is-sent-once'])
  })
  for (const credentials of ['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a,b', 'Bearer  ', 'Basic YTpi', 'bearer="x"', 'BearerX', 'Bearer\tx', 'Token x']) {
    attack(`sends the credentials ${JSON.stringify(credentials)}`, 'credentials-are-bearer', async t => {
      const response = await postJson(`${(await startServer(t)).url}/mcp`, call('x'), { authorization: credentials })
      await assertChallenged(response, 'credentials-are-bearer')
    })
  }
  attack('injects a challenge into the challenge', 'src/core/mcp/bearer.ts: errorText(error.message)', async t => {
    const server = await startServer(t, { DEBUG: 'true' })
    const header = Buffer.from(JSON.stringify({ alg: '", resource_metadata="https://evil.example/\r\nX: y', typ: 'at+jwt' })).toString('base64url')
    const response = await postJson(`${server.url}/mcp`, call('x'), bearer(`${header}.e30.x`))
    assert.equal(bearerChallenge(response)['resource_metadata'], `${server.config.issuer}/.well-known/oauth-protected-resource/mcp`)
  })

  // --- Scope ---

  const read = { scope: 'mcp:tools:read' }
  attack('calls a tool with a token that may only list tools', 'scope-is-sufficient', async t => {
    const { tool, callers } = countingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    const response = await postMcp(server, craftToken(server, read), call('count'))
    assert.equal(response.status, 403)
    assert.equal(bearerChallenge(response)['scope'], 'mcp:tools:read mcp:tools:execute')
    assert.deepEqual(callers, [])
  })
  attack('hides a call behind a listing in a batch', 'scope-is-sufficient', async t => {
    const { tool, callers } = countingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    const response = await postMcp(server, craftToken(server, read), [{ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { ...call('count'), id: 2 }])
    assert.deepEqual([response.status, callers], [403, []])
  })
  attack('sends the method twice, a harmless one first', 'message-is-json', async t => {
    const { tool, callers } = countingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    for (const name of ['method', 'm\\u0065thod']) {
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/list","${name}":"tools/call","params":{"name":"count"}}`
      const response = await postMcp(server, craftToken(server, read), body)
      assert.deepEqual([response.status, (await readJson(response))['error'].code], [400, -32700])
    }
    assert.deepEqual(callers, [])
  })
  for (const method of ['Tools/Call', 'TOOLS/CALL', 'tools/call ', ' tools/call', 'tools//call', 'tools/call\0', 'tools\\/call', 'constructor', '__proto__', 'toString']) {
    attack(`calls the method ${JSON.stringify(method)}, which needs no scope`, 'method-is-implemented', async t => {
      const { tool, callers } = countingTool()
      const server = await startServer(t, {}, { tools: [tool] })
      const response = await postMcp(server, craftToken(server, { scope: '' }), { ...call('count'), method })
      assert.equal((await readJson(response))['error'].code, -32601)
      assert.deepEqual(callers, [])
    })
  }
  attack('names a harmless method in the header and calls a tool in the body', 'headers-match-body', async t => {
    const { tool, callers } = countingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    const response = await callModern(server, craftToken(server, read), 'tools/call', { name: 'count', arguments: {} }, { 'mcp-method': 'tools/list' })
    assert.deepEqual([response.status, callers], [400, []])
  })
  attack('names a harmless method in the header of a legacy call', 'scope-is-sufficient', async t => {
    const { tool, callers } = countingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    const response = await postMcp(server, craftToken(server, read), call('count'), { 'mcp-method': 'tools/list' })
    assert.deepEqual([response.status, callers], [403, []])
  })
  for (const path of ['/mcp/initialize', '/mcp/tools/list']) {
    for (const [what, body] of [['another method', call('count')], ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'initialize' }, call('count')]]] as const) {
      attack(`posts ${what} to ${path}`, 'method-fits-path', async t => {
        const { tool, callers } = countingTool()
        const server = await startServer(t, {}, { tools: [tool] })
        const token = path === '/mcp/initialize' ? undefined : craftToken(server)
        const response = await postJson(`${server.url}${path}`, body, bearer(token))
        assert.equal(response.status, 400)
        assert.deepEqual(callers, [])
      })
    }
  }
  attack('calls a tool with a notification, which gets no response', 'src/core/mcp/legacy.ts: if (requests.length === 0) return empty(202)', async t => {
    const { tool, callers } = countingTool()
    const server = await startServer(t, {}, { tools: [tool] })
    const { id: _id, ...notification } = call('count')
    assert.equal((await postMcp(server, craftToken(server, read), notification)).status, 202)
    assert.deepEqual(callers, [])
  })
  attack('uses a scope that only begins like the required one', 'scope-is-sufficient', async t => {
    const server = await startServer(t)
    for (const scope of ['mcp:tools:executes mcp:tools:reads', 'mcp:tools:*', '*', 'MCP:TOOLS:READ', 'mcp:tools:read,mcp:tools:execute', '']) {
      assert.equal((await callMcp(server, craftToken(server, { scope }), 'tools/list')).status, 403, scope)
    }
  })

  // --- Sessions ---

  async function openSession(server: TestServer, token: string): Promise<Members> {
    const response = await callMcp(server, token, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } })
    return { 'mcp-session-id': response.headers.get('mcp-session-id')! }
  }
  attack('uses a session instead of a token', 'access-token-is-sent', async t => {
    const server = await startServer(t)
    const session = await openSession(server, craftToken(server))
    assert.equal((await callMcp(server, undefined, 'tools/list', {}, session)).status, 401)
  })
  for (const [what, other] of [['another user', { sub: 'other' }], ['another client of the same user', { client_id: 'other' }]] as const) {
    attack(`uses the session of ${what}`, 'session-is-known', async t => {
      const server = await startServer(t)
      const session = await openSession(server, craftToken(server))
      const thief = craftToken(server, other)
      assert.equal((await callMcp(server, thief, 'ping', {}, session)).status, 404)
      const ended = await fetch(`${server.url}/mcp`, { method: 'DELETE', headers: { ...bearer(thief), ...session } })
      assert.equal(ended.status, 404)
      assert.equal((await callMcp(server, craftToken(server), 'ping', {}, session)).status, 200)
    })
  }
  attack('has a session end with an access token that was refreshed', 'src/core/mcp/legacy.ts: session.sub === token.sub', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const session = await openSession(server, access_token)
    const next = await refreshed(server, client, refresh_token)
    assert.equal((await callMcp(server, next['access_token'], 'ping', {}, session)).status, 200)
  })
  attack('guesses session ids or sends two', 'session-is-known', async t => {
    const server = await startServer(t)
    const { 'mcp-session-id': id } = await openSession(server, craftToken(server))
    for (const guess of ['1', 'x'.repeat(43), `${id}, x`, `${id}x`, id.toUpperCase(), '__proto__']) {
      assert.equal((await callMcp(server, craftToken(server), 'ping', {}, { 'mcp-session-id': guess })).status, 404, guess)
    }
  })
  attack('uses a session after it was ended', 'session-is-known', async t => {
    const server = await startServer(t)
    const session = await openSession(server, craftToken(server))
    await fetch(`${server.url}/mcp`, { method: 'DELETE', headers: { ...bearer(craftToken(server)), ...session } })
    assert.equal((await callMcp(server, craftToken(server), 'ping', {}, session)).status, 404)
  })

  attack('opens sessions without limit to end those of others', 'src/base/store/session-table.ts: if (own.length > maxSessions)', async t => {
    const server = await startServer(t)
    const victim = await openSession(server, craftToken(server))
    const flood = craftToken(server, { sub: 'other' })
    const first = await openSession(server, flood)
    for (let i = 0; i < 64; i++) await openSession(server, flood)
    assert.equal((await callMcp(server, flood, 'ping', {}, first)).status, 404)
    assert.equal((await callMcp(server, craftToken(server), 'ping', {}, victim)).status, 200)
  })

  // --- One user's data ---

  attack('requests the profile of another user in the arguments', 'src/tools/get-user-profile.ts: additionalProperties: false', async t => {
    const server = await startServer(t)
    const token = craftToken(server, { sub: 'other' })
    for (const args of [{ sub: 'demo-user' }, { user: 'demo-user' }, { sub: ['demo-user'] }]) {
      const result = await profileOf(server, token, args)
      assert.equal(result['isError'], true)
      assert.doesNotMatch(JSON.stringify(result), /demo@example/)
    }
  })
  attack('requests its profile while a hundred others do, to get another one', 'src/tools/methods.ts: { sub, client_id } = token!', async t => {
    const { tool } = countingTool()
    const server = await startServer(t, {}, { tools: [{ ...tool, run: async (_args, { sub }) => {
      await new Promise(resolve => setTimeout(resolve, Math.random() * 20))
      return { text: sub, structuredContent: { sub } }
    } }] })
    const users = Array.from({ length: 100 }, (_, i) => `user-${i}`)
    const answers = await Promise.all(users.map(async (sub, id) => {
      const response = await postMcp(server, craftToken(server, { sub }), { ...call('count'), id })
      const { id: answered, result } = await readJson(response)
      return [answered, result.structuredContent.sub]
    }))
    assert.deepEqual(answers, users.map((sub, id) => [id, sub]))
  })
  attack('has a list for one user cached for all of them', 'src/core/mcp/modern.ts: cacheScope: \'public\'', async t => {
    const server = await startServer(t)
    const lists = []
    for (const sub of ['one', 'other']) {
      const { result } = await readJson(await callModern(server, craftToken(server, { sub }), 'tools/list'))
      lists.push(result)
    }
    assert.equal(lists[0].cacheScope, 'public')
    assert.deepEqual(lists[0], lists[1])
    const { result } = await readJson(await callModern(server, craftToken(server), 'tools/call', { name: 'get_user_profile', arguments: {} }))
    assert.equal(result.cacheScope, undefined)
  })
  attack('has a cache give a response to another user', 'src/base/ui/security-headers.ts: \'cache-control\'', async t => {
    const server = await startServer(t)
    const response = await callMcp(server, craftToken(server), 'tools/call', { name: 'get_user_profile', arguments: {} })
    assert.equal(response.headers.get('cache-control'), 'no-store')
  })

  // --- Tools ---

  const tricks = ['../../etc/passwd', '/etc/passwd', '..\\..\\windows', 'src/../../../etc', '....//etc', '%2e%2e/etc', 'file:///etc/passwd', '\0', '~/.ssh/*', '.', '..', '../**']
  for (const pattern of tricks) {
    attack(`lists files with the pattern ${JSON.stringify(pattern)}`, 'src/tools/list-files.ts: const files', async t => {
      const server = await startServer(t)
      const { result } = await readJson(await callMcp(server, craftToken(server), 'tools/call', { name: 'list_files', arguments: { pattern } }))
      assert.deepEqual(result.structuredContent.files, [])
    })
  }
  for (const pattern of ['*'.repeat(200), '**/'.repeat(66), `${'*a'.repeat(99)}b`, `${'?*'.repeat(100)}`, '{a,b}'.repeat(40), '(a+)+$'.repeat(30), `${'[!a]*'.repeat(40)}`]) {
    attack(`lists files with a pattern that backtracks: ${pattern.slice(0, 12)}...`, 'src/tools/list-files.ts: The classic greedy match', async t => {
      const server = await startServer(t)
      const calls = Array.from({ length: 20 }, () => callMcp(server, craftToken(server), 'tools/call', { name: 'list_files', arguments: { pattern } }))
      for (const response of await Promise.all(calls)) assert.equal(response.status, 200)
    })
  }

  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'get_weather\0', 'GET_WEATHER', '../get_weather']) {
    attack(`calls the tool ${JSON.stringify(name)}`, 'tool-is-known', async t => {
      const server = await startServer(t)
      assert.equal((await readJson(await postMcp(server, craftToken(server), call(name))))['error'].code, -32602)
    })
  }
  for (const args of [[], 'x', 1, true]) {
    attack(`calls a tool with the arguments ${JSON.stringify(args)}`, 'params-are-valid', async t => {
      const server = await startServer(t)
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_weather', arguments: args } }
      assert.equal((await readJson(await postMcp(server, craftToken(server), message)))['error'].code, -32602)
    })
  }
  for (const location of [1, null, [], {}, '', 'x'.repeat(101), ['x']]) {
    attack(`calls a tool with an argument that does not fit its schema: ${JSON.stringify(location).slice(0, 20)}`, 'src/tools/call-tool.ts: const problem = schemaProblem', async t => {
      const server = await startServer(t)
      const { result } = await readJson(await postMcp(server, craftToken(server), call('get_weather', { location })))
      assert.equal(result.isError, true)
    })
  }
})
