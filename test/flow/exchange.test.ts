import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fingerprint } from '../../src/base/protocol/crypto.ts'
import { isRecorded, recordExchange, type Exchange } from '../../src/flow/exchange.ts'
import type { AnsweredExchange } from '../../src/core/context/recording.ts'
import { json, redirect, type Reply, type Request } from '../../src/base/http/message.ts'
import { redactText } from '../../src/base/protocol/redact.ts'
import { codeIsFresh } from '../../src/core/rules/token.ts'
import { assertLinear } from '../growth.ts'
import type { Members } from '../harness.ts'

const secret = 'the-secret-value-of-this-test'
const mark = fingerprint(secret)
const jwt = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"demo","client_id":"c","grant_id":"g"}').toString('base64url')}.c2lnbmF0dXJl`

function raw(request: Partial<Request>, rest: Partial<AnsweredExchange> = {}): AnsweredExchange {
  return {
    id: 'id', time: 1_000_000_000, duration: 1, body: '', caller: 'program', reply: json(200, {}), verdicts: [],
    request: {
      method: 'POST', path: '/oauth/token', query: '', headers: {}, parameter: '', remoteAddress: '127.0.0.1',
      signal: AbortSignal.abort(), text: async () => '', ...request,
    },
    ...rest,
  }
}

function record(request: Partial<Request>, rest: Partial<AnsweredExchange> = {}): Exchange {
  return recordExchange(raw(request, rest)).exchange
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const asJson = { 'content-type': 'application/json' }

describe('The parties of an exchange', () => {
  for (const [path, caller, from, to] of [
    ['/oauth/token', 'program', 'client', 'authorization server'],
    ['/oauth/authorize', 'browser', 'user agent', 'authorization server'],
    ['/mcp', 'resource', 'client', 'resource server'],
    ['/mcp/tools/list', 'resource', 'client', 'resource server'],
    ['/.well-known/oauth-protected-resource/mcp', 'program', 'client', 'resource server'],
    ['/.well-known/oauth-authorization-server', 'program', 'client', 'authorization server'],
    ['/nowhere', undefined, 'client', 'authorization server'],
  ] as const) {
    it(`are ${from} and ${to} at ${path}`, () => {
      const exchange = record({ path }, { caller })
      assert.deepEqual([exchange.from, exchange.to], [from, to])
    })
  }

  it('begin with a user agent where an unknown path is opened as a page', () => {
    assert.equal(record({ path: '/login', query: 'client_id=x', headers: { accept: 'text/html' } }, { caller: undefined }).from, 'user agent')
  })
})

describe('The record of an exchange', () => {
  const verdict = { rule: codeIsFresh, passed: false, received: 1_764_000_000, expected: 1_764_000_012 }

  it('names what the path does not say', () => {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_weather' } }
    assert.equal(record({ path: '/mcp', headers: asJson }, { body: JSON.stringify(call) }).title, 'tools/call get_weather')
    assert.equal(record({ headers: form }, { body: 'grant_type=refresh_token' }).title, 'refresh_token')
    assert.equal(record({ path: '/oauth/register', headers: asJson }, { body: '{"client_name":"Editor"}' }).title, 'Editor')
  })

  it('keeps verdicts as text, and times as people read them', () => {
    assert.deepEqual(record({}, { verdicts: [verdict] }).verdicts, [{
      rule: 'code-is-fresh', passed: false, received: '2025-11-24T16:00:00.000Z', expected: ['2025-11-24T16:00:12.000Z'],
    }])
  })

  it('shows the claims of an access token and never the token', () => {
    const exchange = record({ headers: { authorization: `Bearer ${jwt}` } })
    assert.deepEqual(JSON.parse(exchange.claims!), { sub: 'demo', client_id: 'c', grant_id: 'g' })
    assert.ok(!JSON.stringify(exchange).includes(jwt.split('.')[2]!))
  })

  it('cuts what is long', () => {
    const exchange = record({ query: 'x'.repeat(10_000), headers: { ...form, long: 'x'.repeat(10_000) } }, { body: `a=${'x'.repeat(100_000)}` })
    assert.ok(JSON.stringify(exchange).length < 16_000)
  })

  it('does not keep a page', () => {
    const page: Reply = { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>hello</p>' }
    assert.equal(record({}, { reply: page }).response.body, '12 characters of text/html')
  })

  it('is not made for pages about the server', () => {
    for (const path of ['/', '/health', '/docs', '/openapi.json', '/explain', '/explain/x', '/flow', '/flow/x', '/source/a/b']) {
      assert.equal(isRecorded(path), false, path)
    }
    for (const path of ['/mcp', '/oauth/token', '/.well-known/x', '/flowers', '/register']) assert.equal(isRecorded(path), true, path)
  })
})

describe('The record of an exchange holds no secret', () => {
  const hidden: readonly (readonly [string, Partial<Request>, Partial<AnsweredExchange>])[] = [
    ['of a form', { headers: form }, { body: `code=${secret}` }],
    ['of a form with an unusual name', { headers: form }, { body: `clientSecret=${secret}&Code-Verifier=${secret}&new_password=${secret}` }],
    ['of a sign-in', { path: '/sign-in', headers: form }, { body: `username=ada&password=${secret}`, caller: 'browser' }],
    ['of a query', { path: '/mcp', query: `access_token=${secret}` }, {}],
    ['of JSON', { headers: asJson }, { body: JSON.stringify({ client_secret: secret }) }],
    ['of JSON below such a name', { headers: asJson }, { body: JSON.stringify({ token: { value: secret } }) }],
    ['of JSON within a text of JSON', { headers: asJson }, { body: JSON.stringify({ text: JSON.stringify({ access_token: secret }) }) }],
    ['of a body of another type', { headers: { 'content-type': 'text/plain' } }, { body: secret }],
    ['of a body that is no JSON', { headers: asJson }, { body: `{"client_secret":"${secret}"` }],
    ['of the Authorization header', { headers: { authorization: `Basic ${secret}` } }, {}],
    ['of an Authorization header with an unknown scheme', { headers: { authorization: `${secret} x` } }, {}],
    ['of a cookie', { headers: { cookie: `a=${secret}` } }, {}],
    ['of a session', { headers: { 'mcp-session-id': secret } }, {}],
    ['of a header with a name of its own', { headers: { 'x-api-key': secret } }, {}],
    ['of the page from which the browser came', { headers: { referer: `http://a.example/cb?code=${secret}` } }, {}],
    ['of a redirect', {}, { reply: redirect(302, `http://a.example/cb?code=${secret}&state=x`) }],
    ['of a fragment', {}, { reply: redirect(302, `http://a.example/cb#access_token=${secret}`) }],
    ['of a cookie that is set', {}, { reply: { status: 200, headers: { 'set-cookie': `browser=${secret}; Path=/` }, body: '' } }],
    ['of the answer', {}, { reply: json(200, { access_token: secret, refresh_token: secret, registration_access_token: secret }) }],
    ['of a page', {}, { reply: { status: 200, headers: { 'content-type': 'text/html' }, body: `<input type="hidden" name="consent_token" value="${secret}">` } }],
    ['of a verdict', {}, { verdicts: [{ rule: codeIsFresh, passed: false, received: `code=${secret}` }] }],
  ]
  for (const [what, request, rest] of hidden) {
    it(what, () => {
      const text = JSON.stringify(record(request, rest))
      assert.ok(!text.includes(secret), text)
    })
  }

  for (const [what, request, rest] of [
    ['in a query under any name', { query: `x=${jwt}` }, {}],
    ['in a header', { headers: { 'x-forwarded': jwt } }, {}],
    ['in a text of JSON', { headers: asJson }, { body: JSON.stringify({ note: `use ${jwt}` }) }],
    ['in the title', { path: '/oauth/register', headers: asJson }, { body: JSON.stringify({ client_name: jwt }) }],
    ['in the path', { path: `/x/${jwt}` }, {}],
  ] as const) {
    it(`that is a JWT ${what}`, () => assert.ok(!JSON.stringify(record(request, rest)).includes(jwt)))
  }

  it('and marks two appearances of one alike', () => {
    const { request, response } = record({ headers: form }, { body: `code=${secret}`, reply: redirect(302, `http://a.example/?code=${secret}`) })
    assert.ok(request.body.includes(mark) && response.headers['location']!.includes(mark))
  })

  it('and hides no name, kind or number that is none', () => {
    const open: Members = { token_type: 'Bearer', code_challenge: 'x', token_endpoint_auth_method: 'none', error: { code: -32601 }, progressToken: 'p' }
    assert.deepEqual(JSON.parse(record({ headers: asJson }, { body: JSON.stringify(open) }).request.body), open)
  })
})

describe('redactText()', () => {
  it('hides what is named within a text', () => assert.equal(redactText(`sent code=${secret}, twice`), `sent code=${mark}, twice`))
  it('hides a JWT that stands in other text', () => assert.equal(redactText(`got (${jwt})`), `got (${fingerprint(jwt)})`))
  it('leaves other text alone', () => assert.equal(redactText('scope=a b, error="x"'), 'scope=a b, error="x"'))
  for (const text of ['a=', 'eyJ', '_', '"a":"', '-eyJaaaa']) {
    it(`takes linear time for a long text of ${text}`, () => assertLinear(200_000, size => redactText(text.repeat(size / text.length))))
  }
})

describe('The names by which an exchange is joined to others', () => {
  it('are those of codes, tokens, sessions, consent pages and grants, none of them in clear', () => {
    const { keys, client_id } = recordExchange(raw(
      { headers: { ...form, 'mcp-session-id': 's1' } },
      { body: 'code=c1&client_id=x', reply: json(200, { access_token: jwt, refresh_token: 'r1' }) },
    ))
    assert.deepEqual([...keys].sort(), ['c1', 'r1', 's1', jwt].map(fingerprint).concat('grant g').sort())
    assert.equal(client_id, 'x')
  })

  for (const [what, request, rest] of [
    ['Basic credentials', { headers: { authorization: `Basic ${Buffer.from('my%2Bid:secret').toString('base64')}` } }, { }],
    ['the path of a registration', { path: '/oauth/register/my+id' }, {}],
    ['a client assertion', { headers: form }, { body: `client_assertion=x.${Buffer.from('{"sub":"my+id"}').toString('base64url')}.y` }],
    ['a registration', { path: '/oauth/register' }, { reply: json(201, { client_id: 'my+id' }) }],
  ] as const) {
    it(`name the client of ${what}`, () => assert.equal(recordExchange(raw(request, rest)).client_id, 'my+id'))
  }
})
