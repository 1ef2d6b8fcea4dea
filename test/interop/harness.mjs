/**
 * What the suites share: this project as it is run (`dist/server.js` and `dist/client.js` as processes), the part of
 * the user and his browser, and a place for what a client remembers.
 *
 * The packages that the suites need are installed in this folder alone, while `node --test` at the root runs every
 * .mjs file below `test/`. So no file imports a package at its top: a suite does it inside `interop()`, which does
 * nothing unless `npm test` of this folder runs it. For one suite: npm test -- mcp-remote.test.mjs
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Registers a suite, when this folder's own `npm test` runs it; npm names the package in the environment. */
export function interop(name, suite) {
  if (process.env.npm_package_name === 'mcp-authorization-interop') describe(name, { timeout: 600_000 }, suite)
}

export const scopes = ['mcp:tools:read', 'mcp:tools:execute']

/** Lists the tools of our server and calls all three, with any client that has the two methods of the official SDKs. */
export async function assertToolsWork(client) {
  const { tools } = await client.listTools()
  assert.deepEqual(tools.map(tool => tool.name).sort(), ['get_user_profile', 'get_weather', 'list_files'])
  const weather = await client.callTool({ name: 'get_weather', arguments: { location: 'Lisbon' } })
  assert.equal(weather.structuredContent.location, 'Lisbon')
  const files = await client.callTool({ name: 'list_files', arguments: { pattern: '**/*' } })
  assert.ok(!files.isError, files.content[0].text)
  const profile = await client.callTool({ name: 'get_user_profile', arguments: {} })
  assert.equal(profile.structuredContent.sub, 'demo-user')
}

/** Runs `end` after the test. What came last ends first: clients before servers, and folders when nobody writes any more. */
export function defer(t, end) {
  if (!deferred.has(t)) {
    deferred.set(t, [])
    t.after(async () => {
      for (const end of deferred.get(t).reverse()) await end()
    })
  }
  deferred.get(t).push(end)
}

const deferred = new WeakMap()

// --- Processes ---

/** The path of a built file of the project. */
export function dist(file) {
  return fileURLToPath(new URL(`../../dist/${file}`, import.meta.url))
}

/**
 * Starts `node dist/server.js` with a key and a port of its own, and ends it after the test, which fails if the server
 * had anything to warn of. The server reads `.env` where it is started, so that is an empty folder.
 */
export async function startServer(t, env = {}) {
  const child = start(t, process.execPath, [dist('server.js')], {
    cwd: await temporaryFolder(t),
    env: {
      PATH: process.env.PATH, JWT_SECRET_KEY: randomBytes(32).toString('hex'), OAUTH_AUTO_APPROVE: 'true',
      SERVER_PORT: '0', LOG_LEVEL: 'warn', ...env,
    },
  })
  defer(t, () => assert.deepEqual(child.errors, []))
  const url = await until(
    () => child.lines.map(line => /http:\S+/.exec(line)?.[0]).find(Boolean),
    () => `the server does not listen: ${child.errors.join('\n')}`,
  )
  return { url, mcpUrl: `${url}/mcp`, port: new URL(url).port, stop: child.stop }
}

/** Starts `node dist/client.js`. What it stores is in `folder`; a browser is there when `opener` is. */
export function startClient(t, folder, args, opener) {
  const env = { PATH: process.env.PATH, HOME: folder, BROWSER: opener?.command ?? 'no browser' }
  return start(t, process.execPath, [dist('client.js'), ...args], { cwd: folder, env })
}

/** Runs `node dist/client.js` to its end. */
export async function runClient(t, folder, args, opener) {
  const { stdin, exited, lines, errors } = startClient(t, folder, args, opener)
  stdin.end()
  const exitCode = await exited
  return { exitCode, output: lines.join('\n'), narration: errors.join('\n') }
}

/** Starts a process that ends with the test at the latest; `lines` and `errors` fill with what it prints. */
export function start(t, command, args, options) {
  const child = spawn(command, args, { stdio: 'pipe', timeout: 60_000, killSignal: 'SIGKILL', ...options })
  const exited = new Promise(resolve => child.once('close', resolve))
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  defer(t, stop)
  return { stdin: child.stdin, lines: collectLines(child.stdout), errors: collectLines(child.stderr), exited, stop }
}

function collectLines(stream) {
  const lines = []
  createInterface({ input: stream }).on('line', line => lines.push(line))
  return lines
}

export async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'interop-'))
  defer(t, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** Waits until `condition` holds or resolves to something true, and returns that. */
export async function until(condition, explain) {
  for (let waited = 0; waited < 20_000; waited += 20) {
    const value = await condition()
    if (value) return value
    await sleep(20)
  }
  assert.fail(explain())
}

/** Serves on a free port until the test ends, and returns the origin. */
export async function listen(t, listener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  defer(t, () => {
    server.close()
    server.closeAllConnections()
  })
  return `http://localhost:${server.address().port}`
}

/** A port that was free a moment ago, for a server that has to know its port before it listens. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return String(port)
}

// --- The user ---

/** Nothing listens there: the browser of a test stops before it goes there. */
export const redirect_uri = 'http://127.0.0.1:7777/callback'

/** A browser: it follows redirects, keeps cookies and, through `decide`, fills in the forms that it is shown. */
export class Browser {
  #cookies = new Map()
  #decide

  /** `decide` gets the HTML and the URL of a page, and returns the fields to submit with its form, or a link to follow. */
  constructor(decide = (_html, url) => assert.fail(`a page at ${url} where none was expected`)) {
    this.#decide = decide
  }

  /** Goes to `url` and on, up to a redirect to `destination`, of which the query is returned. */
  async visit(url, destination = redirect_uri) {
    let request = { url: String(url) }
    for (let hop = 0; hop < 20; hop++) {
      const response = await this.#send(request)
      const location = response.headers.get('location')
      if (location === null) {
        request = await this.#leave(response, request.url)
      } else {
        if (location.startsWith(`${destination}?`)) return new URL(location).searchParams
        request = { url: new URL(location, request.url).href }
      }
    }
    return assert.fail('the browser goes in circles')
  }

  async #send({ url, body }) {
    const { origin } = new URL(url)
    const cookies = this.#cookies.get(origin) ?? this.#cookies.set(origin, new Map()).get(origin)
    const headers = { accept: 'text/html', cookie: [...cookies].map(pair => pair.join('=')).join('; ') }
    const response = await fetch(url, { redirect: 'manual', headers, ...(body && { method: 'POST', body }) })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)
      cookies.set(name, value)
    }
    return response
  }

  async #leave(page, url) {
    const html = await page.text()
    assert.equal(page.status, 200, html)
    const [form, action] = /<form[^>]* action="([^"]*)"[^]*?<\/form>/.exec(html) ?? []
    // Our own server wants somebody to sign in first.
    const decision = action?.endsWith('/sign-in') ? { username: 'demo' } : this.#decide(html, url)
    if (typeof decision === 'string') return { url: decision }
    assert.ok(form, `no form at ${url}: ${html}`)
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, ...pair]) => pair.map(unescapeHtml))
    const ticked = [...form.matchAll(/<input type="checkbox" name="([^"]+)" checked/g)].map(([, name]) => [name, 'on'])
    return { url: new URL(action, url).href, body: new URLSearchParams([...hidden, ...ticked, ...Object.entries(decision)]) }
  }
}

function unescapeHtml(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

/** A program that takes the place of the browser and notes where it is sent: `visits` reads that. */
export async function createOpener(folder) {
  const command = join(folder, 'open')
  const noted = join(folder, 'visits')
  await writeFile(command, `#!/bin/sh\nprintf '%s\\n' "$1" >> '${noted}'\n`, { mode: 0o700 })
  const visits = async () => (await readFile(noted, 'utf8').catch(() => '')).split('\n').filter(Boolean)
  return { command, visits }
}

/**
 * Waits until a program opens its browser for the `count`th time, takes `browser` through what comes, and carries the
 * answer to the program, which need not listen yet by then.
 */
export async function answerInBrowser(opener, { browser = new Browser(), count = 1 } = {}) {
  const url = await until(async () => (await opener.visits())[count - 1], () => 'no browser was opened')
  const destination = new URL(url).searchParams.get('redirect_uri')
  const response = await browser.visit(url, destination)
  const page = await until(
    () => fetch(`${destination}?${response}`).catch(() => undefined),
    () => `nothing listens at ${destination}`,
  )
  assert.equal(page.status, 200, await page.text())
}

// --- What a client remembers ---

/** The `OAuthClientProvider` of both official SDKs: keeps everything in memory, and where the user is sent to. */
export class MemoryProvider {
  redirectUrl = redirect_uri
  clientMetadata
  /** Where the user was sent, a URL each time. */
  visits = []
  registrations = []
  #information
  #tokens
  #codeVerifier
  #discovery

  constructor(clientMetadata = {}) {
    this.clientMetadata = {
      client_name: 'Interop', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', ...clientMetadata,
    }
  }

  state = () => 'the state of this session'
  clientInformation = () => this.#information
  saveClientInformation = information => {
    this.#information = information
    this.registrations.push(information)
  }
  tokens = () => this.#tokens
  saveTokens = tokens => { this.#tokens = tokens }
  redirectToAuthorization = url => { this.visits.push(url) }
  codeVerifier = () => this.#codeVerifier
  saveCodeVerifier = verifier => { this.#codeVerifier = verifier }
  discoveryState = () => this.#discovery
  saveDiscoveryState = state => { this.#discovery = state }
  invalidateCredentials = what => {
    if (what === 'all' || what === 'client') this.#information = undefined
    if (what === 'all' || what === 'tokens') this.#tokens = undefined
    if (what === 'all' || what === 'discovery') this.#discovery = undefined
  }
}

/**
 * A `fetch` that records what passes. `lines` are such as `POST /oauth/token 200`, and of a modern MCP request they
 * name the method and the tool, which stand in its headers.
 */
export function recordingFetch() {
  const exchanges = []
  const record = async (input, init = {}) => {
    const response = await fetch(input, init)
    const { method = 'GET', headers, body } = init
    const { pathname } = new URL(input)
    exchanges.push({ method, pathname, headers: new Headers(headers), body, status: response.status })
    return response
  }
  const line = ({ method, pathname, status, headers }) =>
    [method, pathname, status, headers.get('mcp-method'), headers.get('mcp-name')].filter(Boolean).join(' ')
  return { fetch: record, exchanges, lines: () => exchanges.map(line) }
}

/**
 * Revokes a token (RFC 7009). An access token stops working at once, and the refresh token beside it goes on; with a
 * refresh token the whole grant ends.
 */
export async function revokeToken(server, { client_id, client_secret = '', token_endpoint_auth_method }, token) {
  const basic = token_endpoint_auth_method === 'client_secret_basic'
  const response = await fetch(`${server.url}/oauth/revoke`, {
    method: 'POST',
    headers: basic ? { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` } : {},
    body: new URLSearchParams({ token, ...(!basic && { client_id }), ...(!basic && client_secret && { client_secret }) }),
  })
  assert.equal(response.status, 200, 'the revocation succeeds')
}
