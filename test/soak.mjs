/**
 * The soak: a mixed load against a server process, and what it costs.
 *
 *     node test/soak.mjs [SECONDS]
 *
 * Whole flows, refreshes, tool calls, registrations, expired and forged tokens, malformed requests and aborted connections,
 * side by side. Fails when a request is lost or answered wrongly, or when the memory does not return to its level.
 */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomFrom, startServer } from './program.mjs'

// Bare `node --test` runs every file below test/, with no argument; this is not for it.
if (process.env.NODE_TEST_CONTEXT !== undefined && process.argv[2] === undefined) process.exit(0)

const seconds = Number(process.argv[2] ?? 120)
const patience = 10_000
/** In MiB: what the heap may have grown by, once the garbage is collected. */
const heapMargin = 24
/** In seconds. An access token ends while the soak runs, and a clock may be wrong by the rest. */
const lifetime = 6
const certainlyExpired = lifetime + 30
const random = randomFrom(2026)
const measured = new Map()
const wrong = []
const logins = []
/** Access tokens that were replaced and have not ended yet. */
const replaced = []
const redirect_uri = 'http://127.0.0.1:7777/callback'

const memoryOnDemand = `process.on('message', () => { gc(); gc(); process.send(process.memoryUsage()) }); process.channel.unref()`
const { child, url, exited } = await startServer({
  ipc: true, execArgv: ['--expose-gc', `--import=data:text/javascript,${encodeURIComponent(memoryOnDemand)}`],
  // All of the load comes from one address, and some of it is meant to fail.
  env: {
    JWT_ACCESS_TOKEN_EXPIRE_MINUTES: String(lifetime / 60), RATE_LIMIT_REGISTRATIONS_PER_MINUTE: '0', RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE: '0',
    RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE: '0',
  },
})
const port = Number(new URL(url).port)
exited.then(({ code, signal }) => { if (!stopping) wrong.push(`the server ended with ${code ?? signal}`) })
let stopping = false

const jobs = [
  [3, 'whole flow', flow], [30, 'tools/call', callTool], [10, 'refresh', refresh], [4, 'tools/list', listTools], [4, 'register', registerOnly],
  [6, 'expired token', useExpired], [6, 'forged token', useForged], [14, 'malformed', malformed], [10, 'aborted', aborted], [6, 'metadata', metadata], [4, 'health', health],
]
const tickets = jobs.flatMap(([weight, kind, work]) => Array.from({ length: weight }, () => [kind, work]))

// The code is compiled and the first logins are there before anything is measured.
for (let i = 0; i < 5; i++) await flow()
await load(Math.min(5, seconds / 5))
measured.clear()
const before = await memory()
let peak = before.rss
const sampling = setInterval(async () => { peak = Math.max(peak, (await memory()).rss) }, 2000)
await load(seconds)
clearInterval(sampling)
await sleep(Math.min(10_000, seconds * 100))
const after = await memory()
stopping = true
child.kill('SIGTERM')
const { code } = await exited
if (code !== 0) wrong.push(`the server ended with ${code} when it was asked to stop`)
report()

/** Eight at a time, until the time is over. */
async function load(duration) {
  const end = performance.now() + duration * 1000
  const worker = async () => {
    while (performance.now() < end) {
      const [kind, work] = tickets[Math.floor(random() * tickets.length)]
      await work().catch(error => wrong.push(`${kind}: ${error.message}`))
      await sleep(random() * 20)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

// --- What is asked ---

async function flow() {
  const client = await register('whole flow')
  if (!client) return
  const code_verifier = randomBytes(32).toString('base64url')
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
  const query = new URLSearchParams({
    response_type: 'code', client_id: client.client_id, redirect_uri, state: 's', code_challenge, code_challenge_method: 'S256', resource: `${url}/mcp`,
  })
  const asked = await ask('authorize', `/oauth/authorize?${query}`, {}, [302, 429])
  if (asked.status === 429) return
  const code = new URL(asked.headers.location).searchParams.get('code')
  const tokens = await token('token', { grant_type: 'authorization_code', code, code_verifier, redirect_uri, client_id: client.client_id })
  logins.push({ ...tokens, client_id: client.client_id, since: performance.now() })
  if (logins.length > 200) logins.shift()
}

async function refresh() {
  const i = Math.floor(random() * logins.length)
  // Nobody else uses it meanwhile.
  const [login] = logins.splice(i, 1)
  if (!login) return flow()
  const tokens = await token('refresh', { grant_type: 'refresh_token', refresh_token: login.refresh_token, client_id: login.client_id })
  logins.push({ ...tokens, client_id: login.client_id, since: performance.now() })
  replaced.push(login)
  if (replaced.length > 3000) replaced.shift()
}

async function callTool() {
  const login = pick()
  if (!login) return flow()
  const location = `Place ${Math.floor(random() * 1e9)}`
  const fresh = performance.now() - login.since < (lifetime - 1) * 1000
  const answer = await rpc('tools/call', login.access_token, 'tools/call', { name: 'get_weather', arguments: { location } }, fresh ? [200] : [200, 401])
  if (answer.status === 200) expect(answer.body.includes(location), 'tools/call', `the answer for ${location} is ${answer.body}`)
}

async function listTools() {
  const login = pick()
  if (!login) return flow()
  await rpc('tools/list', login.access_token, 'tools/list', {}, [200, 401])
}

async function useExpired() {
  const login = replaced.find(({ since }) => performance.now() - since > certainlyExpired * 1000)
  if (login) await rpc('expired token', login.access_token, 'tools/list', {}, [401])
}

async function useForged() {
  const login = pick()
  if (login) await rpc('forged token', `${login.access_token.slice(0, -6)}AAAAAA`, 'tools/list', {}, [401])
}

async function registerOnly() {
  await register('register')
}

async function metadata() {
  const { body } = await ask('metadata', '/.well-known/oauth-authorization-server', {}, [200])
  expect(JSON.parse(body).issuer === url, 'metadata', body)
}

async function health() {
  await ask('health', '/health', {}, [200])
}

async function malformed() {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const json = { 'content-type': 'application/json' }
  const requests = [
    ['/oauth/token', { method: 'POST', headers: form, body: 'grant_type=authorization_code&code=x&code=y&client_id=x' }],
    ['/oauth/token', { method: 'POST', headers: form, body: '%'.repeat(5000) }],
    ['/oauth/token', { method: 'POST', headers: { ...form, authorization: 'Basic !!!' }, body: 'grant_type=password' }],
    ['/oauth/register', { method: 'POST', headers: json, body: '{"redirect_uris":["javascript:alert(1)"]}' }],
    ['/oauth/register', { method: 'POST', headers: json, body: `${'['.repeat(20_000)}` }],
    ['/oauth/authorize?response_type=code&client_id=unknown&redirect_uri=x', {}],
    ['/mcp', { method: 'POST', headers: { ...json, authorization: 'Bearer x.y.z' }, body: '{"jsonrpc":' }],
    ['/mcp', { method: 'PUT', headers: {}, body: 'x' }], ['/%', {}], ['/nowhere/%00', {}],
    ['/oauth/token', { method: 'POST', headers: form, body: 'x'.repeat(300_000) }],
  ]
  const [path, options] = requests[Math.floor(random() * requests.length)]
  const { status } = await ask('malformed', path, options, undefined, true)
  expect(status === undefined || (status >= 400 && status < 500), 'malformed', `${path} is answered with ${status}`)
}

/** A connection that is given up at some moment of a request. */
async function aborted() {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  const whole = 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"jsonrpc":"2.0"'
  socket.write(whole.slice(0, Math.floor(random() * whole.length)))
  await sleep(random() * 50)
  socket.destroy()
  note('aborted', 'given up', 0)
}

async function register(kind) {
  const { status, headers, body } = await ask(kind, '/oauth/register', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' }),
  }, [201, 429])
  // A limit is an answer, when it says how long to wait.
  if (status === 429) expect(/^\d+$/.test(headers['retry-after']), kind, '429 without Retry-After')
  return status === 201 ? JSON.parse(body) : undefined
}

async function token(kind, form) {
  const { body } = await ask(kind, '/oauth/token', {
    method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(form).toString(),
  }, [200])
  return JSON.parse(body)
}

function rpc(kind, access_token, method, params, expected) {
  return ask(kind, '/mcp', {
    method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${access_token}` },
  }, expected)
}

function pick() {
  return logins[Math.floor(random() * logins.length)]
}

// --- How it is asked, and what is kept of it ---

/** One request and its answer. What a server may cut off, since the request was too large, may be lost. */
async function ask(kind, path, { method = 'GET', headers = {}, body } = {}, expected, mayBeLost = false) {
  const begun = performance.now()
  try {
    const answer = await exchange(path, { method, headers, body })
    note(kind, answer.status, performance.now() - begun)
    if (expected && !expected.includes(answer.status)) throw new Error(`${method} ${path} is answered with ${answer.status}: ${answer.body.slice(0, 200)}`)
    return answer
  } catch (error) {
    if (!mayBeLost) throw error
    note(kind, 'cut off', performance.now() - begun)
    return {}
  }
}

function exchange(path, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers: { host: new URL(url).host, ...headers, ...length }, agent: false, timeout: patience })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path} within ${patience / 1000} s`)))
    outgoing.on('error', reject)
    outgoing.on('response', incoming => {
      const chunks = []
      incoming.on('data', chunk => chunks.push(chunk)).on('error', reject)
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(chunks).toString() }))
    })
    outgoing.end(body)
  })
}

function expect(condition, kind, problem) {
  if (!condition) wrong.push(`${kind}: ${problem}`)
}

function note(kind, status, milliseconds) {
  const { times, statuses } = measured.get(kind) ?? { times: [], statuses: new Map() }
  times.push(milliseconds)
  statuses.set(status, (statuses.get(status) ?? 0) + 1)
  measured.set(kind, { times, statuses })
}

async function memory() {
  const answer = once(child, 'message')
  child.send('memory')
  return (await answer)[0]
}

function report() {
  const mib = bytes => Math.round(bytes / 1024 / 1024)
  const at = (times, part) => times.length === 0 ? 0 : times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(1)
  let total = 0
  console.log('kind            requests   p50 ms   p99 ms  answers')
  for (const [kind, { times, statuses }] of [...measured].sort()) {
    total += times.length
    times.sort((a, b) => a - b)
    const answers = [...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')
    console.log(`${kind.padEnd(14)}  ${String(times.length).padStart(8)}  ${at(times, 0.5).padStart(7)}  ${at(times, 0.99).padStart(7)}  ${answers}`)
  }
  console.log(`${total} requests in ${seconds} s, ${wrong.length} lost or answered wrongly`)
  console.log(`memory in MiB: resident ${mib(before.rss)} at the beginning, ${mib(peak)} at most, ${mib(after.rss)} at the end; heap ${mib(before.heapUsed)} and ${mib(after.heapUsed)}`)
  if (after.heapUsed - before.heapUsed > heapMargin * 1024 * 1024) wrong.push(`the heap does not return to its level: ${mib(before.heapUsed)} and then ${mib(after.heapUsed)} MiB`)
  if (!measured.has('tools/call') || !measured.has('refresh')) wrong.push('the load did not reach the server')
  for (const problem of wrong.slice(0, 20)) console.error(`WRONG ${problem}`)
  console.log(wrong.length === 0 ? 'PASSED' : 'FAILED')
  process.exitCode = wrong.length === 0 ? 0 : 1
}
