import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sha256 } from '../../src/base/protocol/crypto.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import {
  authorize, callMcp, decide, exchange, locationOf, openConsent, readJson, refreshed, register, startServer, type Members,
  type TestContext,
} from '../harness.ts'

/** Uses every kind of secret on a server, and returns them. */
async function useSecrets(t: TestContext, env: Record<string, string> = {}) {
  const store = new MemoryStore({
    now: () => Date.now() / 1000, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 86_400,
  })
  const server = await startServer(t, env, { store })
  const client = await register(server, { token_endpoint_auth_method: 'client_secret_post' })
  const authorization = await authorize(server, client)
  const unused = await authorize(server, client)
  const tokens = await readJson(await exchange(server, client, authorization))
  const newer = await refreshed(server, client, tokens['refresh_token'])
  const again = await refreshed(server, client, tokens['refresh_token'])
  const initialized = await callMcp(server, newer['access_token'], 'initialize', { protocolVersion: '2025-11-25' })
  await exchange(server, client, unused, { code_verifier: 'x'.repeat(43) })
  await callMcp(server, `${newer['access_token']}x`, 'ping')

  const web = await register(server, { redirect_uris: ['https://app.example.com/cb'] })
  const page = await openConsent(server, web, { redirect_uri: 'https://app.example.com/cb' })
  const decided = await openConsent(server, web, { redirect_uri: 'https://app.example.com/cb' }, { cookie: page.cookie })
  const code = locationOf(await decide(server, decided)).searchParams.get('code')!

  const secrets: Members = {
    'client_secret': client['client_secret'],
    'registration access token': client['registration_access_token'],
    'code that was used': authorization.code,
    'code that was not used': unused.code,
    'code that a person approved': code,
    'code_verifier': authorization.code_verifier,
    'access token': tokens['access_token'],
    'access token of a refresh': newer['access_token'],
    'access token of a repeated refresh': again['access_token'],
    'refresh token that was rotated': tokens['refresh_token'],
    'refresh token that is current': newer['refresh_token'],
    'session id': initialized.headers.get('mcp-session-id'),
    'csrf_token': page.csrf_token,
    'consent_token': page.consent_token,
    'cookie of the browser': /browser=([^;]+)/.exec(page.cookie)![1],
    'cookie of the session': /session=([^;]+)/.exec(page.cookie)![1],
    'id in the cookie of the session': /session=([^.;]+)/.exec(page.cookie)![1],
  }
  return { server, store, client, secrets }
}

/** Every text in the object graph below `root`, keys of maps included. */
function textsIn(root: unknown): string[] {
  const texts: string[] = []
  const seen = new Set<unknown>()
  const walk = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value)
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if (value instanceof Map || value instanceof Set) [...value.entries()].forEach(walk)
    for (const name of Reflect.ownKeys(value)) walk(Reflect.get(value, name))
  }
  walk(root)
  return texts
}

const kinds = [
  'client_secret', 'registration access token', 'code that was used', 'code that was not used', 'code that a person approved',
  'code_verifier', 'access token', 'access token of a refresh', 'access token of a repeated refresh',
  'refresh token that was rotated', 'refresh token that is current', 'session id', 'csrf_token', 'consent_token', 'cookie of the browser',
  'cookie of the session', 'id in the cookie of the session',
]

describe('The store', () => {
  for (const kind of kinds) {
    it(`holds no ${kind} in clear text (RFC 9700 section 4.14.2)`, async t => {
      const { store, secrets } = await useSecrets(t)
      const secret = secrets[kind] as string
      assert.ok(secret.length >= 43, 'there is such a secret')
      assert.deepEqual(textsIn(store).filter(text => text.includes(secret)), [])
    })
  }

  it('holds the hash of a client_secret, so this test looks in the right place', async t => {
    const { store, client } = await useSecrets(t)
    assert.ok(textsIn(store).includes(sha256(client['client_secret'])))
  })
})

describe('The log at its most detailed level', () => {
  for (const kind of kinds) {
    it(`holds no ${kind}`, async t => {
      const { server, secrets } = await useSecrets(t, { DEBUG: 'true', LOG_LEVEL: 'debug' })
      assert.deepEqual(server.log.filter(line => line.includes(secrets[kind])), [])
    })
  }

  it('holds the client_id, so this test looks in the right place', async t => {
    const { server, client } = await useSecrets(t, { DEBUG: 'true', LOG_LEVEL: 'debug' })
    assert.ok(server.log.some(line => line.includes(client['client_id'])))
  })

  it('names the broken rule and the received value', async t => {
    const { server } = await useSecrets(t, { DEBUG: 'true', LOG_LEVEL: 'debug' })
    assert.ok(server.log.some(line => line.includes('"rule":"code-verifier-matches"')))
  })
})
