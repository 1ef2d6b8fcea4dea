import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertRefused, authorize, basic, exchange, postForm, readJson, register, requestToken, startServer, type Members,
  type TestContext, type TestServer,
} from '../harness.ts'

/** Exchanges a code; `form` and `headers` say how the client authenticates. */
async function authenticate(
  server: TestServer, client: Members, form: Members, headers: Record<string, string> = {},
): Promise<Response> {
  const { code, code_verifier } = await authorize(server, client)
  return requestToken(server, { grant_type: 'authorization_code', code, code_verifier, ...form }, headers)
}

async function start(t: TestContext, token_endpoint_auth_method: string | undefined) {
  const server = await startServer(t)
  const client = await register(server, { token_endpoint_auth_method })
  const { client_id, client_secret } = client
  return { server, client, client_id, client_secret }
}

describe('A client that registered none', () => {
  it('identifies itself with its client_id (OAuth 2.1 section 3.2.2)', async t => {
    const { server, client, client_id } = await start(t, 'none')
    assert.equal((await authenticate(server, client, { client_id })).status, 200)
  })

  it('is rejected with a client_secret', async t => {
    const { server, client, client_id } = await start(t, 'none')
    const response = await authenticate(server, client, { client_id, client_secret: 'x' })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('is rejected with Basic', async t => {
    const { server, client, client_id } = await start(t, 'none')
    const response = await authenticate(server, client, {}, basic(client_id, 'x'))
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('is rejected without client_id (RFC 6749 section 3.2.1)', async t => {
    const { server, client } = await start(t, 'none')
    await assertRefused(await authenticate(server, client, {}), 'parameter-is-sent', 'invalid_request', 400)
  })
})

describe('A client that registered client_secret_post', () => {
  it('authenticates in the body (RFC 6749 section 2.3.1)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_post')
    assert.equal((await authenticate(server, client, { client_id, client_secret })).status, 200)
  })

  it('is rejected if it uses Basic (RFC 7591 section 2)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_post')
    const response = await authenticate(server, client, {}, basic(client_id, client_secret))
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('is rejected without its secret (RFC 6749 section 3.2.1)', async t => {
    const { server, client, client_id } = await start(t, 'client_secret_post')
    await assertRefused(await authenticate(server, client, { client_id }), 'client-is-authenticated', 'invalid_client', 401)
  })

  it('is rejected with the secret of another client (RFC 6749 section 2.3.1)', async t => {
    const { server, client, client_id } = await start(t, 'client_secret_post')
    const { client_secret } = await register(server, { token_endpoint_auth_method: 'client_secret_post' })
    const response = await authenticate(server, client, { client_id, client_secret })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('sees the rule about its method when DEBUG is on', async t => {
    const server = await startServer(t, { DEBUG: 'true' })
    const client = await register(server, { token_endpoint_auth_method: 'client_secret_post' })
    const response = await authenticate(server, client, {}, basic(client['client_id'], client['client_secret']))
    const { error_description } = await assertRefused(response, 'authentication-method-is-registered', 'invalid_client', 401)
    assert.equal(error_description, 'the client registered client_secret_post but used client_secret_basic')
  })
})

describe('A client that registered client_secret_basic', () => {
  it('authenticates with Basic (RFC 6749 section 2.3.1)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_basic')
    assert.equal((await authenticate(server, client, {}, basic(client_id, client_secret))).status, 200)
  })

  it('may percent-encode any character (RFC 6749 section 2.3.1)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_basic')
    const [id, secret] = [client_id, client_secret].map(part => Buffer.from(part).toString('hex').replace(/../g, '%$&'))
    const headers = { authorization: `Basic ${base64(`${id}:${secret}`)}` }
    assert.equal((await authenticate(server, client, {}, headers)).status, 200)
  })

  it('may write the scheme in any case (RFC 9110 section 11.1)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_basic')
    const { authorization } = basic(client_id, client_secret)
    assert.equal((await authenticate(server, client, {}, { authorization: authorization!.replace('Basic', 'bASIC') })).status, 200)
  })

  it('may send the same client_id in the body', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_basic')
    assert.equal((await authenticate(server, client, { client_id }, basic(client_id, client_secret))).status, 200)
  })

  it('is rejected if it authenticates in the body (RFC 7591 section 2)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_basic')
    const response = await authenticate(server, client, { client_id, client_secret })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('is rejected if it uses both (RFC 6749 section 2.3)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_basic')
    const response = await authenticate(server, client, { client_id, client_secret }, basic(client_id, client_secret))
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  it('is rejected with another client_id in the body (RFC 6749 section 2.3)', async t => {
    const { server, client, client_id, client_secret } = await start(t, 'client_secret_basic')
    const response = await authenticate(server, client, { client_id: 'other' }, basic(client_id, client_secret))
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  it('is rejected with a wrong secret, and with the challenge of its scheme (RFC 6749 section 5.2)', async t => {
    const { server, client, client_id } = await start(t, 'client_secret_basic')
    const response = await authenticate(server, client, {}, basic(client_id, 'wrong'))
    assert.equal(response.headers.get('www-authenticate'), `Basic realm="${server.config.issuer}"`)
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('sees the rule about its secret when DEBUG is on', async t => {
    const server = await startServer(t, { DEBUG: 'true' })
    const client = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
    const response = await authenticate(server, client, {}, basic(client['client_id'], 'wrong'))
    await assertRefused(response, 'client-secret-matches', 'invalid_client', 401)
  })

  const malformed = {
    'no colon': base64('abc'),
    'no client_id': base64(':secret'),
    'a percent sign that encodes nothing': base64('client:%zz'),
    'base64 without padding': base64('client:secret').replace(/=+$/, ''),
    'base64url': `${base64('client:???').replace('/', '_')}`,
    'non-zero padding bits': base64('client:secret').replace('A==', 'B=='),
    'a space inside': `${base64('client')} ${base64('secret')}`,
    'nothing': '',
    'text that is not base64': 'client:secret',
  }
  for (const [what, credentials] of Object.entries(malformed)) {
    it(`is rejected with ${what} in Basic (RFC 6749 section 2.3.1)`, async t => {
      const { server, client } = await start(t, 'client_secret_basic')
      const response = await authenticate(server, client, {}, { authorization: `Basic ${credentials}` })
      await assertRefused(response, 'basic-credentials-are-well-formed', 'invalid_client', 401)
    })
  }

  it('is rejected with another scheme (RFC 6749 section 5.2)', async t => {
    const { server, client, client_secret } = await start(t, 'client_secret_basic')
    const response = await authenticate(server, client, {}, { authorization: `Bearer ${client_secret}` })
    assert.equal(response.headers.get('www-authenticate'), `Basic realm="${server.config.issuer}"`)
    await assertRefused(response, 'basic-credentials-are-well-formed', 'invalid_client', 401)
  })
})

describe('A client that registered no method', () => {
  it('authenticates with Basic, the default (RFC 7591 section 2)', async t => {
    const { server, client, client_id, client_secret } = await start(t, undefined)
    assert.equal((await authenticate(server, client, {}, basic(client_id, client_secret))).status, 200)
  })

  it('may also authenticate in the body, as many clients do', async t => {
    const { server, client, client_id, client_secret } = await start(t, undefined)
    assert.equal((await authenticate(server, client, { client_id, client_secret })).status, 200)
  })

  it('is rejected without its secret (RFC 6749 section 3.2.1)', async t => {
    const { server, client, client_id } = await start(t, undefined)
    await assertRefused(await authenticate(server, client, { client_id }), 'client-is-authenticated', 'invalid_client', 401)
  })
})

describe('An unknown client', () => {
  it('is rejected with 401 invalid_client, so that SDKs register again (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'unknown' })
    await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
  })

  it('gets no Basic challenge unless it used Basic, because browsers would show a password dialog', async t => {
    const server = await startServer(t)
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'unknown' })
    assert.equal(response.headers.get('www-authenticate'), null)
  })

  it('gets the same response as a wrong secret, byte for byte', async t => {
    const { server, client_id } = await start(t, 'client_secret_post')
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_secret: 'wrong' }
    const known = await requestToken(server, { ...form, client_id })
    const unknown = await requestToken(server, { ...form, client_id: 'unknown' })
    assert.equal(await known.text(), await unknown.text())
    assert.deepEqual(headersOf(known), headersOf(unknown))
  })

  it('gets the same response as a wrong secret with Basic, byte for byte', async t => {
    const { server, client_id } = await start(t, 'client_secret_basic')
    const form = { grant_type: 'refresh_token', refresh_token: 'x' }
    const known = await requestToken(server, form, basic(client_id, 'wrong'))
    const unknown = await requestToken(server, form, basic('unknown', 'wrong'))
    assert.equal(await known.text(), await unknown.text())
    assert.deepEqual(headersOf(known), headersOf(unknown))
  })

  it('is identified in the error when DEBUG is on', async t => {
    const server = await startServer(t, { DEBUG: 'true' })
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'unknown' })
    await assertRefused(response, 'client-is-known', 'invalid_client', 401)
  })
})

describe('The body of a token request', () => {
  it('must be a form (RFC 6749 section 3.2)', async t => {
    const server = await startServer(t)
    const response = await requestToken(server, { grant_type: 'refresh_token' }, { 'content-type': 'application/json' })
    await assertRefused(response, 'body-is-a-form', 'invalid_request', 400)
  })

  it('may name the charset', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const headers = { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }
    const { code, code_verifier } = await authorize(server, client)
    const form = { grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'] }
    assert.equal((await requestToken(server, form, headers)).status, 200)
  })

  it('must not repeat a parameter (RFC 6749 section 3.2)', async t => {
    const server = await startServer(t)
    const body = 'grant_type=refresh_token&client_id=a&client_id=b&refresh_token=x'
    await assertRefused(await postForm(`${server.url}/oauth/token`, body), 'parameters-are-not-repeated', 'invalid_request', 400)
  })

  it('must not repeat an unknown parameter (RFC 6749 section 3.2)', async t => {
    const server = await startServer(t)
    const body = 'grant_type=refresh_token&client_id=a&refresh_token=x&y=1&y=1'
    await assertRefused(await postForm(`${server.url}/oauth/token`, body), 'parameters-are-not-repeated', 'invalid_request', 400)
  })

  it('must name a grant_type (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    await assertRefused(await requestToken(server, { client_id: 'x' }), 'parameter-is-sent', 'invalid_request', 400)
  })

  it('is read, and the query is not (RFC 6749 section 3.2)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const { code, code_verifier } = await authorize(server, client)
    const query = new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'] })
    const response = await postForm(`${server.url}/oauth/token?${query}`, {})
    await assertRefused(response, 'parameter-is-sent', 'invalid_request', 400)
  })

  it('gets a JSON error even if Accept includes HTML (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    const response = await requestToken(server, {}, { accept: 'text/html, image/gif, */*; q=.2' })
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.equal((await readJson(response))['error'], 'invalid_request')
  })

  it('gets an error that must not be cached (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    assert.equal((await requestToken(server, {})).headers.get('cache-control'), 'no-store')
  })

  it('leads to an error page that exists (RFC 6749 section 5.2)', async t => {
    const server = await startServer(t)
    const { error_uri } = await readJson(await requestToken(server, {}))
    assert.equal((await fetch(error_uri)).status, 200)
  })

  it('may come from any origin (CORS)', async t => {
    const server = await startServer(t)
    const client = await register(server)
    const response = await exchange(server, client, await authorize(server, client))
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
  })
})

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function headersOf(response: Response): [string, string][] {
  return [...response.headers].filter(([name]) => name !== 'date')
}
