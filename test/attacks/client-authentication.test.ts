import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { assertionType } from '../../src/extensions/client-assertion.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import {
  assertRefused, basic, exchange, get, getTokens, postForm, readJson, refresh, register, requestToken, startServer,
  type Members, startWithCode,
} from '../harness.ts'
import { createAssertion, createKeyPair, createProof } from '../key-pair.ts'
import { attack, answerOf } from './attack.ts'

const secretClient = { token_endpoint_auth_method: 'client_secret_post' }

describe('Client authentication', { concurrency: 8 }, () => {
  attack('learns from the error which client_id exists', 'client-is-authenticated', async t => {
    const server = await startServer(t)
    const client = await register(server, secretClient)
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_secret: 'wrong' }
    const [known, unknown] = [
      await requestToken(server, { ...form, client_id: client['client_id'] }),
      await requestToken(server, { ...form, client_id: 'x'.repeat(22) }),
    ]
    assert.deepEqual(await answerOf(known), await answerOf(unknown))
  })

  attack('learns from the error for Basic credentials which client_id exists', 'client-is-authenticated', async t => {
    const server = await startServer(t)
    const client = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
    const form = { grant_type: 'refresh_token', refresh_token: 'x' }
    const [known, unknown] = [
      await requestToken(server, form, basic(client['client_id'], 'wrong')), await requestToken(server, form, basic('x'.repeat(22), 'wrong')),
    ]
    assert.deepEqual(await answerOf(known), await answerOf(unknown))
  })

  attack('uses up the table of used assertions with a client of its own to lock out all others', 'src/base/store/one-time-uses.ts: own.length >= maxAssertionsPerClient', async t => {
    const now = () => Date.now() / 1000
    const store = new MemoryStore({ now, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 3600 })
    const server = await startServer(t, {}, { store })
    const key = createKeyPair('EdDSA')
    const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } }
    const [eve, ada] = [await register(server, metadata), await register(server, metadata)]
    const revoke = ({ client_id }: Members) => postForm(`${server.url}/oauth/revoke`, {
      token: 'x', client_assertion_type: assertionType, client_assertion: createAssertion(key, client_id, server.config.issuer),
    })
    for (let i = 1; i < 2_000; i++) await store.useOnce('assertion', `of eve ${i}`, eve['client_id'])
    assert.equal((await revoke(eve)).status, 200)
    await assertRefused(await revoke(eve), 'one-time-use-can-be-remembered', 'temporarily_unavailable', 503)
    assert.equal((await revoke(ada)).status, 200)
  })

  attack('sends proofs with made-up codes and tokens to use up the table of used proofs', 'src/core/oauth/grants/authorization-code.ts: await proof?.use()', async t => {
    const server = await startServer(t)
    const { client_id } = await register(server)
    const key = createKeyPair()
    const send = (form: Members) => requestToken(server, { client_id, ...form }, { dpop: createProof(key, 'POST', `${server.url}/oauth/token`) })
    const code = await send({ grant_type: 'authorization_code', code: 'x', code_verifier: 'x'.repeat(43) })
    await assertRefused(code, 'code-is-known', 'invalid_grant', 400)
    const token = await send({ grant_type: 'refresh_token', refresh_token: 'x' })
    await assertRefused(token, 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal((await readJson(await get(`${server.url}/health`)))['store'].used_proofs, 0)
  })

  attack('measures response times to find a secret', 'src/core/oauth/client-authentication.ts: constantTimeEqual(sha256(client_secret)', async t => {
    const server = await startServer(t)
    const client = await register(server, secretClient)
    const secret: string = client['client_secret']
    for (const client_secret of [secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), `x${secret.slice(1)}`, '', '\0']) {
      const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id: client['client_id'], client_secret })
      assert.equal(response.status, 401)
    }
  })

  for (const method of ['client_secret_basic', 'client_secret_post']) {
    attack(`authenticates as a client of ${method} with Basic and an empty password`, 'authentication-method-is-registered', async t => {
      const { server, client, authorization } = await startWithCode(t, { token_endpoint_auth_method: method })
      const form = { grant_type: 'authorization_code', code: authorization.code, code_verifier: authorization.code_verifier }
      const response = await requestToken(server, form, basic(client['client_id'], ''))
      await assertRefused(response, 'client-is-authenticated', 'invalid_client', 401)
    })
  }

  for (const [what, metadata, send] of [
    ['a client with a secret that sends none', secretClient, {}],
    ['a client registered for Basic that sends its secret in the body', { token_endpoint_auth_method: 'client_secret_basic' }, { secret: true }],
  ] as const) {
    attack(`authenticates as ${what}`, 'authentication-method-is-registered', async t => {
      const { server, client, authorization } = await startWithCode(t, metadata)
      const changes = { client_secret: 'secret' in send ? client['client_secret'] : undefined }
      await assertRefused(await exchange(server, client, authorization, changes), 'client-is-authenticated', 'invalid_client', 401)
    })
  }

  attack('sends credentials in the header and in the body', 'one-authentication-method-is-used', async t => {
    const server = await startServer(t)
    const client = await register(server, secretClient)
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: client['client_id'], client_secret: client['client_secret'] }
    const response = await requestToken(server, form, basic(client['client_id'], client['client_secret']))
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  attack('names one client in Basic and another in the body', 'one-authentication-method-is-used', async t => {
    const server = await startServer(t)
    const client = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'other' }
    const response = await requestToken(server, form, basic(client['client_id'], client['client_secret']))
    await assertRefused(response, 'one-authentication-method-is-used', 'invalid_request', 400)
  })

  const loose: Record<string, (encoded: string, pair: string) => string> = {
    'spaces in it': encoded => `Basic ${encoded.slice(0, 8)} ${encoded.slice(8)}`,
    'no padding': (_encoded, pair) => `Basic ${Buffer.from(pair).toString('base64').replace(/=+$/, '')}`,
    'too much padding': encoded => `Basic ${encoded}=`,
    'garbage in it': encoded => `Basic ${encoded.slice(0, 8)}!${encoded.slice(8)}`,
    'the alphabet of base64url': (_encoded, pair) => `Basic ${Buffer.from(`${pair}\u00ff\u00fe\u00ff`).toString('base64url')}`,
    'octets that are not UTF-8': (_encoded, pair) => `Basic ${Buffer.from([...Buffer.from(pair), 0xff, 0xfe]).toString('base64')}`,
    'a stray percent sign': (_encoded, pair) => `Basic ${Buffer.from(`${pair}%`).toString('base64')}`,
    'an overlong octet': (_encoded, pair) => `Basic ${Buffer.from(`${pair}%c0%80`).toString('base64')}`,
    'no colon': (_encoded, pair) => `Basic ${Buffer.from(pair.replace(':', '')).toString('base64')}`,
    'no client_id': (_encoded, pair) => `Basic ${Buffer.from(pair.slice(pair.indexOf(':'))).toString('base64')}`,
    'another scheme': encoded => `Bearer ${encoded}`,
    'another challenge after it': encoded => `Basic ${encoded}, Bearer x`,
    'nothing': () => 'Basic',
  }
  for (const [what, spell] of Object.entries(loose)) {
    attack(`sends Basic credentials with ${what}`, 'basic-credentials-are-well-formed', async t => {
      const server = await startServer(t)
      const client = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
      // One letter is percent-encoded, so that the length needs padding.
      const { client_id, client_secret } = client as { client_id: string; client_secret: string }
      const pair = `${client_id}:%${client_secret.charCodeAt(0).toString(16)}${client_secret.slice(1)}`
      const authorization = spell(Buffer.from(pair).toString('base64'), pair)
      const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization })
      assert.equal(response.status, 401)
      assert.match(response.headers.get('www-authenticate')!, /^Basic /)
      await assertRefused(response, 'basic-credentials-are-well-formed', 'invalid_client', 401)
    })
  }

  attack('locks out clients that percent-encode their Basic credentials, as they should', 'src/core/oauth/client-authentication.ts: formDecode(pair.slice(0, colon))', async t => {
    const server = await startServer(t)
    const client = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
    const encoded = [client['client_id'], client['client_secret']].map((text: string) => text.replace(/./g, c => `%${c.charCodeAt(0).toString(16)}`))
    const authorization = `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization })
    await assertRefused(response, 'refresh-token-is-known', 'invalid_grant', 400)
  })

  attack('gets a token with client_credentials although the client did not register the grant', 'client-may-use-grant-type', async t => {
    const server = await startServer(t)
    const client = await register(server, secretClient)
    const response = await requestToken(server, { grant_type: 'client_credentials', client_id: client['client_id'], client_secret: client['client_secret'] })
    await assertRefused(response, 'client-may-use-grant-type', 'unauthorized_client', 400)
  })

  attack('guesses secrets without limit', 'address-is-within-limits', async t => {
    const server = await startServer(t, { RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE: '3' })
    const { client, tokens } = await getTokens(server)
    const guess = () => requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'x' })
    for (let i = 0; i < 3; i++) assert.equal((await guess()).status, 401)
    const response = await guess()
    assert.ok(Number(response.headers.get('retry-after')) > 0)
    await assertRefused(response, 'address-is-within-limits', 'too_many_requests', 429)
    server.advance(60)
    assert.equal((await refresh(server, client, tokens['refresh_token'])).status, 200)
  })

  attack('has an address without failures blocked by the limit on failures', 'src/app/limited-handler.ts: if (error instanceof OAuthError) context.limits.count', async t => {
    const server = await startServer(t, { RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE: '1' })
    for (let i = 0; i < 3; i++) await getTokens(server)
  })
})
