/** A server of its own for each test: a real port, a store and a clock that the test moves. */
import assert from 'node:assert/strict'
import { createLogger } from '../src/logger.ts'
import type { Tool } from '../src/mcp/tool.ts'
import { codeChallengeS256, createCodeVerifier } from '../src/oauth/pkce.ts'
import { serve, type RunningServer } from '../src/serve.ts'

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

export async function startServer(
  t: TestContext, env: Record<string, string> = {}, options: { tools?: readonly Tool[] } = {},
): Promise<TestServer> {
  const log: string[] = []
  let ahead = 0
  const server = await serve(
    { JWT_SECRET_KEY: 'a test key of 32 bytes or more, which is not secret', OAUTH_AUTO_APPROVE: 'true', SERVER_PORT: '0', ...env },
    {
      ...options,
      now: () => Date.now() / 1000 + ahead,
      logger: createLogger(env['LOG_LEVEL'] === 'debug' ? 'debug' : 'info', line => log.push(line)),
    },
  )
  t.after(() => server.close())
  const url = env['SERVER_URL'] ? `http://localhost:${server.port}` : server.config.issuer
  return { ...server, url, log, advance: seconds => { ahead += seconds } }
}

export type Members = Record<string, any>

export const redirect_uri = 'http://127.0.0.1:7777/callback'

export async function register(server: TestServer, metadata: Members = {}): Promise<Members> {
  const response = await postJson(`${server.url}/oauth/register`, {
    client_name: 'Test client', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', ...metadata,
  })
  assert.equal(response.status, 201, 'registration succeeds')
  return await response.json() as Members
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

export function requestAuthorization(server: TestServer, query: URLSearchParams, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/oauth/authorize?${query}`, { redirect: 'manual', headers })
}

export async function authorize(server: TestServer, client: Members, changes: Members = {}): Promise<Authorization> {
  const code_verifier = createCodeVerifier()
  const response = await requestAuthorization(server, authorizationParameters(client, code_verifier, changes))
  const location = new URL(response.headers.get('location') ?? assert.fail(`no redirect but ${response.status}`))
  const code = location.searchParams.get('code') ?? assert.fail(`no code in ${location}`)
  return { code, code_verifier, location }
}

/** Sends a token request; `changes` replace or, when undefined, remove parameters. */
export function requestToken(server: TestServer, form: Members, headers: Record<string, string> = {}): Promise<Response> {
  return postForm(`${server.url}/oauth/token`, form, headers)
}

export function exchange(server: TestServer, client: Members, { code, code_verifier }: Authorization, changes: Members = {}): Promise<Response> {
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

/** Registers a client, authorizes it and exchanges the code. */
export async function getTokens(server: TestServer, metadata: Members = {}, changes: Members = {}): Promise<{ client: Members; tokens: Members }> {
  const client = await register(server, metadata)
  const response = await exchange(server, client, await authorize(server, client, changes))
  assert.equal(response.status, 200, 'the exchange succeeds')
  return { client, tokens: await response.json() as Members }
}

/** Calls a method of the legacy era, which needs no headers beside the token. */
export function callMcp(server: TestServer, access_token: string | undefined, method: string, params: Members = {}): Promise<Response> {
  return postJson(`${server.url}/mcp`, { jsonrpc: '2.0', id: 1, method, params }, bearer(access_token))
}

export function bearer(access_token: string | undefined): Record<string, string> {
  return access_token === undefined ? {} : { authorization: `Bearer ${access_token}` }
}

export function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
  })
}

export function postForm(url: string, form: Members | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST', redirect: 'manual', body: typeof form === 'string' ? form : parameters(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
}

/** Asserts that a response refuses by the rule, and with the error code. */
export async function assertRefused(response: Response, rule: string, error: string, status: number): Promise<Members> {
  const body = await response.json() as Members
  assert.deepEqual(
    { status: response.status, error: body['error'], rule: ruleOf(body['error_uri']) },
    { status, error, rule },
  )
  return body
}

/** Asserts that an authorization request ends in an error at the redirect URI. */
export function assertRedirectedError(response: Response, rule: string, error: string): URLSearchParams {
  const location = new URL(response.headers.get('location') ?? assert.fail(`no redirect but ${response.status}`))
  const query = location.searchParams
  assert.ok(location.href.startsWith(redirect_uri), `goes to the redirect URI: ${location}`)
  assert.deepEqual({ error: query.get('error'), rule: ruleOf(query.get('error_uri')) }, { error, rule })
  return query
}

/** Asserts that a JSON-RPC error response comes from the rule. */
export async function assertRpcError(response: Response, rule: string, code: number, status: number): Promise<Members> {
  const body = await response.json() as Members
  assert.deepEqual({ status: response.status, code: body['error']?.code }, { status, code })
  const uri = body['error'].data?.error_uri
  if (uri !== undefined) assert.equal(ruleOf(uri), rule)
  return body
}

function ruleOf(error_uri: unknown): string | undefined {
  return typeof error_uri === 'string' ? error_uri.split('/explain/')[1] : undefined
}

function parameters(members: Members): URLSearchParams {
  return new URLSearchParams(Object.entries(members).filter(([, value]) => value !== undefined) as [string, string][])
}
