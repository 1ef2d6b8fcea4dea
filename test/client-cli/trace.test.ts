import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PendingAuthorization } from '../../src/core/client/authorization-request.ts'
import { McpClient } from '../../src/client/mcp/mcp-client.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { ClientStorage } from '../../src/core/client/seams/storage.ts'
import { Terminal } from '../../src/client/terminal/terminal.ts'
import { Trace, type TraceListener } from '../../src/base/client/trace.ts'
import type { UserAgent } from '../../src/core/client/seams/user-agent.ts'
import { startServer, type TestServer } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, changeTokens, headless, headlessRedirectUri, html, json, redirectTo, startPeer, validTokens,
  type Peer,
} from '../peer.ts'

/** Records everything a trace reports, as values and as terminal output. */
interface Everything {
  readonly trace: Trace
  /** Runs `work` and keeps its error as the command line would show it. */
  attempt(work: () => Promise<unknown>): Promise<void>
  text(): string
}

function everything(): Everything {
  const told: unknown[] = []
  const terminal = new Terminal({ isTTY: false, write: text => told.push(text) }, { trace: true, environment: {} })
  const listener: Required<TraceListener> = {
    step: step => { told.push(step); terminal.step(step) },
    note: text => { told.push(text); terminal.note(text) },
    exchange: exchange => { told.push(exchange); terminal.exchange(exchange) },
    verdict: verdict => { told.push(verdict); terminal.verdict(verdict) },
    secret: secret => terminal.secret(secret),
  }
  return {
    trace: new Trace(listener),
    async attempt(work) {
      await work().catch((error: Error) => told.push({ ...error, message: error.message, stack: error.stack }))
    },
    text: () => told.map(item => typeof item === 'string' ? item : JSON.stringify(item)).join('\n'),
  }
}

/** A storage and a user agent that collect every secret they see. */
interface Secrets {
  readonly storage: ClientStorage
  readonly userAgent: UserAgent
  readonly found: Set<string>
}

function watchSecrets(): Secrets {
  const inner = new MemoryStorage()
  const found = new Set<string>()
  const add = (secret: string | null | undefined): void => { if (secret) found.add(secret) }
  const storage: ClientStorage = {
    read: () => inner.read(),
    exclusively: work => inner.exclusively(work),
    async update(change) {
      await inner.update(change)
      const { registrations, servers } = await inner.read()
      for (const { client_secret, registration_access_token } of Object.values(registrations)) [client_secret, registration_access_token].forEach(add)
      for (const { access_token, refresh_token } of Object.values(servers)) [access_token, refresh_token].forEach(add)
    },
  }
  const userAgent: UserAgent = {
    async begin(preferred) {
      const visit = await headless().begin(preferred)
      return {
        ...visit,
        async go(pending: PendingAuthorization, trace: Trace) {
          add(pending.code_verifier)
          const response = await visit.go(pending, trace)
          response.getAll('code').forEach(add)
          return response
        },
      }
    },
  }
  return { storage, userAgent, found }
}

/** Asserts that no secret occurs, neither in plain text nor in one of its encodings on the wire. */
function assertHidden(text: string, secrets: Iterable<string>, atLeast: number): void {
  const all = [...secrets]
  assert.ok(all.length >= atLeast, `${all.length} secrets were seen`)
  for (const secret of all) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
      assert.equal(text.includes(form), false, `the trace shows ${form}`)
    }
  }
}

async function wholeLife(server: TestServer, { storage, userAgent }: Secrets, { trace, attempt }: Everything): Promise<void> {
  const url = `${server.url}/mcp`
  const client = new McpClient(url, { trace, storage, userAgent })
  await client.connect()
  await client.callTool('get_user_profile', {})
  await client.authorizer.tokens.renew()
  server.advance(4000)
  await client.listTools()
  await client.authorizer.authorize()
  await attempt(() => client.callTool('unknown', {}))
  await client.close()
  const legacy = new McpClient(url, { trace, storage, userAgent, protocolVersions: ['2025-11-25'] })
  await legacy.connect()
  await legacy.close()
  await client.authorizer.tokens.revoke()
}

describe('the trace', () => {
  it('shows steps, exchanges and verdicts of the whole flow, and no secret', async t => {
    const server = await startServer(t)
    const [secrets, all] = [watchSecrets(), everything()]
    await wholeLife(server, secrets, all)
    const text = all.text()
    for (const part of [
      '"title":"Exchange the code for tokens"', '/oauth/token', 'grant_type=refresh_token', '"status":401', 'pkce-is-advertised', 'sha256:',
    ]) assert.ok(text.includes(part), part)
    assertHidden(text, secrets.found, 10)
  })

  it('shows a secret by the same fingerprint everywhere, so that appearances can be matched', async t => {
    const server = await startServer(t)
    const { trace, text } = everything()
    const { storage, userAgent } = watchSecrets()
    await new McpClient(`${server.url}/mcp`, { trace, storage, userAgent }).connect()
    const given = /"access_token\\":\\"(sha256:[\w-]+)/.exec(text())?.[1]
    assert.ok(given && text().includes(`"authorization":"Bearer ${given}"`), given)
  })

  for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
    it(`shows no client secret with ${method}, and no registration access token`, async t => {
      const peer = await startPeer(t)
      const { secrets } = addAuthorizationServer(peer, {
        metadata: { token_endpoint_auth_methods_supported: [method] },
        registration: { registration_client_uri: `${peer.url}/register/1`, registration_access_token: 'the-registration-token' },
      })
      peer.on('GET /register/1', json({ client_id: 'x', client_secret: 'the-second-secret', registration_access_token: 'the-second-token' }))
      addMcpServer(peer, peer.url)
      const [{ storage, userAgent, found }, { trace, text }] = [watchSecrets(), everything()]
      const client = new McpClient(`${peer.url}/mcp`, { trace, storage, userAgent })
      await client.connect()
      await client.authorizer.authorize()
      await client.authorizer.tokens.renew()
      await client.authorizer.tokens.revoke()
      assert.ok(found.has('the-second-secret') && found.has('the-second-token'))
      assertHidden(text(), [...secrets, ...found], 12)
    })
  }

  const lost = { access_token: 'lost-access', refresh_token: 'lost-refresh' }
  const callback = (peer: Peer, query: string): void => peer.on('GET /authorize', received => (
    redirectTo(`${headlessRedirectUri}?${query}&state=${received.query.get('state')}`)))
  const failures: readonly (readonly [string, (peer: Peer) => void])[] = [
    ['refuses the code', peer => peer.on('POST /token', json({ error: 'invalid_grant' }, 400))],
    ['gives a token of an unknown type', peer => peer.on('POST /token', json(validTokens({ ...lost, token_type: 'mac' })))],
    ['gives a malformed token', peer => peer.on('POST /token', json(validTokens({ ...lost, access_token: 'lost access' })))],
    ['gives a malformed lifetime', peer => peer.on('POST /token', json(validTokens({ ...lost, expires_in: 'x' })))],
    ['gives tokens as a page', peer => peer.on('POST /token', html(JSON.stringify(lost)))],
    ['gives tokens as text', peer => peer.on('POST /token', { headers: { 'content-type': 'text/plain' }, body: 'access_token=lost-access' })],
    ['gives half a token response', peer => peer.on('POST /token', { ...json(lost), body: '{"access_token":"lost-access"' })],
    ['sends the code with a wrong state', peer => peer.on('GET /authorize', redirectTo(`${headlessRedirectUri}?code=lost-code&state=x`))],
    ['sends the code with a wrong iss', peer => callback(peer, 'code=lost-code&iss=https://evil.example')],
    ['sends two codes', peer => callback(peer, `code=lost-code&code=lost-code-2&iss=${peer.url}`)],
    ['sends the code elsewhere', peer => peer.on('GET /authorize', redirectTo('http://elsewhere.example/callback?code=lost-code'))],
    ['sends the code to itself', peer => peer.on('GET /authorize', redirectTo('/callback?code=lost-code'))],
    ['gives a secret with a broken registration', peer => (
      peer.on('POST /register', json({ client_secret: 'lost-secret', registration_access_token: 'lost-token' }, 201)))],
  ]
  for (const [what, change] of failures) {
    it(`shows no secret when the authorization server ${what}`, async t => {
      const peer = await startPeer(t)
      const { secrets } = addAuthorizationServer(peer)
      addMcpServer(peer, peer.url)
      change(peer)
      const [{ storage, userAgent, found }, { trace, attempt, text }] = [watchSecrets(), everything()]
      await attempt(() => new McpClient(`${peer.url}/mcp`, { trace, storage, userAgent }).connect())
      assertHidden(text(), [...secrets, ...found, 'lost-', 'lost access'], 2)
    })
  }

  it('shows no secret when a refresh is refused', async t => {
    const peer = await startPeer(t)
    const { secrets } = addAuthorizationServer(peer)
    addMcpServer(peer, peer.url)
    const [{ storage, userAgent, found }, { trace, attempt, text }] = [watchSecrets(), everything()]
    const client = new McpClient(`${peer.url}/mcp`, { trace, storage, userAgent })
    await client.connect()
    await changeTokens(storage, peer.url, { refresh_token: 'dead-refresh-token' })
    peer.on('POST /token', json({ error: 'invalid_grant' }, 400))
    await attempt(() => client.authorizer.tokens.renew())
    assertHidden(text(), [...secrets, ...found, 'dead-refresh-token'], 5)
  })

  it('does not even read an exchange if nobody listens', () => {
    const unreadable = { get url(): string { return assert.fail('the exchange is read') } }
    new Trace().exchange(unreadable as never)
  })
})
