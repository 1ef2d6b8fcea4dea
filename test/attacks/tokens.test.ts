import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { assertionType } from '../../src/extensions/client-assertion.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import {
  assertRefused, authorize, basic, callMcp, claimsOf, exchange, get, getTokens, postForm, postJson, readJson, refresh, refreshed, register,
  requestRegistration, requestToken, startServer, startWithTokens, type Members, type TestServer,
} from '../harness.ts'
import { createAssertion, createKeyPair, createProof } from '../key-pair.ts'
import { attack, noTime } from './attack.ts'

const secretClient = { token_endpoint_auth_method: 'client_secret_post' }

async function startWithCode(t: Parameters<typeof startServer>[0], metadata: Members = {}) {
  const server = await startServer(t)
  const client = await register(server, metadata)
  return { server, client, authorization: await authorize(server, client) }
}

/** Whether the access token opens the MCP server. */
async function opens(server: TestServer, access_token: string): Promise<boolean> {
  return (await callMcp(server, access_token, 'ping')).status === 200
}

/** The status and the body of a response, without what names the moment. */
async function answerOf(response: Response) {
  return { status: response.status, challenge: response.headers.get('www-authenticate'), body: await response.text() }
}

describe('Tokens', { concurrency: 8 }, () => {
  const wrong: Record<string, [Members, string]> = {
    'no code_verifier': [{ code_verifier: undefined }, 'parameter-is-sent'],
    'an empty code_verifier': [{ code_verifier: '' }, 'parameter-is-sent'],
    'another code_verifier': [{ code_verifier: 'x'.repeat(43) }, 'code-verifier-matches'],
    'a code_verifier of 42 characters': [{ code_verifier: 'x'.repeat(42) }, 'code-verifier-is-well-formed'],
    'a code_verifier of 60,000 characters': [{ code_verifier: 'x'.repeat(60_000) }, 'code-verifier-is-well-formed'],
    'a code_verifier with a newline': [{ code_verifier: `${'x'.repeat(43)}\n` }, 'code-verifier-is-well-formed'],
    'another redirect_uri': [{ redirect_uri: 'http://127.0.0.1:7778/callback' }, 'redirect-uri-is-the-same'],
    'another resource': [{ resource: 'https://evil.example/mcp' }, 'resource-is-the-granted'],
    'another grant_type': [{ grant_type: 'password' }, 'grant-type-is-supported'],
    'a grant_type in another case': [{ grant_type: 'Authorization_Code' }, 'grant-type-is-supported'],
    'the grant_type __proto__': [{ grant_type: '__proto__' }, 'grant-type-is-supported'],
    'no client_id': [{ client_id: undefined }, 'parameter-is-sent'],
    'the client_id of nobody': [{ client_id: 'nobody' }, 'client-is-authenticated'],
    'a secret that the client does not have': [{ client_secret: 'x' }, 'client-is-authenticated'],
  }
  for (const [what, [changes, rule]] of Object.entries(wrong)) {
    attack(`redeems a code with ${what}, and burns it for its owner`, rule === 'client-is-authenticated' ? 'client-is-known' : rule, async t => {
      const { server, client, authorization } = await startWithCode(t)
      const refused = await exchange(server, client, authorization, changes)
      assert.ok(refused.status === 400 || refused.status === 401)
      assert.equal((await readJson(refused))['error_uri'].split('/explain/')[1], rule)
      assert.equal((await exchange(server, client, authorization)).status, 200)
    })
  }

  attack('sends the code_challenge in place of the code_verifier', 'code-verifier-matches', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { codeChallengeS256 } = await import('../../src/base/protocol/pkce.ts')
    const response = await exchange(server, client, authorization, { code_verifier: codeChallengeS256(authorization.code_verifier) })
    await assertRefused(response, 'code-verifier-matches', 'invalid_grant', 400)
  })

  attack('injects the code of another client, and burns it for its owner', 'code-belongs-to-client', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const thief = await register(server)
    await assertRefused(await exchange(server, thief, authorization), 'code-is-known', 'invalid_grant', 400)
    assert.equal((await exchange(server, client, authorization)).status, 200)
  })

  attack('learns whether a code exists from how it is refused', 'code-is-known', async t => {
    const { server, authorization } = await startWithCode(t)
    const thief = await register(server)
    const [foreign, unknown] = [await exchange(server, thief, authorization), await exchange(server, thief, { ...authorization, code: 'x'.repeat(43) })]
    assert.deepEqual(await answerOf(foreign), await answerOf(unknown))
  })

  attack('replays a code, and keeps the tokens of the first exchange', 'code-is-unused', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const tokens = await readJson(await exchange(server, client, authorization))
    assert.equal(await opens(server, tokens['access_token']), true)
    await assertRefused(await exchange(server, client, authorization), 'code-is-unused', 'invalid_grant', 400)
    assert.equal(await opens(server, tokens['access_token']), false)
    await assertRefused(await refresh(server, client, tokens['refresh_token']), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  attack('replays a code without its verifier to log the owner out', 'code-verifier-matches', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const tokens = await readJson(await exchange(server, client, authorization))
    await exchange(server, client, authorization, { code_verifier: 'x'.repeat(43) })
    await exchange(server, await register(server), authorization)
    assert.equal(await opens(server, tokens['access_token']), true)
  })

  attack('redeems one code fifty times at once', 'code-is-unused', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => exchange(server, client, authorization)))).map(({ status }) => status)
    assert.equal(statuses.filter(status => status === 200).length, 1)
    assert.equal(statuses.filter(status => status === 400).length, 49)
  })

  attack('redeems a code after it has expired', 'code-is-fresh', async t => {
    const { server, client, authorization } = await startWithCode(t)
    server.advance(601)
    await assertRefused(await exchange(server, client, authorization), 'code-is-fresh', 'invalid_grant', 400)
  })

  attack('sets the clock back to revive an expired code', 'src/base/config/clock.ts: Math.max(now()', async t => {
    const { server, client, authorization } = await startWithCode(t)
    server.advance(601)
    await get(`${server.url}/health`)
    server.advance(-7200)
    await assertRefused(await exchange(server, client, authorization), 'code-is-fresh', 'invalid_grant', 400)
  })

  attack('sets the clock back to lock everybody out', 'src/base/config/clock.ts: Math.max(now()', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    server.advance(-86_400)
    assert.equal(await opens(server, access_token), true)
    assert.equal(await opens(server, (await refreshed(server, client, refresh_token))['access_token']), true)
  })

  attack('sends a code as a refresh token', 'refresh-token-is-known', async t => {
    const { server, client, authorization } = await startWithCode(t)
    await assertRefused(await refresh(server, client, authorization.code), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal((await exchange(server, client, authorization)).status, 200)
  })

  attack('sends a refresh token as a code', 'code-is-known', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const response = await exchange(server, client, { code: refresh_token, code_verifier: 'x'.repeat(43) })
    await assertRefused(response, 'code-is-known', 'invalid_grant', 400)
  })

  attack('sends an access token as a refresh token', 'refresh-token-is-known', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    await assertRefused(await refresh(server, client, access_token), 'refresh-token-is-known', 'invalid_grant', 400)
  })

  attack('sends a refresh token as an access token', 'jwt-is-well-formed', async t => {
    const { server, refresh_token } = await startWithTokens(t)
    assert.equal((await callMcp(server, refresh_token, 'ping')).status, 401)
  })

  attack('uses the refresh token of another client, and burns it for its owner', 'refresh-token-belongs-to-client', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    await assertRefused(await refresh(server, await register(server), refresh_token), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal((await refresh(server, client, refresh_token)).status, 200)
  })

  const wrongRefreshes: Record<string, [Members, string]> = {
    'a wider scope': [{ scope: 'mcp:tools:read mcp:tools:execute admin' }, 'scope-is-not-widened'],
    'another resource': [{ resource: 'https://evil.example' }, 'resource-is-the-granted'],
    'the client_id of nobody': [{ client_id: 'nobody' }, 'client-is-known'],
  }
  for (const [what, [changes, rule]] of Object.entries(wrongRefreshes)) {
    attack(`refreshes with ${what}, and burns the token for its owner`, rule, async t => {
      const { server, client, refresh_token } = await startWithTokens(t)
      assert.ok((await refresh(server, client, refresh_token, changes)).status >= 400)
      assert.equal((await refresh(server, client, refresh_token)).status, 200)
    })
  }

  attack('uses a stolen refresh token after its owner did', 'refresh-token-is-unused', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const next = await refreshed(server, client, refresh_token)
    server.advance(31)
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
    await assertRefused(await refresh(server, client, next['refresh_token']), 'refresh-token-is-known', 'invalid_grant', 400)
    assert.equal(await opens(server, next['access_token']), false)
  })

  attack('uses a stolen refresh token within the window, after its successor was used', 'refresh-token-is-unused', async t => {
    const { server, client, refresh_token } = await startWithTokens(t)
    const next = await refreshed(server, client, refresh_token)
    await refreshed(server, client, next['refresh_token'])
    await assertRefused(await refresh(server, client, refresh_token), 'refresh-token-is-unused', 'invalid_grant', 400)
  })

  attack('rotates for ever to keep a grant alive', 'refresh-token-is-known', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '1' })
    let current = refresh_token
    for (let hour = 0; hour < 23; hour++) {
      server.advance(3600)
      current = (await refreshed(server, client, current))['refresh_token']
    }
    server.advance(3601)
    assert.equal((await readJson(await refresh(server, client, current)))['error'], 'invalid_grant')
  })

  attack('sets the clock back to revive an expired grant', 'src/base/config/clock.ts: Math.max(now()', async t => {
    const { server, client, refresh_token } = await startWithTokens(t, { OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: '1' })
    server.advance(86_401)
    await get(`${server.url}/health`)
    server.advance(-86_401)
    assert.equal((await readJson(await refresh(server, client, refresh_token)))['error'], 'invalid_grant')
  })

  attack('refreshes in the last minute of a grant, for a token that outlives it', 'src/core/oauth/access-token.ts: Math.floor(grant.expires_at', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const end = claimsOf(access_token)['iat'] + server.config.refreshTokenLifetime
    server.advance(server.config.refreshTokenLifetime - 60)
    const tokens = await refreshed(server, client, refresh_token)
    const { iat, exp } = claimsOf(tokens['access_token'])
    assert.ok(Math.abs(exp - end) <= 1, `exp ${exp}, end of the grant ${end}`)
    assert.equal(tokens['expires_in'], exp - iat)
    server.advance(120)
    assert.equal(await opens(server, tokens['access_token']), false)
  })

  attack('narrows the scope and widens it again beyond the grant', 'scope-is-not-widened', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server, {}, { scope: 'mcp:tools:read' })
    await assertRefused(await refresh(server, client, tokens['refresh_token'], { scope: 'mcp:tools:execute' }), 'scope-is-not-widened', 'invalid_scope', 400)
  })

  attack('revokes the token of another client', 'token-belongs-to-client', async t => {
    const { server, access_token, refresh_token } = await startWithTokens(t)
    const thief = await register(server)
    for (const token of [access_token, refresh_token]) {
      const response = await postForm(`${server.url}/oauth/revoke`, { token, client_id: thief['client_id'] })
      await assertRefused(response, 'token-belongs-to-client', 'invalid_grant', 400)
    }
    assert.equal(await opens(server, access_token), true)
  })

  attack('goes on with an access token after its refresh token was revoked', 'access-token-is-not-revoked', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    await postForm(`${server.url}/oauth/revoke`, { token: refresh_token, client_id: client['client_id'] })
    assert.equal(await opens(server, access_token), false)
  })

  attack('learns of the tokens of another client by introspection', 'src/extensions/introspect.ts: found.client_id === client.client_id', async t => {
    const { server, access_token, refresh_token } = await startWithTokens(t)
    const thief = await register(server, secretClient)
    for (const token of [access_token, refresh_token, 'unknown']) {
      const response = await postForm(`${server.url}/oauth/introspect`, { token, client_id: thief['client_id'], client_secret: thief['client_secret'] })
      assert.deepEqual(await readJson(response), { active: false })
    }
  })

  attack('introspects without a secret', 'client-is-confidential', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    const response = await postForm(`${server.url}/oauth/introspect`, { token: access_token, client_id: client['client_id'] })
    await assertRefused(response, 'client-is-confidential', 'invalid_client', 401)
  })

  // --- Client authentication ---

  attack('learns from the answer which client_id exists', 'client-is-authenticated', async t => {
    const server = await startServer(t)
    const client = await register(server, secretClient)
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_secret: 'wrong' }
    const [known, unknown] = [
      await requestToken(server, { ...form, client_id: client['client_id'] }),
      await requestToken(server, { ...form, client_id: 'x'.repeat(22) }),
    ]
    assert.deepEqual(await answerOf(known), await answerOf(unknown))
  })

  attack('learns from the answer to Basic credentials which client_id exists', 'client-is-authenticated', async t => {
    const server = await startServer(t)
    const client = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
    const form = { grant_type: 'refresh_token', refresh_token: 'x' }
    const [known, unknown] = [
      await requestToken(server, form, basic(client['client_id'], 'wrong')), await requestToken(server, form, basic('x'.repeat(22), 'wrong')),
    ]
    assert.deepEqual(await answerOf(known), await answerOf(unknown))
  })

  attack('registers a client to use up the room for assertions, and keeps all others out', 'src/base/store/one-time-uses.ts: own.length >= assertionsOfAClient', async t => {
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

  attack('sends proofs with codes and tokens that are none, to use up the room for proofs', 'src/core/oauth/grants/authorization-code.ts: await proof?.use()', async t => {
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

  attack('compares times to find a secret', 'src/core/oauth/client-authentication.ts: constantTimeEqual(sha256(client_secret)', async t => {
    const server = await startServer(t)
    const client = await register(server, secretClient)
    const secret: string = client['client_secret']
    for (const client_secret of [secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), `x${secret.slice(1)}`, '', '\0']) {
      const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x', client_id: client['client_id'], client_secret })
      assert.equal(response.status, 401)
    }
  })

  for (const [what, metadata, send] of [
    ['a client with a secret that sends none', secretClient, {}],
    ['a client of Basic that sends its secret in the body', { token_endpoint_auth_method: 'client_secret_basic' }, { secret: true }],
  ] as const) {
    attack(`acts for ${what}`, 'authentication-method-is-registered', async t => {
      const { server, client, authorization } = await startWithCode(t, metadata)
      const changes = { client_secret: 'secret' in send ? client['client_secret'] : undefined }
      await assertRefused(await exchange(server, client, authorization, changes), 'client-is-authenticated', 'invalid_client', 401)
    })
  }

  attack('sends two credentials, one in the header and one in the body', 'one-authentication-method-is-used', async t => {
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
    'blanks in it': encoded => `Basic ${encoded.slice(0, 8)} ${encoded.slice(8)}`,
    'no padding': (_encoded, pair) => `Basic ${Buffer.from(pair).toString('base64').replace(/=+$/, '')}`,
    'padding too much': encoded => `Basic ${encoded}=`,
    'junk in it': encoded => `Basic ${encoded.slice(0, 8)}!${encoded.slice(8)}`,
    'the alphabet of base64url': (_encoded, pair) => `Basic ${Buffer.from(`${pair}\u00ff\u00fe\u00ff`).toString('base64url')}`,
    'octets that are no UTF-8': (_encoded, pair) => `Basic ${Buffer.from([...Buffer.from(pair), 0xff, 0xfe]).toString('base64')}`,
    'a stray percent sign': (_encoded, pair) => `Basic ${Buffer.from(`${pair}%`).toString('base64')}`,
    'an overlong octet': (_encoded, pair) => `Basic ${Buffer.from(`${pair}%c0%80`).toString('base64')}`,
    'no colon': (_encoded, pair) => `Basic ${Buffer.from(pair.replace(':', '')).toString('base64')}`,
    'no client_id': (_encoded, pair) => `Basic ${Buffer.from(pair.slice(pair.indexOf(':'))).toString('base64')}`,
    'no secret': (_encoded, pair) => `Basic ${Buffer.from(pair.slice(0, pair.indexOf(':') + 1)).toString('base64')}`,
    'another scheme': encoded => `Bearer ${encoded}`,
    'a parameter after it': encoded => `Basic ${encoded}, Bearer x`,
    'nothing in it': () => 'Basic',
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

  attack('has Basic credentials refused that are percent-encoded as they should be', 'src/core/oauth/client-authentication.ts: formDecode(pair.slice(0, colon))', async t => {
    const server = await startServer(t)
    const client = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
    const encoded = [client['client_id'], client['client_secret']].map((text: string) => text.replace(/./g, c => `%${c.charCodeAt(0).toString(16)}`))
    const authorization = `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`
    const response = await requestToken(server, { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization })
    await assertRefused(response, 'refresh-token-is-known', 'invalid_grant', 400)
  })

  attack('gets a token by client_credentials that no registration allows', 'client-may-use-grant-type', async t => {
    const server = await startServer(t)
    const client = await register(server, secretClient)
    const response = await requestToken(server, { grant_type: 'client_credentials', client_id: client['client_id'], client_secret: client['client_secret'] })
    await assertRefused(response, 'client-may-use-grant-type', 'unauthorized_client', 400)
  })

  attack('guesses secrets without end', 'address-is-within-limits', async t => {
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

  attack('has the limit of failures stop an address that fails never', 'src/app/limited-handler.ts: if (error instanceof OAuthError) context.limits.count', async t => {
    const server = await startServer(t, { RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE: '1' })
    for (let i = 0; i < 3; i++) await getTokens(server)
  })

  // --- Forms ---

  for (const name of ['code', 'client_id', 'code_verifier', 'grant_type', 'redirect_uri', 'x', '__proto__']) {
    attack(`posts ${name} twice to the token endpoint`, 'parameters-are-not-repeated', async t => {
      const { server, client, authorization } = await startWithCode(t)
      const { code, code_verifier } = authorization
      const form = new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'] })
      const response = await postForm(`${server.url}/oauth/token`, `${form}&${name}=a&${name}=b`)
      await assertRefused(response, 'parameters-are-not-repeated', 'invalid_request', 400)
      assert.equal((await exchange(server, client, authorization)).status, 200)
    })
  }

  attack('posts a parameter in another case and has it count', 'parameter-is-sent', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const response = await exchange(server, client, authorization, { code: undefined, Code: authorization.code })
    await assertRefused(response, 'parameter-is-sent', 'invalid_request', 400)
  })

  attack('posts the parameters in the query', 'parameter-is-sent', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { code, code_verifier } = authorization
    const query = new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'] })
    const response = await postForm(`${server.url}/oauth/token?${query}`, '')
    await assertRefused(response, 'parameter-is-sent', 'invalid_request', 400)
  })

  for (const octets of ['%ff', '%c0%af', '%ed%a0%80', '%', '%zz', '%u0041']) {
    attack(`posts ${octets} in a form`, 'parameters-are-utf-8', async t => {
      const server = await startServer(t)
      const response = await postForm(`${server.url}/oauth/token`, `grant_type=refresh_token&refresh_token=${octets}&client_id=x`)
      await assertRefused(response, 'parameters-are-utf-8', 'invalid_request', 400)
    })
  }

  attack('posts JSON to the token endpoint', 'body-is-a-form', async t => {
    const server = await startServer(t)
    await assertRefused(await postJson(`${server.url}/oauth/token`, { grant_type: 'refresh_token' }), 'body-is-a-form', 'invalid_request', 400)
  })

  attack('posts a multipart form to the token endpoint', 'body-is-a-form', async t => {
    const server = await startServer(t)
    const form = new FormData()
    form.set('grant_type', 'refresh_token')
    await assertRefused(await fetch(`${server.url}/oauth/token`, { method: 'POST', body: form }), 'body-is-a-form', 'invalid_request', 400)
  })

  attack('posts 20,000 parameters', 'src/base/http/parameters.ts: new URLSearchParams(text)', async t => {
    const server = await startServer(t)
    const began = performance.now()
    const many = Array.from({ length: 9_000 }, (_, i) => `p${i}=`).join('&')
    const response = await postForm(`${server.url}/oauth/token`, `${many.slice(0, 60_000)}&grant_type=refresh_token&client_id=x`)
    assert.equal(response.status, 401)
    assert.ok(performance.now() - began < noTime)
  })

  for (const name of ['code', 'refresh_token', 'client_id', 'client_secret', 'grant_type', 'scope', 'resource', 'redirect_uri', 'client_assertion']) {
    attack(`posts 60,000 characters as ${name}`, 'body-is-bounded', async t => {
      const server = await startServer(t)
      const client = await register(server)
      const began = performance.now()
      const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: client['client_id'], [name]: 'a:b '.repeat(15_000) }
      const response = await requestToken(server, form)
      assert.ok(response.status >= 400 && response.status < 500)
      assert.ok(performance.now() - began < noTime)
      assert.ok((await response.text()).length < 2000)
    })
  }

  attack('has its words reflected in error_description beyond the characters that are allowed', 'src/base/protocol/errors.ts: text.replaceAll', async t => {
    const server = await startServer(t, { DEBUG: 'true' })
    const response = await requestToken(server, { grant_type: '"\\\r\n\u0000\u202e<b>ä' })
    assert.match((await readJson(response))['error_description'], /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  attack('has tokens kept by a cache', 'src/core/oauth/token.ts: pragma', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { headers } = await exchange(server, client, authorization)
    assert.deepEqual([headers.get('cache-control'), headers.get('pragma')], ['no-store', 'no-cache'])
  })

  attack('uses the codes and tokens of a client that deleted itself', 'client-is-known', async t => {
    const { server, client, authorization } = await startWithCode(t)
    const { access_token, refresh_token } = await readJson(await exchange(server, client, authorization))
    await fetch(`${server.url}/oauth/register/${client['client_id']}`, {
      method: 'DELETE', headers: { authorization: `Bearer ${client['registration_access_token']}` },
    })
    assert.equal(await opens(server, access_token), false)
    await assertRefused(await refresh(server, client, refresh_token), 'client-is-authenticated', 'invalid_client', 401)
  })

  attack('fills the revocations by deleting registrations that were issued nothing, to log everybody out', 'src/base/store/memory.ts: if (used || unused?.served)', async t => {
    const server = await startServer(t)
    const client = await readJson(await requestRegistration(server))
    await fetch(`${server.url}/oauth/register/${client['client_id']}`, {
      method: 'DELETE', headers: { authorization: `Bearer ${client['registration_access_token']}` },
    })
    assert.equal((await readJson(await get(`${server.url}/health`)))['store'].revocations, 0)
  })

  attack('tells two tokens apart from nothing but their time', 'src/core/oauth/access-token.ts: jti: randomToken(16)', async t => {
    const { server, client, access_token, refresh_token } = await startWithTokens(t)
    const next = await refreshed(server, client, refresh_token)
    assert.notEqual(claimsOf(access_token)['jti'], claimsOf(next['access_token'])['jti'])
  })
})
