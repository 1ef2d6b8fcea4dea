import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe } from 'node:test'
import { MemoryStore } from '../../src/base/store/memory.ts'
import {
  assertRedirectedError, assertRefused, authorize, basic, bearer, claimsOf, exchange, get, getTokens, postForm, postJson, readJson, register, requestCode,
  requestRegistration, requestToken, startServer, validMetadata, type Members,
} from '../harness.ts'
import { attack } from './attack.ts'

describe('Registration', { concurrency: 8 }, () => {
  const hostile = {
    'a tab that a URL parser would strip': 'https://app.example.com/c\tb',
    'a newline that a URL parser would strip': 'https://app.example.com/cb\n',
    'a carriage return in the host': 'https://app.exa\rmple.com/cb',
    'a space before it': ' https://app.example.com/cb',
    'a space inside': 'https://app.example.com/a b',
    'a NUL': 'https://app.example.com/\0',
    'a user name': 'https://app.example.com@evil.example/cb',
    'a user name and a password': 'https://a:b@evil.example/cb',
    'an empty user name': 'https://@evil.example/cb',
    'a user name before loopback': 'http://localhost@evil.example/cb',
    'a user name in a private-use scheme': 'cursor://localhost@evil/cb',
    'a fragment': 'https://app.example.com/cb#x',
    'an empty fragment': 'https://app.example.com/cb#',
    'a backslash that browsers read as a slash': 'https://evil.example\\@app.example.com/cb',
    'a host that only looks like loopback': 'http://localhost.evil.example/cb',
    'a loopback address as a subdomain': 'http://127.0.0.1.evil.example/cb',
    'a loopback address in decimal': 'http://2130706433/cb',
    'a loopback address in hexadecimal': 'http://0x7f000001/cb',
    'a loopback address in octal': 'http://0177.0.0.1/cb',
    'a short loopback address': 'http://127.1/cb',
    'the unspecified address': 'http://0.0.0.0/cb',
    'an IPv4-mapped loopback address': 'http://[::ffff:127.0.0.1]/cb',
    'another spelling of ::1': 'http://[0:0:0:0:0:0:0:1]/cb',
    'a dot at the end of localhost': 'http://localhost./cb',
    'a full-width localhost': 'http://ｌocalhost/cb',
    'a host with a Cyrillic letter': 'https://аpp.example.com/cb',
    'a percent-encoded host': 'https://%61pp.example.com/cb',
    'http to a public host': 'http://app.example.com/cb',
    'http to a private network': 'http://192.168.0.1/cb',
    'the scheme javascript': 'javascript:alert(1)',
    'the scheme javascript in mixed case': 'JaVaScRiPt://x/%0aalert(1)',
    'the scheme data': 'data:text/html,<script>',
    'the scheme file': 'file:///etc/passwd',
    'the scheme vbscript': 'vbscript:msgbox',
    'the scheme blob': 'blob:https://app.example.com/x',
    'the scheme view-source': 'view-source:https://app.example.com/',
    'the scheme about': 'about:blank',
    'no scheme': '//evil.example/cb',
    'only a path': '/cb',
    'no host': 'https:///cb',
    'one slash after https': 'https:/app.example.com/cb',
    'a port above 65535': 'http://127.0.0.1:65536/cb',
    'a port that is not a number': 'http://127.0.0.1:8o/cb',
    'markup': 'https://app.example.com/"><script>',
    'more than 2048 characters': `https://app.example.com/${'x'.repeat(2048)}`,
  }
  for (const [what, uri] of Object.entries(hostile)) {
    attack(`registers a redirect URI with ${what}`, 'redirect-uri-is-safe', async t => {
      const response = await requestRegistration(await startServer(t), { redirect_uris: [uri] })
      await assertRefused(response, 'redirect-uri-is-safe', 'invalid_redirect_uri', 400)
    })
  }

  for (const [what, redirect_uris] of Object.entries({
    'one in a string': 'https://app.example.com/cb', 'not a list': {}, 'an empty list': [], 'nested lists': [['https://app.example.com/cb']],
    'numbers': [1], 'null': [null], 'twenty-one URIs': Array.from({ length: 21 }, (_, i) => `https://app.example.com/${i}`),
    'more than 8192 characters in total': Array.from({ length: 10 }, (_, i) => `https://app.example.com/${i}${'x'.repeat(1000)}`),
  })) {
    attack(`registers redirect URIs as ${what}`, 'redirect-uris-are-sent', async t => {
      const response = await requestRegistration(await startServer(t), { redirect_uris })
      await assertRefused(response, 'redirect-uris-are-sent', 'invalid_redirect_uri', 400)
    })
  }

  attack('registers a wildcard to match another host', 'redirect-uri-is-registered', async t => {
    const server = await startServer(t)
    const client = await register(server, { redirect_uris: ['https://*.example.com/cb'] })
    for (const redirect_uri of ['https://evil.example.com/cb', 'https://x.example.com/cb']) {
      await assertRefused(await requestCode(server, client, { redirect_uri }), 'redirect-uri-is-registered', 'invalid_request', 400)
    }
  })

  for (const method of ['private_key', 'tls_client_auth', 'client_secret_jwt', 'NONE', 'none ', '__proto__']) {
    attack(`registers the authentication method ${JSON.stringify(method)} to count as none`, 'authentication-method-is-supported', async t => {
      const response = await requestRegistration(await startServer(t), { token_endpoint_auth_method: method })
      await assertRefused(response, 'authentication-method-is-supported', 'invalid_client_metadata', 400)
    })
  }

  for (const [what, token_endpoint_auth_method] of [['leaves out', undefined], ['empties', ''], ['registers null as', null]] as const) {
    attack(`${what} the authentication method to get a client without a secret`, 'client-secret-matches', async t => {
      const server = await startServer(t)
      const client = await register(server, { token_endpoint_auth_method })
      assert.equal(client['token_endpoint_auth_method'], 'client_secret_basic')
      const response = await exchange(server, client, await authorize(server, client), { client_secret: undefined })
      await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
    })
  }

  attack('chooses the client_id, the secret and the time of issue', 'src/core/oauth/register.ts: client_id: randomToken(16)', async t => {
    const server = await startServer(t)
    const chosen = {
      client_id: 'admin', client_secret: 'chosen', client_secret_hash: 'chosen', client_id_issued_at: 1, client_secret_expires_at: 1,
      registration_access_token: 'chosen', registration_client_uri: 'https://evil.example', served: true,
    }
    const client = await register(server, { ...chosen, token_endpoint_auth_method: 'client_secret_post' })
    for (const [name, value] of Object.entries(chosen)) assert.notEqual(client[name], value, name)
    const other = await register(server, chosen)
    assert.notEqual(other['client_id'], client['client_id'])
  })

  attack('registers URLs for the server to fetch', 'src/core/oauth/client-metadata.ts: None of the URLs is ever fetched', async t => {
    const trap = createServer()
    let calls = 0
    trap.on('connection', socket => { calls++; socket.destroy() })
    trap.listen(0, '127.0.0.1')
    await once(trap, 'listening')
    t.after(async () => void trap.close())
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/`
    const server = await startServer(t)
    const client = await register(server, {
      client_uri: url, logo_uri: url, tos_uri: url, policy_uri: url, sector_identifier_uri: url, initiate_login_uri: url,
      request_uris: [url], software_statement: url, jwks_uri: url,
    })
    await authorize(server, client)
    assert.equal(calls, 0)
  })

  const mistyped: Members = {
    client_uri: 'javascript:alert(1)', logo_uri: 'data:image/svg+xml,<svg>', policy_uri: 'file:///etc/passwd', tos_uri: 'VBScript:x',
    grant_types: 'authorization_code', response_types: 'code', scope: ['mcp:tools:read'], dpop_bound_access_tokens: 'true',
    token_endpoint_auth_method: ['none'],
  }
  for (const [name, value] of Object.entries(mistyped)) {
    attack(`registers ${name} as ${JSON.stringify(value)}`, 'client-metadata-is-typed', async t => {
      const response = await requestRegistration(await startServer(t), { [name]: value })
      await assertRefused(response, 'client-metadata-is-typed', 'invalid_client_metadata', 400)
    })
  }

  const dropped: Members = {
    client_name: { toString: 'x' }, client_uri: ' javascript:alert(1)', logo_uri: 'java\tscript:alert(1)', tos_uri: ['x'], policy_uri: '//evil',
    contacts: 'me', software_id: {}, software_version: true, application_type: 'both',
  }
  for (const [name, value] of Object.entries(dropped)) {
    attack(`registers ${name} as ${JSON.stringify(value)}, and has it shown`, 'src/core/oauth/client-metadata.ts: function readDescription', async t => {
      const client = await register(await startServer(t), { [name]: value })
      assert.equal(client[name], undefined)
    })
  }

  attack('registers a client_name of 60,000 characters', 'src/core/oauth/client-metadata.ts: const maxTextLength = 1024', async t => {
    const client = await register(await startServer(t), { client_name: 'x'.repeat(60_000) })
    assert.equal(client['client_name'], undefined)
  })

  for (const [what, body] of Object.entries({ 'a list': '[]', 'a text': '"x"', 'null': 'null', 'a number': '1' })) {
    attack(`registers ${what} instead of an object`, 'client-metadata-is-an-object', async t => {
      const response = await postJson(`${(await startServer(t)).url}/oauth/register`, body)
      await assertRefused(response, 'client-metadata-is-an-object', 'invalid_client_metadata', 400)
    })
  }

  const good = 'https://app.example.com/cb'
  for (const [what, body] of Object.entries({
    'redirect_uris twice': `{"redirect_uris":["${good}"],"redirect_uris":["https://evil.example/cb"]}`,
    'redirect_uris twice, once escaped': `{"redirect_uris":["${good}"],"redirect_\\u0075ris":["https://evil.example/cb"]}`,
    'a member __proto__': `{"redirect_uris":["${good}"],"__proto__":{"token_endpoint_auth_method":"none"}}`,
    'a nested member __proto__': `{"redirect_uris":["${good}"],"x":{"__proto__":{}}}`,
    '10,000 levels': `{"redirect_uris":["${good}"],"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    'a comment': `{"redirect_uris":["${good}"]/**/}`,
    'an extra comma': `{"redirect_uris":["${good}"],}`,
    'something after the end': `{"redirect_uris":["${good}"]}{}`,
    'a byte order mark': `\ufeff{"redirect_uris":["${good}"]}`,
    'nothing': '',
  })) {
    attack(`registers with a JSON text with ${what}`, 'json-is-well-formed', async t => {
      const response = await postJson(`${(await startServer(t)).url}/oauth/register`, body)
      await assertRefused(response, 'json-is-well-formed', 'invalid_request', 400)
    })
  }

  attack('breaks the consent page with lone surrogates in the client name', 'src/base/ui/html.ts: export function displayText', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false' })
    const response = await postJson(`${server.url}/oauth/register`, `{"redirect_uris":["${good}"],"client_name":"a\\ud800b\\u0000\\u202ec"}`)
    assert.equal(response.status, 201)
    const page = await requestCode(server, await readJson(response), { redirect_uri: good })
    assert.equal(page.status, 200)
    assert.doesNotMatch(await page.text(), /[\ufffd\u202e\0]/)
  })

  attack('registers a grant type that collects passwords', 'grant-types-are-supported', async t => {
    const response = await requestRegistration(await startServer(t), { grant_types: ['password'] })
    await assertRefused(response, 'grant-types-are-supported', 'invalid_client_metadata', 400)
  })

  attack('registers the implicit grant', 'response-types-are-supported', async t => {
    const response = await requestRegistration(await startServer(t), { response_types: ['token'] })
    await assertRefused(response, 'response-types-are-supported', 'invalid_client_metadata', 400)
  })

  attack('registers the password and the implicit grant beside the code grant, and uses them', 'src/core/oauth/client-metadata.ts: context.grants.has(type)', async t => {
    const server = await startServer(t)
    const client = await register(server, {
      grant_types: ['authorization_code', 'password', 'implicit'], response_types: ['code', 'token', 'code id_token'],
    })
    assert.deepEqual([client['grant_types'], client['response_types']], [['authorization_code'], ['code']])
    const form = { grant_type: 'password', username: 'demo', password: 'x', client_id: client['client_id'] }
    await assertRefused(await postForm(`${server.url}/oauth/token`, form), 'grant-type-is-supported', 'unsupported_grant_type', 400)
    assertRedirectedError(await requestCode(server, client, { response_type: 'token' }), 'response-type-is-code', 'unsupported_response_type')
  })

  attack('registers client_credentials for a client without a secret', 'client-credentials-are-confidential', async t => {
    const response = await requestRegistration(await startServer(t), { grant_types: ['client_credentials'], redirect_uris: undefined })
    await assertRefused(response, 'client-credentials-are-confidential', 'invalid_client_metadata', 400)
  })

  attack('registers with a form, which any page can send', 'body-is-json', async t => {
    const response = await postForm(`${(await startServer(t)).url}/oauth/register`, validMetadata)
    await assertRefused(response, 'body-is-json', 'unsupported_media_type', 415)
  })

  for (const method of ['GET', 'PUT', 'DELETE']) {
    attack(`uses ${method} on a registration with the token of another client`, 'registration-access-token-matches', async t => {
      const server = await startServer(t)
      const [mine, other] = [await register(server), await register(server)]
      const body = method === 'PUT' ? { body: JSON.stringify({ ...validMetadata, client_id: other['client_id'] }) } : {}
      const response = await fetch(`${server.url}/oauth/register/${other['client_id']}`, {
        method, headers: { ...bearer(mine['registration_access_token']), 'content-type': 'application/json' }, ...body,
      })
      await assertRefused(response, 'registration-access-token-matches', 'invalid_token', 401)
    })
  }

  attack('takes over another client_id in an update of its own registration', 'client-id-is-unchanged', async t => {
    const server = await startServer(t)
    const [mine, other] = [await register(server), await register(server)]
    const response = await fetch(`${server.url}/oauth/register/${mine['client_id']}`, {
      method: 'PUT', body: JSON.stringify({ ...validMetadata, client_id: other['client_id'] }),
      headers: { ...bearer(mine['registration_access_token']), 'content-type': 'application/json' },
    })
    await assertRefused(response, 'client-id-is-unchanged', 'invalid_client_metadata', 400)
  })

  attack('floods the registration endpoint from one address', 'address-is-within-limits', async t => {
    const server = await startServer(t, { RATE_LIMIT_REGISTRATIONS_PER_MINUTE: '3' })
    for (let i = 0; i < 3; i++) await register(server)
    const response = await requestRegistration(server)
    assert.match(response.headers.get('retry-after')!, /^([1-9]|[1-5]\d|60)$/)
    assert.equal(response.headers.get('content-type'), 'application/json')
    await assertRefused(response, 'address-is-within-limits', 'too_many_requests', 429)
    assert.equal((await get(`${server.url}/health`)).status, 200)
    server.advance(60)
    await register(server)
  })

  attack('has 300 registrations of others in a minute rejected by the limit', 'src/base/config/variables.ts: RATE_LIMIT_REGISTRATIONS_PER_MINUTE', async t => {
    const server = await startServer(t)
    for (let i = 0; i < 300; i++) await register(server)
  })

  attack('forges X-Forwarded-For to get a new limit for each request', 'src/app/incoming-request.ts: behindProxy ?', async t => {
    const server = await startServer(t, { RATE_LIMIT_REGISTRATIONS_PER_MINUTE: '1' })
    const from = (address: string) => postJson(`${server.url}/oauth/register`, validMetadata, { 'x-forwarded-for': address })
    assert.deepEqual([(await from('192.0.2.1')).status, (await from('192.0.2.2')).status], [201, 429])
  })

  attack('forges the beginning of X-Forwarded-For behind a proxy', 'src/app/incoming-request.ts: The proxy appends what it sees', async t => {
    const server = await startServer(t, { RATE_LIMIT_REGISTRATIONS_PER_MINUTE: '1', SERVER_BEHIND_PROXY: 'true' })
    const from = (address: string) => postJson(`${server.url}/oauth/register`, validMetadata, { 'x-forwarded-for': address })
    const statuses = []
    for (const list of ['192.0.2.1, 198.51.100.7', '192.0.2.2, 198.51.100.7', '198.51.100.8', 'junk']) statuses.push((await from(list)).status)
    assert.deepEqual(statuses, [201, 429, 201, 201])
  })

  attack('rotates through the addresses of one IPv6 network', 'src/base/http/network.ts: groups.slice(0, 4)', async t => {
    const server = await startServer(t, { RATE_LIMIT_REGISTRATIONS_PER_MINUTE: '1', SERVER_BEHIND_PROXY: 'true' })
    const from = (address: string) => postJson(`${server.url}/oauth/register`, validMetadata, { 'x-forwarded-for': address })
    const statuses = []
    for (const address of ['2001:db8:0:1::1', '2001:DB8::1:ffff:0:0:2', '2001:db8:0:2::1', '::ffff:192.0.2.1', '192.0.2.1']) {
      statuses.push((await from(address)).status)
    }
    assert.deepEqual(statuses, [201, 429, 201, 201, 429])
  })

  attack('evicts a client in use from the store with 20,000 registrations', 'src/base/store/memory.ts: A flood of registrations can evict only these', async t => {
    const now = () => Date.now() / 1000
    const store = new MemoryStore({ now, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 86_400 })
    const server = await startServer(t, {}, { store })
    const { client, tokens } = await getTokens(server)
    const unused = await register(server)
    const metadata = { redirect_uris: [], grant_types: [], response_types: [] }
    for (let i = 0; i < 20_000; i++) await store.addClient({ client_id: `flood ${i}`, client_id_issued_at: 0, metadata })
    await assertRefused(await requestCode(server, unused), 'client-is-registered', 'invalid_client', 400)
    const response = await requestToken(server, {
      grant_type: 'refresh_token', refresh_token: tokens['refresh_token'], client_id: client['client_id'],
    })
    assert.equal(response.status, 200)
  })

  attack('counts as a client in use with client_credentials, which no user approves', 'src/app/extensions.ts: hasUser: false', async t => {
    const server = await startServer(t)
    const machine = await register(server, { grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic', redirect_uris: undefined })
    const headers = basic(machine['client_id'], machine['client_secret'])
    const response = await requestToken(server, { grant_type: 'client_credentials' }, headers)
    assert.equal(claimsOf((await readJson(response))['access_token'])['sub'], machine['client_id'])
    server.advance(86_401)
    await assertRefused(await requestToken(server, { grant_type: 'client_credentials' }, headers), 'client-is-authenticated', 'invalid_client', 401)
  })
})
