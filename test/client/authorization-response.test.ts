import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAuthorizationRequest, type PendingAuthorization } from '../../src/core/client/authorization-request.ts'
import { answers, readAuthorizationResponse } from '../../src/core/client/authorization-response.ts'
import type { AuthorizationServer } from '../../src/core/client/discovery.ts'
import type { Registration } from '../../src/core/client/seams/storage.ts'
import { Trace } from '../../src/base/client/trace.ts'
import { codeChallengeS256 } from '../../src/base/protocol/pkce.ts'
import type { Members } from '../harness.ts'
import { assertRefusal, assertUntrusted, present } from '../peer.ts'

const issuer = 'https://auth.example.com'
const redirect_uri = 'http://127.0.0.1:7777/callback'

const registration: Registration = { client_id: 'client', token_endpoint_auth_method: 'none', redirect_uri }

function serverWith(changes: Partial<AuthorizationServer> = {}): AuthorizationServer {
  return {
    issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, registration_endpoint: undefined,
    revocation_endpoint: undefined, code_challenge_methods_supported: ['S256'], scopes_supported: [], grant_types_supported: undefined,
    token_endpoint_auth_methods_supported: ['none'], client_id_metadata_document_supported: false,
    authorization_response_iss_parameter_supported: true, ...changes,
  }
}

function request(changes: Partial<AuthorizationServer> = {}, scopes: readonly string[] = ['a', 'b'], resource?: string): PendingAuthorization {
  const { authorization_endpoint = `${issuer}/authorize` } = changes
  return createAuthorizationRequest({ ...serverWith(changes), authorization_endpoint }, registration, scopes, resource)
}

function queryOf({ url }: PendingAuthorization): Members {
  return Object.fromEntries(new URL(url).searchParams)
}

describe('createAuthorizationRequest()', () => {
  it('requests a code, with state and an S256 code_challenge (OAuth 2.1 section 4.1.1)', () => {
    const pending = request()
    assert.deepEqual(queryOf(pending), {
      response_type: 'code', client_id: 'client', redirect_uri, scope: 'a b', state: pending.state,
      code_challenge: codeChallengeS256(pending.code_verifier), code_challenge_method: 'S256',
    })
  })

  it('keeps the query of the authorization endpoint (RFC 6749 section 3.1)', () => {
    const { url } = request({ authorization_endpoint: `${issuer}/authorize?tenant=1` })
    assert.ok(url.startsWith(`${issuer}/authorize?tenant=1&response_type=code&`), url)
  })

  it('sends the resource unchanged (RFC 8707 section 2)', () => {
    assert.equal(queryOf(request({}, [], 'https://MCP.example.com/mcp/'))['resource'], 'https://MCP.example.com/mcp/')
  })

  it('omits an empty scope (MCP 2026-07-28 basic/authorization, Scope Selection Strategy)', () => {
    assert.equal('scope' in queryOf(request({}, [])), false)
  })

  it('requests consent together with offline_access (OpenID Connect Core 1.0 section 11)', () => {
    assert.equal(queryOf(request({}, ['a', 'offline_access']))['prompt'], 'consent')
  })

  it('does not request consent otherwise', () => {
    assert.equal('prompt' in queryOf(request()), false)
  })

  it('makes a state of 256 bits and a code_verifier of 43 characters for each request (RFC 7636 section 4.1)', () => {
    const [one, two] = [request(), request()]
    for (const { state, code_verifier } of [one, two]) assert.deepEqual([state.length, code_verifier.length], [43, 43])
    assert.notEqual(one.state, two.state)
    assert.notEqual(one.code_verifier, two.code_verifier)
    assert.notEqual(one.state, one.code_verifier)
  })

  it('does not put the code_verifier into the URL', () => {
    const { url, code_verifier } = request()
    assert.equal(url.includes(code_verifier), false)
  })
})

/** A valid response apart from `changes`. A list repeats a parameter, undefined omits it. */
function respond(pending: PendingAuthorization, changes: Members = {}): URLSearchParams {
  const response = new URLSearchParams()
  const members = present({ code: 'the-code', state: pending.state, iss: pending.issuer, ...changes })
  for (const [name, value] of Object.entries(members)) {
    for (const item of [value].flat()) response.append(name, item)
  }
  return response
}

function read(pending: PendingAuthorization, changes: Members = {}): () => Promise<string> {
  return async () => readAuthorizationResponse(respond(pending, changes), pending, new Trace())
}

describe('readAuthorizationResponse(): state', () => {
  it('returns the code of a response with the state of the request', async () => {
    assert.equal(await read(request())(), 'the-code')
  })

  const states: readonly (readonly [string, (state: string) => unknown])[] = [
    ['no state', () => undefined],
    ['an empty state', () => ''],
    ['another state', () => 'made-up'],
    ['the state of another request', () => request().state],
    ['the state and an extra character', state => `${state}x`],
    ['the state without its last character', state => state.slice(0, -1)],
    ['the state in another case', state => state.toUpperCase() === state ? state.toLowerCase() : state.toUpperCase()],
    ['the state twice', state => [state, state]],
    ['the state after another one', state => ['made-up', state]],
    ['the state before another one', state => [state, 'made-up']],
  ]
  for (const [what, state] of states) {
    it(`refuses a response with ${what} (RFC 6749 section 10.12)`, async () => {
      const pending = request()
      await assertUntrusted(read(pending, { state: state(pending.state) }), 'state-is-ours')
    })

    it(`does not accept a response with ${what} as one to the request`, () => {
      const pending = request()
      assert.equal(answers(respond(pending, { state: state(pending.state) }), pending), false)
    })
  }

  it('does not show an error that arrives with a wrong state', async () => {
    const error = await assertUntrusted(read(request(), { state: 'x', code: undefined, error: 'evil text' }), 'state-is-ours')
    assert.equal(error.message.includes('evil'), false)
  })
})

// MCP 2026-07-28 basic/authorization, Authorization Response Validation: the table has four rows.
describe('readAuthorizationResponse(): iss', () => {
  const unannounced = { authorization_response_iss_parameter_supported: false }

  it('accepts the promised iss if it is the issuer (RFC 9207 section 2.4)', async () => {
    assert.equal(await read(request())(), 'the-code')
  })

  it('refuses a response without the promised iss (RFC 9207 section 2.4)', async () => {
    await assertUntrusted(read(request(), { iss: undefined }), 'issuer-of-response-is-sent')
  })

  it('accepts an iss that was not promised if it is the issuer', async () => {
    assert.equal(await read(request(unannounced))(), 'the-code')
  })

  it('refuses an iss that was not promised and is another issuer (RFC 9207 section 2.4)', async () => {
    await assertUntrusted(read(request(unannounced), { iss: 'https://evil.example' }), 'issuer-of-response-matches')
  })

  it('accepts a response without iss if none was promised', async () => {
    assert.equal(await read(request(unannounced), { iss: undefined })(), 'the-code')
  })

  const others: readonly (readonly [string, unknown])[] = [
    ['another host', 'https://evil.example'],
    ['an extra slash', 'https://auth.example.com/'],
    ['an upper-case scheme', 'HTTPS://auth.example.com'],
    ['an upper-case host', 'https://AUTH.example.com'],
    ['the default port', 'https://auth.example.com:443'],
    ['percent-encoding', 'https://auth%2Eexample.com'],
    ['a trailing space', 'https://auth.example.com '],
    ['http instead of https', 'http://auth.example.com'],
    ['a path', 'https://auth.example.com/tenant1'],
    ['an empty value', ''],
    ['the issuer before another one', [issuer, 'https://evil.example']],
    ['the issuer after another one', ['https://evil.example', issuer]],
  ]
  for (const [what, iss] of others) {
    it(`refuses an iss with ${what} (RFC 9207 section 2.4)`, async () => {
      await assertUntrusted(read(request(), { iss }), 'issuer-of-response-matches')
    })
  }

  it('distinguishes an issuer with a trailing slash from one without, both ways', async () => {
    const pending = request({ issuer: `${issuer}/` })
    await assertUntrusted(read(pending, { iss: issuer }), 'issuer-of-response-matches')
    assert.equal(await read(pending)(), 'the-code')
  })

  it('does not show the error of another issuer (MCP 2026-07-28 basic/authorization, Authorization Response Validation)', async () => {
    const changes = { code: undefined, error: 'evil_error', error_description: 'evil text', error_uri: 'https://evil.example/uri' }
    const { message, remedy } = await assertUntrusted(
      read(request(), { ...changes, iss: 'https://other.example' }), 'issuer-of-response-matches',
    )
    assert.equal(`${message} ${remedy}`.includes('evil'), false)
  })

  it('does not show an error without the promised iss (RFC 9207 section 2.4)', async () => {
    const changes = { code: undefined, error: 'evil_error', error_description: 'evil text', iss: undefined }
    const { message, remedy } = await assertUntrusted(read(request(), changes), 'issuer-of-response-is-sent')
    assert.equal(`${message} ${remedy}`.includes('evil'), false)
  })
})

describe('readAuthorizationResponse(): code and error', () => {
  it('reports the error of the authorization server (RFC 6749 section 4.1.2.1)', async () => {
    const error = await assertRefusal(
      read(request(), { code: undefined, error: 'access_denied', error_description: 'The user said no' }),
      'authorization-is-granted', 'access_denied',
    )
    assert.equal(error.message, 'the authorization server refused: access_denied: The user said no')
  })

  it('does not mention an error_uri if there is none', async () => {
    const { remedy } = await assertRefusal(read(request(), { code: undefined, error: 'access_denied' }), 'authorization-is-granted', 'access_denied')
    assert.match(remedy ?? '', /^Read the error\. access_denied means that the user/)
  })

  it('points to the page of error_uri', async () => {
    const changes = { code: undefined, error: 'access_denied', error_uri: 'https://auth.example.com/explain/x' }
    const { remedy } = await assertRefusal(read(request(), changes), 'authorization-is-granted', 'access_denied')
    assert.equal(remedy, 'It is explained at https://auth.example.com/explain/x')
  })

  it('treats a response with a code and an error as an error', async () => {
    await assertRefusal(read(request(), { error: 'server_error' }), 'authorization-is-granted', 'server_error')
  })

  for (const [what, code] of [['no code', undefined], ['an empty code', '']] as const) {
    it(`refuses a response with ${what} and no error`, async () => {
      await assertRefusal(read(request(), { code }), 'authorization-is-granted', 'it sent no code')
    })
  }

  it('refuses a response with two codes (RFC 6749 section 3.1)', async () => {
    await assertUntrusted(read(request(), { code: ['one', 'two'] }), 'authorization-is-granted')
  })

  it('shows an error text shortened and without terminal control characters', async () => {
    const changes = { code: undefined, error: 'bad', error_description: `\u001b[2J\u202e${'x'.repeat(5000)}` }
    const { message } = await assertRefusal(read(request(), changes), 'authorization-is-granted', 'bad')
    assert.match(message, /^[\x20-\x7e…]{300,400}$/u)
  })
})
