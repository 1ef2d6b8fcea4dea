import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fingerprint } from '../../src/base/protocol/crypto.ts'
import { redactBody, redactHeaders, redactParameters, redactUrl } from '../../src/base/protocol/redact.ts'

const secret = 'the-secret-value'
const mark = fingerprint(secret)

/** Names of secrets in forms, queries and JSON. */
const secretMembers: readonly string[] = [
  'access_token', 'refresh_token', 'id_token', 'token', 'code', 'code_verifier', 'client_secret', 'client_assertion', 'assertion',
  'registration_access_token', 'password', 'csrf_token', 'consent_token',
]

describe('redactHeaders()', () => {
  for (const [name, value, expected] of [
    ['authorization', `Bearer ${secret}`, `Bearer ${mark}`],
    ['Authorization', `Basic ${secret}`, `Basic ${mark}`],
    ['authorization', `DPoP ${secret}`, `DPoP ${mark}`],
    ['authorization', secret, mark],
    ['cookie', secret, mark],
    ['Set-Cookie', secret, mark],
    ['dpop', secret, mark],
    ['Mcp-Session-Id', secret, mark],
    ['location', `http://127.0.0.1/callback?state=x&code=${secret}`, `http://127.0.0.1/callback?state=x&code=${mark}`],
  ] as const) {
    it(`hides the secret of ${name}: ${value.replace(secret, '...')}`, () => {
      assert.deepEqual(redactHeaders({ [name]: value }), { [name]: expected })
    })
  }

  it('leaves other headers unchanged', () => {
    const headers = { 'content-type': 'application/json', 'www-authenticate': 'Bearer scope="a"', 'mcp-protocol-version': '2026-07-28' }
    assert.deepEqual(redactHeaders(headers), headers)
  })
})

describe('redactParameters()', () => {
  for (const name of secretMembers) {
    it(`hides ${name}`, () => assert.equal(redactParameters(`a=1&${name}=${secret}`), `a=1&${name}=${mark}`))
  }

  it('hides each of two secrets', () => assert.equal(redactParameters(`code=${secret}&code=${secret}`), `code=${mark}&code=${mark}`))

  it('does not make two parameters of one', () => assert.equal(redactParameters('x=%26state%3Dy&a%26=1'), 'x=%26state=y&a%26=1'))

  it('hides the value of an encoded name', () => assert.equal(redactParameters(`c%6Fde=${secret}`), `code=${mark}`))

  it('decodes other parameters', () => {
    assert.equal(redactParameters('state=a%20b&code_challenge=x&iss=https%3A%2F%2Fa.example'), 'state=a b&code_challenge=x&iss=https://a.example')
  })
})

describe('redactUrl()', () => {
  it('hides a secret in the query', () => {
    assert.equal(redactUrl(`https://a.example/cb?code=${secret}`), `https://a.example/cb?code=${mark}`)
  })

  it('leaves a URL without a query unchanged', () => {
    assert.equal(redactUrl('https://a.example/token'), 'https://a.example/token')
  })
})

describe('redactBody()', () => {
  it('hides secrets in a form', () => {
    assert.equal(redactBody(`grant_type=x&code=${secret}`, 'application/x-www-form-urlencoded'), `grant_type=x&code=${mark}`)
  })

  for (const name of secretMembers) {
    it(`hides ${name} in JSON`, () => {
      assert.equal(redactBody(JSON.stringify({ a: 1, [name]: secret }), 'application/json'), JSON.stringify({ a: 1, [name]: mark }))
    })
  }

  it('hides secrets at every depth of JSON', () => {
    const text = JSON.stringify({ a: [{ result: { tokens: { access_token: secret } } }] })
    assert.equal(redactBody(text, 'application/json').includes(secret), false)
  })

  it('hides secrets in the events of a stream', () => {
    assert.equal(redactBody(`data: {"token":"${secret}"}\ndata:{"a":1}`, 'text/event-stream'), `data: {"token":"${mark}"}\ndata: {"a":1}`)
  })

  it('shows only the length of invalid JSON', () => {
    assert.equal(redactBody(`{"code":"${secret}"`, 'application/json'), '26 characters that are not JSON')
  })

  for (const type of ['text/html', 'text/plain', 'application/octet-stream', '']) {
    it(`shows only the length of ${type || 'a body without a type'}`, () => {
      assert.equal(redactBody(secret, type), `16 characters of ${type || 'unknown type'}`)
    })
  }

  it('shows nothing for an empty body', () => assert.equal(redactBody('', 'application/json'), ''))

  it('gives the same secret the same hash, and different secrets different hashes', () => {
    const [one, again, other] = [secret, secret, 'another'].map(value => redactBody(JSON.stringify({ token: value }), 'application/json'))
    assert.equal(one, again)
    assert.notEqual(one, other)
  })
})
