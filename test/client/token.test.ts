import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Registration } from '../../src/core/client/seams/storage.ts'
import { coreAuthenticationMethods as authenticationMethods } from '../../src/core/client/client-authentication.ts'
import { requestTokens, type TokenResponse } from '../../src/core/client/token-request.ts'
import { exitCodes } from '../../src/base/client/errors.ts'
import { Trace } from '../../src/base/client/trace.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  assertFails, assertRefusal, assertUntrusted, formOf, html, json, redirectTo, startPeer, validTokens, type Answer, type Received,
} from '../peer.ts'

const form = { grant_type: 'authorization_code', code: 'the code+', resource: undefined }

/** Sends a token request to a peer and returns what the peer received. */
async function send(t: TestContext, changes: Partial<Registration>): Promise<Received> {
  const peer = await startPeer(t)
  peer.on('POST /token', json(validTokens()))
  const registration = { client_id: 'the-client', token_endpoint_auth_method: 'none', redirect_uri: 'http://127.0.0.1/cb', ...changes }
  await requestTokens({ url: `${peer.url}/token`, issuer: peer.url, registration, form, authenticationMethods }, new Trace())
  return peer.received[0]!
}

/** Reads a token response. */
async function read(t: TestContext, answer: Answer): Promise<TokenResponse> {
  const peer = await startPeer(t)
  peer.on('POST /token', answer)
  const registration = { client_id: 'the-client', token_endpoint_auth_method: 'none', redirect_uri: 'http://127.0.0.1/cb' }
  return requestTokens({ url: `${peer.url}/token`, issuer: peer.url, registration, form, authenticationMethods }, new Trace())
}

function readTokens(t: TestContext, changes: Members): Promise<TokenResponse> {
  return read(t, json(validTokens(changes)))
}

describe('requestTokens(): client authentication', () => {
  it('sends the client_id of a public client in the body (RFC 6749 section 3.2.1)', async t => {
    const received = await send(t, {})
    assert.deepEqual(formOf(received), { grant_type: 'authorization_code', code: 'the code+', client_id: 'the-client' })
    assert.equal(received.headers.authorization, undefined)
  })

  it('sends the content type and Accept of a token request (RFC 6749 section 4.1.3)', async t => {
    const { headers, query } = await send(t, {})
    assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(headers.accept, 'application/json')
    assert.equal(query.size, 0)
  })

  it('leaves out parameters that are undefined', async t => {
    assert.equal('resource' in formOf(await send(t, {})), false)
  })

  it('sends id and secret in the body with client_secret_post (RFC 6749 section 2.3.1)', async t => {
    const received = await send(t, { token_endpoint_auth_method: 'client_secret_post', client_secret: 's+e/c' })
    const { client_id, client_secret } = formOf(received)
    assert.deepEqual({ client_id, client_secret }, { client_id: 'the-client', client_secret: 's+e/c' })
    assert.equal(received.headers.authorization, undefined)
  })

  it('sends id and secret in the header with client_secret_basic, and neither in the body (RFC 6749 section 2.3)', async t => {
    const received = await send(t, { token_endpoint_auth_method: 'client_secret_basic', client_secret: 'gX1fBat3bV' })
    assert.equal(received.headers.authorization, `Basic ${Buffer.from('the-client:gX1fBat3bV').toString('base64')}`)
    assert.deepEqual(formOf(received), { grant_type: 'authorization_code', code: 'the code+' })
  })

  it('reproduces the Basic credentials of RFC 6749 section 2.3.1', async t => {
    const changes = { token_endpoint_auth_method: 'client_secret_basic', client_id: 's6BhdRkqt3', client_secret: '7Fjfp0ZBr1KtDRbnfVdmIw' }
    assert.equal((await send(t, changes)).headers.authorization, 'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3')
  })

  it('encodes both parts of Basic before it joins them, so that a colon is unambiguous (RFC 6749 section 2.3.1)', async t => {
    const changes = { token_endpoint_auth_method: 'client_secret_basic', client_id: 'a:b c', client_secret: 'p%:+ü' }
    const header = (await send(t, changes)).headers.authorization ?? ''
    assert.equal(Buffer.from(header.slice('Basic '.length), 'base64').toString(), 'a%3Ab+c:p%25%3A%2B%C3%BC')
  })
})

describe('requestTokens(): the response', () => {
  it('is read (RFC 6749 section 5.1)', async t => {
    assert.deepEqual(await readTokens(t, { scope: 'a b' }), {
      access_token: 'access-0', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh-0', scope: 'a b',
    })
  })

  for (const token_type of ['Bearer', 'bearer', 'BEARER']) {
    it(`may have the token_type ${token_type} (RFC 6749 section 7.1)`, async t => {
      assert.equal((await readTokens(t, { token_type })).token_type, token_type)
    })
  }

  for (const token_type of ['DPoP', 'N_A', 'mac', 'Bearer ']) {
    it(`is refused with the token_type ${JSON.stringify(token_type)} (RFC 6749 section 7.1)`, async t => {
      await assertUntrusted(readTokens(t, { token_type }), 'token-type-is-usable')
    })
  }

  it('is refused with the token_type "", which counts as none (RFC 6749 section 7.1)', async t => {
    await assertUntrusted(readTokens(t, { token_type: '' }), 'token-response-is-complete')
  })

  const malformed: readonly (readonly [string, Members])[] = [
    ['without access_token', { access_token: undefined }],
    ['with an empty access_token', { access_token: '' }],
    ['with a number as access_token', { access_token: 7 }],
    ['with a line break in the access_token', { access_token: 'a\r\nx: y' }],
    ['with a space in the access_token', { access_token: 'a b' }],
    ['with an access_token beyond ASCII', { access_token: 'tökén' }],
    ['without token_type', { token_type: undefined }],
    ['with a list as token_type', { token_type: ['Bearer'] }],
    ['with a number as refresh_token', { refresh_token: 7 }],
    ['with a negative expires_in', { expires_in: -1 }],
    ['with a word as expires_in', { expires_in: 'soon' }],
    ['with NaN as expires_in', { expires_in: 'NaN' }],
    ['with a negative number in a string as expires_in', { expires_in: '-1' }],
    ['with true as expires_in', { expires_in: true }],
    ['with a list as expires_in', { expires_in: [3600] }],
  ]
  for (const [what, changes] of malformed) {
    it(`is refused ${what} (RFC 6749 section 5.1)`, async t => {
      await assertUntrusted(readTokens(t, changes), 'token-response-is-complete')
    })
  }

  it('is refused with an infinite expires_in (RFC 6749 section 5.1)', async t => {
    const body = '{"access_token":"a","token_type":"Bearer","expires_in":1e999}'
    await assertUntrusted(read(t, { headers: { 'content-type': 'application/json' }, body }), 'token-response-is-complete')
  })

  const lifetimes: readonly (readonly [string, unknown, number | undefined])[] = [
    ['absent', undefined, undefined], ['null', null, undefined], ['a number in a string', '3600', 3600], ['zero', 0, 0], ['a fraction', 0.5, 0.5],
  ]
  for (const [what, expires_in, expected] of lifetimes) {
    it(`may have an expires_in that is ${what}`, async t => {
      assert.equal((await readTokens(t, { expires_in })).expires_in, expected)
    })
  }

  for (const refresh_token of [undefined, null]) {
    it(`may have ${refresh_token === null ? 'null as' : 'no'} refresh_token`, async t => {
      assert.equal((await readTokens(t, { refresh_token })).refresh_token, undefined)
    })
  }

  it('may have unknown members', async t => {
    assert.equal((await readTokens(t, { resource: 'x', extra: { a: 1 } })).access_token, 'access-0')
  })

  it('is refused if it is a page with status 200', async t => {
    await assertUntrusted(read(t, html()), 'document-is-json')
  })

  it('is refused if it repeats a member', async t => {
    const body = '{"access_token":"a","token_type":"Bearer","access_token":"b"}'
    await assertUntrusted(read(t, { headers: { 'content-type': 'application/json' }, body }), 'document-is-json')
  })

  it('does not show the token in the error', async t => {
    const error = await assertUntrusted(readTokens(t, { access_token: 'the secret token' }), 'token-response-is-complete')
    assert.equal(JSON.stringify([error, error.message]).includes('secret'), false)
  })
})

describe('requestTokens(): the error response', () => {
  it('is reported with its description (RFC 6749 section 5.2)', async t => {
    const answer = json({ error: 'invalid_grant', error_description: 'code is expired', error_uri: 'https://a.example/explain/x' }, 400)
    const { message, remedy } = await assertRefusal(read(t, answer), 'tokens-are-granted', 'invalid_grant')
    assert.equal(message, 'the token endpoint refused: invalid_grant: code is expired')
    assert.equal(remedy, 'It is explained at https://a.example/explain/x')
  })

  for (const [code, expected] of [
    ['invalid_grant', /expired.*used.*redirect_uri is not identical.*code_verifier/], ['invalid_client', /--client-id/],
    ['invalid_target', /--no-resource/], ['unheard_of', /^Read the error/], ['toString', /^Read the error/],
  ] as const) {
    it(`says what to do about ${code} without an error_uri, and does not mention one (RFC 6749 section 5.2)`, async t => {
      const { remedy } = await assertRefusal(read(t, json({ error: code }, 400)), 'tokens-are-granted', code)
      assert.match(remedy ?? '', expected)
      assert.doesNotMatch(remedy ?? '', /error_uri/)
    })
  }

  it('is recognized with status 200, which some servers send', async t => {
    await assertRefusal(read(t, json({ error: 'invalid_grant' })), 'tokens-are-granted', 'invalid_grant')
  })

  it('may be a page, whose status the client reports', async t => {
    await assertFails(read(t, html('<h1>Bad gateway', 502)), { rule: 'tokens-are-granted', exitCode: exitCodes.unreachable })
  })

  it('may be a redirect to another origin, which the client does not follow', async t => {
    await assertRefusal(read(t, redirectTo('https://elsewhere.example/', 307)), 'tokens-are-granted', 'HTTP 307')
  })

  it('may be something that is not an OAuth error', async t => {
    await assertFails(read(t, json({ error: { code: 7 } }, 400)), { rule: 'tokens-are-granted', exitCode: exitCodes.unreachable })
  })
})
