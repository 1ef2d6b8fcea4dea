/** A server of its own for each test: a real port, a store and a clock that the test moves. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import type { FetchDocument } from '../src/base/http/fetch-document.ts'
import { createLogger } from '../src/base/config/logger.ts'
import { metaKeys, modernVersion } from '../src/base/protocol/mcp.ts'
import type { Tool } from '../src/tools/tool.ts'
import { signJwt } from '../src/core/oauth/jwt.ts'
import { codeChallengeS256, createCodeVerifier } from '../src/base/protocol/pkce.ts'
import { serve, type RunningServer } from '../src/app/serve.ts'
import type { Store } from '../src/base/store/store.ts'
import { demonstrationUsers, Users } from '../src/base/config/users.ts'

export interface TestServer extends RunningServer {
  readonly url: string
  /** What the server logged, a line each. */
  readonly log: string[]
  /** Moves the clock of the server forward. */
  advance(seconds: number): void
}

export interface TestContext {
  after(end: () => Promise<void>): void
}

export interface StartOptions {
  readonly tools?: readonly Tool[]
  readonly store?: Store
  /** Who can sign in: the demonstration users unless given, or those of OAUTH_USERS_FILE where that is set. */
  readonly users?: Users
  readonly fetchDocument?: FetchDocument
}

export const testKey = 'a test key of 32 bytes or more, which is not secret'

export async function startServer(
  t: TestContext, env: Record<string, string> = {}, options: StartOptions = {},
): Promise<TestServer> {
  const log: string[] = []
  let ahead = 0
  const server = await serve(
    { JWT_SECRET_KEY: testKey, OAUTH_AUTO_APPROVE: 'true', SERVER_PORT: '0', ...env },
    {
      ...(env['OAUTH_USERS_FILE'] === undefined ? { users: new Users(demonstrationUsers) } : {}),
      ...options,
      now: () => Date.now() / 1000 + ahead,
      logger: createLogger(env['LOG_LEVEL'] === 'debug' ? 'debug' : 'info', line => log.push(line)),
    },
  )
  t.after(() => server.close())
  const url = env['SERVER_URL'] ? `http://localhost:${server.port}` : server.config.issuer
  return { ...server, url, log, advance: seconds => { ahead += seconds } }
}

/** A server on which a client has tokens already. */
export async function startWithTokens(
  t: TestContext, env: Record<string, string> = {}, options: StartOptions = {},
): Promise<{ server: TestServer; client: Members; access_token: string; refresh_token: string }> {
  const server = await startServer(t, env, options)
  const { client, tokens } = await getTokens(server)
  return { server, client, access_token: tokens['access_token'], refresh_token: tokens['refresh_token'] }
}

/** A server on which a client has an authorization code. */
export async function startWithCode(
  t: TestContext, metadata: Members = {},
): Promise<{ server: TestServer; client: Members; authorization: Authorization }> {
  const server = await startServer(t)
  const client = await register(server, metadata)
  return { server, client, authorization: await authorize(server, client) }
}

export type Members = Record<string, any>

// --- The authorization server ---

export const redirect_uri = 'http://127.0.0.1:7777/callback'

/** Client metadata that registers. */
export const validMetadata: Members = {
  client_name: 'Test client', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none',
}

export function requestRegistration(server: TestServer, metadata: Members = {}): Promise<Response> {
  return postJson(`${server.url}/oauth/register`, { ...validMetadata, ...metadata })
}

export async function register(server: TestServer, metadata: Members = {}): Promise<Members> {
  const response = await requestRegistration(server, metadata)
  assert.equal(response.status, 201, 'registration succeeds')
  return readJson(response)
}

export interface Authorization {
  readonly code: string
  readonly code_verifier: string
  readonly location: URL
}

/** The parameters of a valid authorization request; an undefined member leaves its parameter out. */
export function authorizationParameters(client: Members, code_verifier: string, changes: Members = {}): URLSearchParams {
  return parameters({
    response_type: 'code', client_id: client['client_id'], redirect_uri, state: 'xyz',
    code_challenge: codeChallengeS256(code_verifier), code_challenge_method: 'S256', ...changes,
  })
}

export function requestAuthorization(
  server: TestServer, query: URLSearchParams, headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.url}/oauth/authorize?${query}`, { redirect: 'manual', headers })
}

/** Sends an authorization request that is valid but for `changes`. */
export function requestCode(server: TestServer, client: Members, changes: Members = {}): Promise<Response> {
  return requestAuthorization(server, authorizationParameters(client, createCodeVerifier(), changes))
}

export async function authorize(server: TestServer, client: Members, changes: Members = {}): Promise<Authorization> {
  const code_verifier = createCodeVerifier()
  const response = await requestAuthorization(server, authorizationParameters(client, code_verifier, changes))
  const location = locationOf(response)
  const code = location.searchParams.get('code') ?? assert.fail(`no code in ${location}`)
  return { code, code_verifier, location }
}

/** A page of a browser: what it shows, and what its form has to carry. */
export interface Page {
  readonly html: string
  readonly csrf_token: string
  /** The Cookie header of the browser now. */
  readonly cookie: string
  readonly response: Response
}

/** Opens a page with a form. */
export async function openPage(url: string, headers: Record<string, string> = {}): Promise<Page> {
  const response = await get(url, { accept: 'text/html', ...headers })
  assert.equal(response.status, 200, `a page is shown at ${url}`)
  const html = await response.text()
  const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(html)?.[1] ?? assert.fail('no csrf_token')
  return { html, csrf_token, cookie: withCookies(headers['cookie'], response), response }
}

/** The Cookie header of a browser that got the response. */
export function withCookies(cookie = '', response: Response): string {
  const jar = new Map(cookie.split('; ').filter(Boolean).map(pair => [pair.split('=', 1)[0]!, pair]))
  for (const line of response.headers.getSetCookie()) {
    const pair = line.split(';', 1)[0]!
    if (line.includes('Max-Age=0')) jar.delete(pair.split('=', 1)[0]!)
    else jar.set(pair.split('=', 1)[0]!, pair)
  }
  return [...jar.values()].join('; ')
}

/** Signs in and returns the Cookie header of the browser; a demonstration user has no password. */
export async function signIn(server: TestServer, username = 'demo', password?: string): Promise<string> {
  const { cookie, csrf_token } = await openPage(`${server.url}/sign-in`)
  const response = await postForm(`${server.url}/sign-in`, { csrf_token, username, password }, { cookie })
  assert.equal(response.status, 303, 'the sign-in succeeds')
  return withCookies(cookie, response)
}

export interface ConsentPage extends Page {
  readonly consent_token: string
}

/** Opens the consent page behind an authorization URL. */
export async function openConsentPage(url: string, headers: Record<string, string>): Promise<ConsentPage> {
  const page = await openPage(url, headers)
  const consent_token = /name="consent_token" value="([^"]+)"/.exec(page.html)?.[1] ?? assert.fail('the consent page is shown')
  return { ...page, consent_token }
}

/** Sends an authorization request that a person has to decide on, as his browser would; he is signed in, if no cookie says otherwise. */
export async function openConsent(
  server: TestServer, client: Members, changes: Members = {}, headers: Record<string, string> = {},
): Promise<ConsentPage & { readonly code_verifier: string }> {
  const code_verifier = createCodeVerifier()
  const query = authorizationParameters(client, code_verifier, changes)
  const cookie = headers['cookie'] ?? await signIn(server)
  const page = await openConsentPage(`${server.url}/oauth/authorize?${query}`, { ...headers, cookie })
  return { ...page, code_verifier }
}

/** Posts the form of the consent page as it stands; `changes` replace or, when undefined, remove its fields. */
export function decide(
  server: TestServer, { consent_token, cookie, html }: ConsentPage, changes: Members = {}, headers: Record<string, string> = { cookie },
): Promise<Response> {
  const scopes = Object.fromEntries([...html.matchAll(/name="(scope\.[^"]+)" checked/g)].map(([, name]) => [name!, 'on']))
  return postForm(`${server.url}/oauth/consent`, { consent_token, ...scopes, decision: 'approve', ...changes }, headers)
}

/** Sends a token request; `changes` replace or, when undefined, remove parameters. */
export function requestToken(server: TestServer, form: Members, headers: Record<string, string> = {}): Promise<Response> {
  return postForm(`${server.url}/oauth/token`, form, headers)
}

export function exchange(
  server: TestServer, client: Members, { code, code_verifier }: Omit<Authorization, 'location'>, changes: Members = {},
): Promise<Response> {
  return requestToken(server, {
    grant_type: 'authorization_code', code, code_verifier, redirect_uri, client_id: client['client_id'],
    client_secret: client['client_secret'], ...changes,
  })
}

export function refresh(server: TestServer, client: Members, refresh_token: string, changes: Members = {}): Promise<Response> {
  return requestToken(server, {
    grant_type: 'refresh_token', refresh_token, client_id: client['client_id'], client_secret: client['client_secret'], ...changes,
  })
}

/** Refreshes with success. */
export async function refreshed(
  server: TestServer, client: Members, refresh_token: string, changes: Members = {},
): Promise<Members> {
  const response = await refresh(server, client, refresh_token, changes)
  assert.equal(response.status, 200, 'the refresh succeeds')
  return readJson(response)
}

/** Registers a client, authorizes it and exchanges the code. */
export async function getTokens(
  server: TestServer, metadata: Members = {}, changes: Members = {},
): Promise<{ client: Members; tokens: Members }> {
  const client = await register(server, metadata)
  const response = await exchange(server, client, await authorize(server, client, changes))
  assert.equal(response.status, 200, 'the exchange succeeds')
  return { client, tokens: await readJson(response) }
}

/** The Authorization header of RFC 6749 section 2.3.1. */
export function basic(client_id: string, client_secret: string): Record<string, string> {
  const pair = [client_id, client_secret].map(part => encodeURIComponent(part).replaceAll('%20', '+')).join(':')
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

// --- Access tokens ---

export function bearer(access_token: string | undefined): Record<string, string> {
  return access_token === undefined ? {} : { authorization: `Bearer ${access_token}` }
}

/** The claims of a JWT, unverified. */
export function claimsOf(access_token: string): Members {
  return JSON.parse(Buffer.from(access_token.split('.')[1]!, 'base64url').toString()) as Members
}

/** An access token made with the key of the server, valid but for `changes`; an undefined member leaves its claim out. */
export function craftToken(server: TestServer, changes: Members = {}, typ = 'at+jwt'): string {
  const { issuer, resource, jwtKeys } = server.config
  const iat = Math.floor(Date.now() / 1000)
  return signJwt(typ, {
    iss: issuer, sub: 'demo-user', aud: resource, client_id: 'crafted', scope: 'mcp:tools:read mcp:tools:execute',
    iat, exp: iat + 3600, jti: 'crafted', grant_id: 'crafted', ...changes,
  }, jwtKeys[0])
}

/** The claims of a row in a table: ISSUER stands for the issuer, and NOW+90 for the time in 90 seconds. */
export function claimsIn(row: Members, { config }: TestServer): Members {
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'string') return value
    const ahead = /^NOW([+-]\d+)$/.exec(value)?.[1]
    return ahead === undefined ? value.replace('ISSUER', config.issuer) : Math.floor(Date.now() / 1000) + Number(ahead)
  }
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, fill(value)]))
}

/** The parameters of the Bearer challenge, of which there has to be exactly one. */
export function bearerChallenge(response: Response): Members {
  const header = response.headers.get('www-authenticate') ?? assert.fail(`no challenge beside ${response.status}`)
  assert.match(header, /^Bearer [a-z_]+="[^"]*"(?:, [a-z_]+="[^"]*")*$/)
  return Object.fromEntries([...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
}

// --- The MCP server ---

export function postMcp(
  server: TestServer, access_token: string | undefined, message: unknown, headers: Members = {},
): Promise<Response> {
  return postJson(`${server.url}/mcp`, message, { ...bearer(access_token), ...headers })
}

/** Calls a method of the legacy era, which needs no headers beside the token. */
export function callMcp(
  server: TestServer, access_token: string | undefined, method: string, params: Members = {}, headers: Members = {},
): Promise<Response> {
  return postMcp(server, access_token, { jsonrpc: '2.0', id: 1, method, params }, headers)
}

/** The `_meta` of a modern request. */
export function modernMeta(changes: Members = {}): Members {
  return {
    [metaKeys.protocolVersion]: modernVersion, [metaKeys.clientInfo]: { name: 'test', version: '1' },
    [metaKeys.clientCapabilities]: {}, ...changes,
  }
}

/** Calls a method of the modern era; `headers` replace or, when undefined, remove those that mirror the body. */
export function callModern(
  server: TestServer, access_token: string | undefined, method: string, params: Members = {}, headers: Members = {},
): Promise<Response> {
  const message = { jsonrpc: '2.0', id: 1, method, params: { _meta: modernMeta(), ...params } }
  return postMcp(server, access_token, message, {
    'mcp-protocol-version': modernVersion, 'mcp-method': method, 'mcp-name': params['name'], ...headers,
  })
}

/** The JSON-RPC messages of an event stream. */
export function eventsOf(text: string): Members[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Members)
}

/** Whether the MCP server accepts the access token. */
export async function opens(server: TestServer, access_token: string): Promise<boolean> {
  return (await callMcp(server, access_token, 'ping')).status === 200
}

// --- HTTP ---

export function postJson(url: string, body: unknown, headers: Members = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: present({ 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers }),
  })
}

export function postForm(url: string, form: Members | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST', redirect: 'manual', body: typeof form === 'string' ? form : parameters(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
}

export function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(url, { method, headers, redirect: 'manual' })
}

export async function readJson(response: Response): Promise<Members> {
  return await response.json() as Members
}

/** Text as it stands in a page. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

export function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? assert.fail(`no redirect but ${response.status}`))
}

export interface RawResponse {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Sends what `fetch` would not send, line by line, and reads until the server closes the connection. */
export async function sendRaw(server: TestServer, lines: readonly string[], body: string | Buffer = ''): Promise<RawResponse> {
  const socket = openSocket(server)
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  socket.write(body)
  const chunks: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const end = text.indexOf('\r\n\r\n')
  return { status: Number(text.split(' ', 2)[1]), head: text.slice(0, end), body: text.slice(end + 4) }
}

export function openSocket(server: TestServer): Socket {
  return connect(server.port, '127.0.0.1')
}

// --- Assertions ---

/** Asserts that a response refuses by the rule, and with the error code. */
export async function assertRefused(response: Response, rule: string, error: string, status: number): Promise<Members> {
  const body = await readJson(response)
  assert.deepEqual(
    { status: response.status, error: body['error'], rule: ruleOf(body['error_uri']) },
    { status, error, rule },
  )
  return body
}

/** Asserts that an authorization request ends in an error at the redirect URI. */
export function assertRedirectedError(response: Response, rule: string, error: string): URLSearchParams {
  const location = locationOf(response)
  const query = location.searchParams
  assert.ok(location.href.startsWith(redirect_uri), `goes to the redirect URI: ${location}`)
  assert.deepEqual({ error: query.get('error'), rule: ruleOf(query.get('error_uri')) }, { error, rule })
  return query
}

/** Asserts that a JSON-RPC error response comes from the rule. */
export async function assertRpcError(response: Response, rule: string, code: number, status: number): Promise<Members> {
  const body = await readJson(response)
  assert.deepEqual({ status: response.status, code: body['error']?.code }, { status, code })
  const uri = body['error'].data?.error_uri
  if (uri !== undefined) assert.equal(ruleOf(uri), rule)
  return body
}

export function ruleOf(error_uri: unknown): string | undefined {
  return typeof error_uri === 'string' ? error_uri.split('/explain/')[1]?.split('?')[0] : undefined
}

function parameters(members: Members): URLSearchParams {
  return new URLSearchParams(present(members))
}

function present(members: Members): Record<string, string> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Record<string, string>
}
