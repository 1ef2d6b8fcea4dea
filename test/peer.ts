/** The other side of the client, scripted: an HTTP server that records what it receives and answers as a test says. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { ClientError } from '../src/base/client/errors.ts'
import { OAuthResponseError } from '../src/core/client/oauth-error.ts'
import { HeadlessUserAgent } from '../src/client/user-agent/headless.ts'
import { McpClient, type McpClientOptions } from '../src/client/mcp/mcp-client.ts'
import { MemoryStorage } from '../src/client/storage/memory-storage.ts'
import type { ClientStorage, StoredTokens } from '../src/core/client/seams/storage.ts'
import { Trace, type RecordedExchange, type Step } from '../src/base/client/trace.ts'
import { metaKeys, modernVersion } from '../src/base/protocol/mcp.ts'
import { codeChallengeS256 } from '../src/base/protocol/pkce.ts'
import type { Verdict } from '../src/base/rules/rule.ts'
import type { Members, TestContext } from './harness.ts'

export interface Received {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly headers?: Record<string, string | string[]>
  /** A stream that throws breaks the connection off. */
  readonly body?: string | AsyncIterable<string | Uint8Array>
}

export type Route = Answer | ((received: Received) => Answer | Promise<Answer>)

export interface Peer {
  readonly url: string
  /** Every request, in the order of arrival. */
  readonly received: Received[]
  /** Sets what is answered to a method and path, such as `POST /token`. */
  on(target: string, route: Route): void
  /** What is answered to a method and path so far. */
  route(target: string): Route | undefined
  /** The requests for a method and path. */
  to(target: string): readonly Received[]
  /** The methods and paths of all requests, in their order. */
  targets(): readonly string[]
  close(): Promise<void>
}

export async function startPeer(t: TestContext): Promise<Peer> {
  const routes = new Map<string, Route>()
  const received: Received[] = []
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, routes, received).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
  t.after(close)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    on: (target, route) => routes.set(target, route),
    route: target => routes.get(target),
    to: target => received.filter(request => targetOf(request) === target),
    targets: () => received.map(targetOf),
    close,
  }
}

function targetOf({ method, path }: Received): string {
  return `${method} ${path}`
}

async function answer(
  incoming: IncomingMessage, outgoing: ServerResponse, routes: ReadonlyMap<string, Route>, log: Received[],
): Promise<void> {
  let body = ''
  for await (const chunk of incoming.setEncoding('utf8')) body += chunk
  const [path, query = ''] = incoming.url!.split('?', 2)
  const request: Received = {
    method: incoming.method!, path: path!, query: new URLSearchParams(query), headers: incoming.headers, body,
  }
  log.push(request)
  const route = routes.get(targetOf(request)) ?? { status: 404 }
  const reply = typeof route === 'function' ? await route(request) : route
  outgoing.writeHead(reply.status ?? 200, reply.headers)
  if (typeof reply.body === 'object') {
    outgoing.flushHeaders()
    for await (const part of reply.body) outgoing.write(part)
  } else if (reply.body !== undefined) {
    outgoing.write(reply.body)
  }
  outgoing.end()
}

// --- Answers ---

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

export function html(text = '<!doctype html><title>Sign in</title>', status = 200): Answer {
  return { status, headers: { 'content-type': 'text/html' }, body: text }
}

export function redirectTo(location: string, status = 302): Answer {
  return { status, headers: { location } }
}

/** An event stream of `parts`, which are sent one by one. */
export function eventStream(...parts: readonly string[]): Answer {
  return { headers: { 'content-type': 'text/event-stream' }, body: each(parts) }
}

export async function* each(parts: readonly string[]): AsyncGenerator<string> {
  for (const part of parts) {
    yield part
    // The next turn of the event loop, so that the parts travel one by one.
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** Sends `parts` and then breaks the connection off. */
export async function* brokenOff(...parts: readonly string[]): AsyncGenerator<string> {
  yield* each(parts)
  throw new Error('broken off')
}

export function formOf({ body }: Received): Members {
  return Object.fromEntries(new URLSearchParams(body))
}

export function jsonOf({ body }: Received): Members {
  return JSON.parse(body) as Members
}

// --- An authorization server ---

/** What a test changes in the honest answers; an undefined member is left out. */
export interface AuthorizationServerChanges {
  readonly metadata?: Members
  readonly registration?: Members
  /** Parameters of the authorization response. */
  readonly response?: Members
  readonly tokens?: Members
}

export interface AuthorizationServerPeer {
  readonly issuer: string
  /** Every secret that it gave away. */
  readonly secrets: string[]
}

/** The metadata of an honest authorization server, valid but for `changes`. */
export function validMetadata(issuer: string, changes: Members = {}): Members {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...changes,
  }
}

/** A token response, valid but for `changes`. */
export function validTokens(changes: Members = {}): Members {
  return { access_token: 'access-0', token_type: 'Bearer', expires_in: 3600, refresh_token: 'refresh-0', ...changes }
}

/** Makes `peer` an authorization server that approves everything and verifies PKCE. */
export function addAuthorizationServer(peer: Peer, changes: AuthorizationServerChanges = {}): AuthorizationServerPeer {
  const issuer = peer.url
  const mark = new URL(issuer).port
  const secrets: string[] = []
  const challenges = new Map<string, string>()
  let count = 0
  const secret = (kind: string): string => {
    const value = `${kind}-${mark}-${++count}-secret`
    secrets.push(value)
    return value
  }
  peer.on('GET /.well-known/oauth-authorization-server', json(validMetadata(issuer, changes.metadata)))
  peer.on('POST /register', request => {
    const { redirect_uris, grant_types, token_endpoint_auth_method } = jsonOf(request)
    return json({
      client_id: `client-${mark}-${++count}`, redirect_uris, grant_types, token_endpoint_auth_method,
      ...token_endpoint_auth_method === 'none' ? {} : { client_secret: secret('client'), client_secret_expires_at: 0 },
      ...changes.registration,
    }, 201)
  })
  peer.on('GET /authorize', ({ query }) => {
    const code = secret('code')
    challenges.set(code, query.get('code_challenge')!)
    const answer = { code, state: query.get('state'), iss: issuer, ...changes.response }
    return redirectTo(`${query.get('redirect_uri')}?${new URLSearchParams(present(answer))}`)
  })
  peer.on('POST /token', request => {
    const { grant_type, code, code_verifier } = formOf(request)
    if (code_verifier !== undefined) secrets.push(code_verifier)
    if (grant_type === 'authorization_code' && challenges.get(code) !== codeChallengeS256(code_verifier ?? '')) {
      return json({ error: 'invalid_grant' }, 400)
    }
    return json(validTokens({ access_token: secret('access'), refresh_token: secret('refresh'), ...changes.tokens }))
  })
  peer.on('POST /revoke', { status: 200 })
  return { issuer, secrets }
}

// --- An MCP server ---

export interface McpServerChanges {
  readonly resource?: Members
  /** What follows `Bearer` in the challenge; the URL of the metadata unless given. */
  readonly challenge?: string
  /** Whether an access token is accepted. */
  readonly accepts?: (access_token: string) => boolean
  readonly tools?: readonly Members[]
}

export const echoTool: Members = { name: 'echo', description: 'Says it again', inputSchema: { type: 'object', properties: {} } }

/** Makes `peer` a modern MCP server at `/mcp` that asks for a token of the authorization server at `issuer`. */
export function addMcpServer(peer: Peer, issuer: string, changes: McpServerChanges = {}): void {
  const { resource, accepts = () => true, tools = [echoTool] } = changes
  const path = '/.well-known/oauth-protected-resource/mcp'
  const challenge = changes.challenge ?? `resource_metadata="${peer.url}${path}"`
  peer.on(`GET ${path}`, json({ resource: `${peer.url}/mcp`, authorization_servers: [issuer], ...resource }))
  const refuse: Answer = { status: 401, headers: { 'www-authenticate': `Bearer ${challenge}`.trim() } }
  const guarded = (route: (received: Received) => Answer) => (received: Received): Answer => {
    const token = received.headers.authorization?.replace(/^Bearer /, '')
    return token !== undefined && accepts(token) ? route(received) : refuse
  }
  peer.on('GET /mcp', guarded(() => ({ status: 405 })))
  peer.on('POST /mcp', guarded(received => modernAnswer(received, tools)))
}

export type Method = Answer | ((message: Members, received: Received) => Answer | Promise<Answer>)

/** Makes `peer` an MCP server at `/mcp` that asks for no token; what `methods` does not name, a modern server answers. */
export function addOpenServer(peer: Peer, methods: Readonly<Record<string, Method>> = {}): void {
  peer.on('POST /mcp', received => {
    const message = jsonOf(received)
    const method = methods[message['method'] ?? 'a response']
    if (method === undefined) return modernAnswer(received)
    return typeof method === 'function' ? method(message, received) : method
  })
}

export const sessionId = 'the-session'

/** The methods of a legacy server, which knows no `server/discover` and keeps a session. */
export function legacyMethods(changes: Readonly<Record<string, Method>> = {}): Readonly<Record<string, Method>> {
  return {
    'server/discover': ({ id }) => failure(id, -32601, 'Method not found', 200),
    'initialize': ({ id, params }) => result(id, {
      protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'legacy peer', version: '1' },
    }, { 'mcp-session-id': sessionId }),
    'notifications/initialized': { status: 202 },
    ...changes,
  }
}

/** The JSON-RPC messages that a peer received, in their order. */
export function messagesTo(peer: Peer): readonly Members[] {
  return peer.to('POST /mcp').map(jsonOf)
}

/** What a modern MCP server answers to the requests that the client makes of its own accord. */
export function modernAnswer(received: Received, tools: readonly Members[] = [echoTool]): Answer {
  const { id, method, params } = jsonOf(received)
  if (method === 'server/discover') return result(id, discovery())
  if (method === 'tools/list') return result(id, { tools, ttlMs: 0, cacheScope: 'private' })
  if (method === 'tools/call') return result(id, { content: [{ type: 'text', text: JSON.stringify(params.arguments) }] })
  return failure(id, -32601, 'Method not found', 404)
}

export function discovery(changes: Members = {}): Members {
  return { supportedVersions: [modernVersion], capabilities: { tools: {} }, _meta: { [metaKeys.serverInfo]: { name: 'peer' } }, ...changes }
}

/** A JSON-RPC response with a result of the modern era. */
export function result(id: unknown, members: Members, headers: Record<string, string> = {}): Answer {
  return json({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...members } }, 200, headers)
}

export function failure(id: unknown, code: number, message = 'no', status = 400, data?: unknown): Answer {
  return json({ jsonrpc: '2.0', id, error: { code, message, data } }, status)
}

/** A peer that is both, for one test of the whole flow. */
export async function startHonestPeer(
  t: TestContext, changes: AuthorizationServerChanges & McpServerChanges = {},
): Promise<Peer & AuthorizationServerPeer> {
  const peer = await startPeer(t)
  const server = addAuthorizationServer(peer, changes)
  addMcpServer(peer, peer.url, changes)
  return { ...peer, ...server }
}

// --- The client ---

export interface Recording {
  readonly trace: Trace
  readonly steps: Step[]
  readonly notes: string[]
  readonly exchanges: RecordedExchange[]
  readonly verdicts: Verdict[]
}

/** A trace that keeps all that is said to it. */
export function record(): Recording {
  const steps: Step[] = []
  const notes: string[] = []
  const exchanges: RecordedExchange[] = []
  const verdicts: Verdict[] = []
  const trace = new Trace({
    step: step => steps.push(step), note: text => notes.push(text),
    exchange: exchange => exchanges.push(exchange), verdict: verdict => verdicts.push(verdict),
  })
  return { trace, steps, notes, exchanges, verdicts }
}

/** Where the headless user agent is sent; nothing listens there. */
export const headlessRedirectUri = 'http://127.0.0.1:53682/callback'

export function headless(): HeadlessUserAgent {
  return new HeadlessUserAgent({ input: Readable.from([]), write: text => assert.fail(`the user is asked: ${text}`) })
}

/** A client of `<url>/mcp` that authorizes without a browser. */
export function clientOf(url: string, options: Partial<McpClientOptions> = {}): McpClient {
  return new McpClient(`${url}/mcp`, { trace: new Trace(), storage: new MemoryStorage(), userAgent: headless(), ...options })
}

/** Changes the stored tokens of `<url>/mcp`. */
export function changeTokens(storage: ClientStorage, url: string, changes: Members): Promise<void> {
  const name = `${url}/mcp`
  return storage.update(state => ({
    ...state, servers: { ...state.servers, [name]: present({ ...state.servers[name]!, ...changes }) as unknown as StoredTokens },
  }))
}

// --- Assertions ---

/** Asserts that the client goes no further because of the rule. */
export async function assertUntrusted(work: Promise<unknown> | (() => Promise<unknown>), rule: string): Promise<ClientError> {
  return await assertFails(work, { rule, exitCode: 5 })
}

/** Asserts that the client reports the OAuth error with which the other side answered. */
export async function assertRefusal(work: Promise<unknown> | (() => Promise<unknown>), rule: string, code: string): Promise<OAuthResponseError> {
  const error = await assertFails(work, { rule, exitCode: 4 })
  assert.ok(error instanceof OAuthResponseError, 'it is an OAuth error')
  assert.equal(error.code, code)
  return error
}

export async function assertFails(
  work: Promise<unknown> | (() => Promise<unknown>), expected: { rule?: string; exitCode: number },
): Promise<ClientError> {
  const outcome = await (typeof work === 'function' ? work() : work).then(() => undefined, (error: unknown) => error)
  assert.ok(outcome !== undefined, 'it fails')
  if (!(outcome instanceof ClientError)) throw outcome
  assert.deepEqual({ rule: outcome.rule?.id, exitCode: outcome.exitCode }, { rule: undefined, ...expected }, outcome.message)
  return outcome
}

export function present(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null))
}
