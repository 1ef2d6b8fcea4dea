import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { modernVersion } from '../../src/base/protocol/mcp.ts'
import { routes } from '../../src/routes.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import {
  assertRefused, bearer, callMcp, callModern, craftToken, get, modernMeta, postMcp, readJson, ruleOf, sendRaw, startServer, type Members,
} from '../harness.ts'
import { attack } from './attack.ts'

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

describe('Transport', { concurrency: 8 }, () => {
  const resources = routes.filter(({ caller }) => caller === 'resource')
  const origins = [
    'https://evil.example', 'null', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'http://evil.example:8000',
    'http://localhost@evil.example', 'http://localhost, https://evil.example', 'http://localhost/x', 'evil://localhost', 'file://', 'localhost',
    'http://127.1', 'http://[::ffff:127.0.0.1]',
  ]
  for (const { path } of resources) {
    attack(`sends requests to ${path} from a page on another site`, 'origin-is-allowed', async t => {
      const server = await startServer(t)
      for (const origin of origins) {
        const lines = [`POST ${path} HTTP/1.1`, `Host: localhost:${server.port}`, `Origin: ${origin}`, `Authorization: Bearer ${craftToken(server)}`, 'Content-Length: 0']
        const { status, body } = await sendRaw(server, lines)
        assert.deepEqual([origin, status, ruleOf(JSON.parse(body).error_uri)], [origin, 403, 'origin-is-allowed'])
      }
    })
  }
  attack('uses DNS rebinding on every path', 'host-is-served', async t => {
    const server = await startServer(t)
    for (const { method, path } of routes) {
      const target = path.replace(/:\w+$/, 'x')
      for (const host of ['evil.example', `evil.example:${server.port}`, 'localhost.evil.example', '127.0.0.1.nip.io']) {
        const { status } = await sendRaw(server, [`${method === '*' ? 'POST' : method} ${target} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0'])
        assert.equal(status, 403, `${target} ${host}`)
      }
    }
  })
  attack('moves the server to another host with X-Forwarded-Host', 'src/core/oauth/metadata.ts: const { issuer } = services.config', async t => {
    const server = await startServer(t)
    const forged = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example;proto=https', 'x-original-url': '/evil', 'x-rewrite-url': '/evil' }
    for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/oauth-protected-resource', '/', '/docs']) {
      assert.doesNotMatch(await (await get(`${server.url}${path}`, forged)).text(), /evil/)
    }
    const challenge = (await fetch(`${server.url}/mcp`, { method: 'POST', headers: forged })).headers.get('www-authenticate')
    assert.doesNotMatch(challenge!, /evil/)
  })
  attack('overrides the method with a header', 'src/app/incoming-request.ts: this.method = incoming.method', async t => {
    const server = await startServer(t)
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      assert.equal((await get(`${server.url}/oauth/token`, { [name]: 'POST' })).status, 405)
    }
  })

  const types = [
    undefined, '', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/json', 'application/jsonp',
    'application/json-patch+json', 'application/json x', 'text/plain; application/json', 'application/xml',
  ]
  attack('posts a message as application/json, text/plain, which two readers may take for two types', 'content-type-is-sent-once', async t => {
    const server = await startServer(t)
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST', body: Buffer.from(JSON.stringify(ping)), headers: { ...bearer(craftToken(server)), 'content-type': 'application/json, text/plain' },
    })
    await assertRefused(response, 'content-type-is-sent-once', 'invalid_request', 400)
  })
  for (const type of types) {
    attack(`posts a message as ${type ?? 'no type at all'}, which needs no preflight`, 'body-is-json', async t => {
      const server = await startServer(t)
      const response = await fetch(`${server.url}/mcp`, {
        method: 'POST', body: Buffer.from(JSON.stringify(ping)), headers: { ...bearer(craftToken(server)), ...(type === undefined ? {} : { 'content-type': type }) },
      })
      await assertRefused(response, 'body-is-json', 'unsupported_media_type', 415)
    })
  }

  const ids = ['null', '1.5', '-1.5', 'true', '{}', '[]', '[1]', '1e400', '9007199254740993', '{"__proto":1}']
  for (const id of ids) {
    attack(`sends a request with the id ${id}`, 'message-is-json-rpc', async t => {
      const server = await startServer(t)
      const response = await postMcp(server, craftToken(server), `{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
      assert.deepEqual([response.status, (await readJson(response))['error'].code], [400, -32600])
    })
  }
  for (const id of ['""', '"x"', '0', '-1', '9007199254740991', '"\\u0000"', '"__proto__"']) {
    attack(`gets a response with another id than ${id}`, 'src/base/protocol/json-rpc.ts: return { jsonrpc: \'2.0\', id, result }', async t => {
      const server = await startServer(t)
      const response = await postMcp(server, craftToken(server), `{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
      assert.deepEqual((await readJson(response))['id'], JSON.parse(id))
    })
  }
  const messages: Record<string, unknown> = {
    'no jsonrpc': { id: 1, method: 'ping' }, 'jsonrpc 1.0': { ...ping, jsonrpc: '1.0' }, 'jsonrpc as a number': { ...ping, jsonrpc: 2.0 },
    'a method that is a number': { ...ping, method: 1 }, 'a method that is a list': { ...ping, method: ['ping'] }, 'a method that is null': { ...ping, method: null },
    'params that are a list': { ...ping, params: [] }, 'params that are a string': { ...ping, params: 'x' },
    'a result and a method': { ...ping, result: {} }, 'an error and a method': { ...ping, error: {} },
    'nothing': {}, 'a string': '"ping"', 'a number': 1, 'null': null, 'true': true,
  }
  for (const [what, message] of Object.entries(messages)) {
    attack(`sends a message with ${what}`, 'message-is-json-rpc', async t => {
      const server = await startServer(t)
      const response = await postMcp(server, craftToken(server), JSON.stringify(message))
      assert.deepEqual([response.status, (await readJson(response))['error'].code], [400, -32600])
    })
  }
  for (const [what, body] of Object.entries({
    'nothing': '', 'half a message': '{"jsonrpc":', 'two messages': `${JSON.stringify(ping)}${JSON.stringify(ping)}`, 'a member __proto__': '{"jsonrpc":"2.0","id":1,"method":"ping","__proto__":{}}',
    '100,000 levels': `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 'a byte order mark': `\ufeff${JSON.stringify(ping)}`,
    'NaN': '{"jsonrpc":"2.0","id":NaN,"method":"ping"}', 'a NUL at the end': `${JSON.stringify(ping)}\0`,
  })) {
    attack(`sends ${what} as a message`, 'message-is-json', async t => {
      const server = await startServer(t)
      const response = await postMcp(server, craftToken(server), body)
      assert.deepEqual([response.status, (await readJson(response))['error'].code], [400, -32700])
    })
  }
  attack('sends a message that is not UTF-8', 'body-is-utf-8', async t => {
    const server = await startServer(t)
    const body = Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":"'), Buffer.from([0xff]), Buffer.from('","method":"ping"}')])
    const response = await fetch(`${server.url}/mcp`, { method: 'POST', body, headers: { ...bearer(craftToken(server)), 'content-type': 'application/json' } })
    await assertRefused(response, 'body-is-utf-8', 'invalid_request', 400)
  })

  // --- Batches ---

  const batch = [ping, { ...ping, id: 2 }]
  for (const version of ['2025-06-18', '2025-11-25', '2024-11-05', '2025-3-26']) {
    attack(`sends a batch with revision ${version}, which has none`, 'batch-is-allowed', async t => {
      const server = await startServer(t)
      assert.equal((await postMcp(server, craftToken(server), batch, { 'mcp-protocol-version': version })).status, 400)
    })
  }
  attack(`sends a batch with revision ${modernVersion}`, 'batch-is-allowed', async t => {
    const server = await startServer(t)
    const message = { ...ping, method: 'tools/list', params: { _meta: modernMeta() } }
    const response = await postMcp(server, craftToken(server), [message, message], { 'mcp-protocol-version': modernVersion, 'mcp-method': 'tools/list' })
    assert.equal(response.status, 400)
  })
  for (const [what, messages] of Object.entries<Members[]>({
    'no messages': [], '51 messages': Array.from({ length: 51 }, (_, id) => ({ ...ping, id })),
    'initialize': [{ ...ping, method: 'initialize', params: { protocolVersion: '2025-03-26' } }, ping],
  })) {
    attack(`sends a batch with ${what}`, 'batch-is-allowed', async t => {
      const server = await startServer(t)
      assert.equal((await postMcp(server, craftToken(server), messages, { 'mcp-protocol-version': '2025-03-26' })).status, 400)
    })
  }
  attack('nests a batch in a batch', 'message-is-json-rpc', async t => {
    const server = await startServer(t)
    assert.equal((await postMcp(server, craftToken(server), [[ping]], { 'mcp-protocol-version': '2025-03-26' })).status, 400)
  })

  // --- Headers of the modern era ---

  for (const [what, headers, rule] of [
    ['no Mcp-Method', { 'mcp-method': undefined }, 'required-header-is-sent'],
    ['Mcp-Method in another case', { 'mcp-method': 'Tools/List' }, 'headers-match-body'],
    ['two Mcp-Methods', { 'mcp-method': 'tools/list, tools/call' }, 'headers-match-body'],
    ['a legacy version in the header and a modern one in the body', { 'mcp-protocol-version': '2025-11-25' }, 'headers-match-body'],
    ['an unknown version', { 'mcp-protocol-version': '2099-01-01' }, 'headers-match-body'],
  ] as const) {
    attack(`sends a modern request with ${what}`, rule, async t => {
      const server = await startServer(t)
      const response = await callModern(server, craftToken(server), 'tools/list', {}, headers)
      assert.deepEqual([response.status, (await readJson(response))['error'].code], [400, -32020])
    })
  }
  attack('names one tool in the header and another in the body', 'headers-match-body', async t => {
    const server = await startServer(t)
    const params = { name: 'list_files', arguments: {} }
    const response = await callModern(server, craftToken(server), 'tools/call', params, { 'mcp-name': 'get_user_profile' })
    assert.equal((await readJson(response))['error'].code, -32020)
  })
  attack('names one argument in the header and another in the body', 'headers-match-body', async t => {
    const server = await startServer(t)
    const params = { name: 'get_weather', arguments: { location: 'Lisbon' } }
    const response = await callModern(server, craftToken(server), 'tools/call', params, { 'mcp-param-location': 'Porto' })
    assert.equal((await readJson(response))['error'].code, -32020)
  })
  for (const value of ['=?base64?TGlzYm9u=?=', '=?base64?TGlz Ym9u?=', '=?base64?/w==?=', '=?base64?!!!!?=']) {
    attack(`spells a mirrored argument as ${value}`, 'header-value-is-well-formed', async t => {
      const server = await startServer(t)
      const params = { name: 'get_weather', arguments: { location: 'Lisbon' } }
      const response = await callModern(server, craftToken(server), 'tools/call', params, { 'mcp-param-location': value })
      assert.equal(response.status, 400)
    })
  }
  attack('sends an unsupported protocol version', 'protocol-version-is-supported', async t => {
    const server = await startServer(t)
    const meta = modernMeta({ 'io.modelcontextprotocol/protocolVersion': '2099-01-01' })
    const response = await callModern(server, craftToken(server), 'tools/list', { _meta: meta }, { 'mcp-protocol-version': '2099-01-01' })
    assert.deepEqual([response.status, (await readJson(response))['error'].code], [400, -32022])
  })

  attack('asks for a response in an unsupported type', 'accept-is-served', async t => {
    const server = await startServer(t)
    assert.equal((await callMcp(server, craftToken(server), 'ping', {}, { accept: 'text/html' })).status, 406)
  })
  attack('crashes the server with a stream that fails', 'src/app/application.ts: The stream failed after its head was sent', async t => {
    const store = new MemoryStore({ now: () => Date.now() / 1000, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 3600 })
    let calls = 0
    store.isRevoked = async () => {
      if (++calls > 1) throw new Error('the database is gone')
      return false
    }
    const server = await startServer(t, {}, { store })
    const listen = () => callModern(server, craftToken(server), 'subscriptions/listen', { notifications: {} }, { accept: 'text/event-stream' })
    await assert.rejects(listen().then(response => response.text()))
    assert.ok(server.log.some(line => line.includes('the database is gone')))
    assert.equal((await get(`${server.url}/health`)).status, 200)
  })
  for (const method of ['GET', 'PUT', 'PATCH', 'HEAD', 'DELETE', 'OPTIONS']) {
    attack(`tries ${method} on /mcp without a token`, 'access-token-is-sent', async t => {
      const response = await get(`${(await startServer(t)).url}/mcp`, {}, method)
      assert.equal(response.status, method === 'OPTIONS' ? 204 : 401)
    })
  }
})
