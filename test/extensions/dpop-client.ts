import assert from 'node:assert/strict'
import { sha256 } from '../../src/base/protocol/crypto.ts'
import { MemoryStore } from '../../src/base/store/memory.ts'
import type { OneTimeUse } from '../../src/base/store/store.ts'
import {
  authorize, postMcp, readJson, register, requestToken, startServer, type Members, type TestContext, type TestServer,
} from '../harness.ts'
import { createKeyPair, createProof, type KeyPair } from '../key-pair.ts'

export const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }

export interface Bound {
  readonly server: TestServer
  readonly client: Members
  readonly key: KeyPair
  readonly access_token: string
  readonly refresh_token: string
}

export function tokenUrl({ config }: TestServer): string {
  return `${config.issuer}/oauth/token`
}

/** Tokens that are bound to a key. */
export async function startBound(t: TestContext, env: Record<string, string> = {}, metadata: Members = {}, key = createKeyPair()): Promise<Bound> {
  const server = await startServer(t, env)
  const client = await register(server, metadata)
  const { code, code_verifier } = await authorize(server, client)
  const response = await requestToken(server, {
    grant_type: 'authorization_code', code, code_verifier, client_id: client['client_id'], client_secret: client['client_secret'],
  }, { dpop: createProof(key, 'POST', tokenUrl(server), env['OAUTH_DPOP_NONCE'] ? { nonce: await findNonce(server, client, key) } : {}) })
  assert.equal(response.status, 200)
  const { access_token, refresh_token } = await readJson(response)
  return { server, client, key, access_token, refresh_token }
}

/** The nonce that the token endpoint hands out when it misses one. */
export async function findNonce(server: TestServer, client: Members, key: KeyPair): Promise<string> {
  const response = await requestToken(server, { grant_type: 'refresh_token', client_id: client['client_id'] }, {
    dpop: createProof(key, 'POST', tokenUrl(server)),
  })
  return response.headers.get('dpop-nonce') ?? assert.fail('no nonce')
}

/** Sends ping with the token and a proof; `changes` to the claims of the proof. */
export function pingWith({ server, key, access_token }: Bound, changes: Members = {}, header: Members = {}): Promise<Response> {
  const proof = createProof(key, 'POST', server.config.resource, { ath: sha256(access_token), ...changes }, header)
  return postMcp(server, undefined, ping, { authorization: `DPoP ${access_token}`, dpop: proof })
}

export function refreshWith({ server, client, refresh_token }: Bound, key: KeyPair, changes: Members = {}): Promise<Response> {
  const { client_id, client_secret } = client
  return requestToken(server, { grant_type: 'refresh_token', refresh_token, client_id, client_secret }, {
    dpop: createProof(key, 'POST', tokenUrl(server), changes),
  })
}

/** The scheme of the first challenge, and all parameters. */
export function challengeOf(response: Response): Members {
  const header = response.headers.get('www-authenticate') ?? assert.fail('no challenge')
  const [, scheme] = /^(\w+) \w+="/.exec(header) ?? []
  return { scheme, ...Object.fromEntries([...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])) }
}

/** A store that has no room left for one kind of use. */
export function fullStore(full: OneTimeUse): MemoryStore {
  const store = new MemoryStore({
    now: () => Date.now() / 1000, accessTokenLifetime: 3600, authorizationCodeLifetime: 600, refreshTokenLifetime: 86_400,
  })
  const useOnce = store.useOnce.bind(store)
  store.useOnce = async (use, id_hash, client_id) => use === full ? 'full' : useOnce(use, id_hash, client_id)
  return store
}
