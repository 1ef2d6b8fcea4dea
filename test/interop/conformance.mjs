/**
 * Runs the official conformance suite in the three roles that this project plays, each scenario by itself, so that its exit
 * code counts: npm run conformance. One line for each role and revision; any fall-back from full marks is a failure.
 *
 *     npm run conformance -- sse-retry     only the scenarios whose names contain the word
 *
 * A scenario is passed when the suite exits with 0, saw at least one check succeed, and none fail or warn. Checks are
 * counted once however often a scenario repeats them; the suite's INFO and SKIPPED entries are none.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer, request as httpRequest } from 'node:http'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** What full marks are, by role and revision: scenarios, and distinct checks. A suite that asks for less fails here, too. */
const fullMarks = {
  client: { '2025-03-26': [2], '2025-06-18': [5], '2025-11-25': [19], '2026-07-28': [33], extensions: [6] },
  authorization: { '2025-11-25': [2, 3], '2026-07-28': [2, 3] },
  server: { '2025-03-26': [1], '2025-06-18': [11], '2025-11-25': [14], '2026-07-28': [27] },
}

const extensions = [
  'auth/client-credentials-jwt', 'auth/client-credentials-basic', 'auth/enterprise-managed-authorization', 'auth/dpop',
  'auth/dpop-nonce', 'auth/wif-jwt-bearer',
]

/** How many scenarios run at once. */
const atOnce = 2
/** Milliseconds for one scenario. */
const patience = 60_000

const folder = fileURLToPath(new URL('.', import.meta.url))
/** The suite does not load on Node 20, which this project supports; the client under test runs on the Node of this script. */
const newerNode = join(folder, 'node_modules/node/bin/node')
const suite = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')

// Bare `node --test` at the root runs every file below test/.
if (process.env.NODE_TEST_CONTEXT === undefined) process.exitCode = await main(process.argv[2] ?? '')

async function main(word) {
  const notApplicable = JSON.parse(await readFile(join(folder, 'conformance-not-applicable.json'), 'utf8'))
  const results = []
  for (const revision of Object.keys(fullMarks.client)) {
    const names = revision === 'extensions' ? extensions : await list('--client', revision)
    results.push(await runAll('client', revision, names.filter(name => name.includes(word)), clientScenario))
  }
  for (const revision of word === '' ? Object.keys(fullMarks.authorization) : []) {
    results.push(await runAll('authorization', revision, ['both'], authorizationScenarios))
  }

  const server = await startToolServer()
  try {
    for (const revision of Object.keys(fullMarks.server)) {
      const names = (await list('--server', revision)).filter(name => !(name in notApplicable) && name.includes(word))
      results.push(await runAll('server', revision, names, (name, at, out) => serverScenario(server.url, name, at, out)))
    }
  } finally {
    await server.close()
  }
  const known = new Set(await list('--server', undefined))
  const unknown = Object.keys(notApplicable).filter(name => !known.has(name))
  for (const name of unknown) console.log(`conformance-not-applicable.json lists ${name}, which the suite does not have`)
  return results.every(Boolean) && unknown.length === 0 ? 0 : 1
}

/** Runs scenarios and prints the line of their role and revision; whether it is full marks. */
async function runAll(role, revision, names, run) {
  const outcomes = []
  const waiting = [...names]
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) outcomes.push(...await inFolder(out => run(name, revision, out)))
  }))
  const checks = outcomes.flatMap(outcome => [...outcome.checks.values()])
  const passed = outcomes.filter(outcome => outcome.passed).length
  const good = checks.filter(Boolean).length
  console.log(`${role.padEnd(13)} ${revision.padEnd(10)}  scenarios ${passed}/${outcomes.length}  distinct checks ${good}/${checks.length}`)
  for (const { name, passed, text } of outcomes) if (!passed) console.log(`  not passed: ${name}\n${text.replace(/^/gm, '    ')}`)
  const [scenarios, distinct = checks.length] = fullMarks[role][revision]
  const isComplete = process.argv[2] !== undefined || outcomes.length === scenarios && checks.length === distinct
  if (!isComplete) console.log(`  expected ${scenarios} scenarios and ${distinct} distinct checks`)
  return isComplete && passed === outcomes.length && good === checks.length
}

async function clientScenario(name, revision, out) {
  const at = revision === 'extensions' ? [] : ['--spec-version', revision]
  const command = `${process.execPath} ${join(folder, 'conformance-client.mjs')}`
  return [await outcome(name, out, await runSuite(['client', '--command', command, '--scenario', name, ...at, '-o', out]))]
}

/** The two scenarios of this role run together only: the grant takes what the metadata scenario found. */
async function authorizationScenarios(_name, revision, out) {
  // The client is a metadata document on loopback, which the server fetches: so the grant is one of a real document.
  const { serve } = await import('../../dist/app/serve.js')
  const server = await serve(environment({ OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: 'true' }))
  const port = await freePort()
  const documents = await listen(createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({
      client_id, client_name: 'Conformance suite', redirect_uris: [`http://127.0.0.1:${port}/callback`], token_endpoint_auth_method: 'none',
    }))
  }))
  const client_id = `http://127.0.0.1:${documents.address().port}/client.json`
  const { issuer, resource } = server.config
  try {
    const args = ['authorization', '--url', issuer, '--client-id', client_id, '--resource', resource, '-p', String(port), '--spec-version', revision, '-o', out]
    const { code, text } = await runSuite(args, visitAuthorizationUrl())
    const folders = await readdir(out)
    return Promise.all(folders.map(name => outcome(name.replace(/-2\d{3}-.*/, ''), join(out, name), { code, text })))
  } finally {
    documents.close()
    await server.close()
  }
}

/** Plays the browser: the suite prints the URL, and the answer of the server leads to the suite's own callback. */
function visitAuthorizationUrl() {
  let visited = false
  return text => {
    const url = /^http\S+\/oauth\/authorize\?\S+$/m.exec(text)?.[0]
    if (visited || url === undefined) return
    visited = true
    void follow(url)
  }
}

/** The suite may print the URL before it listens for the answer. */
async function follow(url) {
  const location = (await fetch(url, { redirect: 'manual' })).headers.get('location')
  for (let attempt = 0; attempt < 50; attempt++) {
    if (await fetch(location).catch(() => undefined)) return
    await sleep(100)
  }
}

async function serverScenario(url, name, revision, out) {
  return [await outcome(name, out, await runSuite(['server', '--url', url, '--scenario', name, '--spec-version', revision, '-o', out]))]
}

/** Our server with the tools of the scenarios, behind a proxy that adds the access token: the suite has no option for one. */
async function startToolServer() {
  const [{ serve }, { tools }, { conformanceTools }, { HeadlessUserAgent, McpClient, MemoryStorage, Trace }] = await Promise.all([
    import('../../dist/app/serve.js'), import('../../dist/tools/tools.js'), import('./conformance-tools.mjs'), import('../../dist/client/mcp/mcp-client.js'),
  ])
  const server = await serve(environment(), { tools: [...tools, ...conformanceTools] })
  const client = new McpClient(server.config.resource, {
    trace: new Trace(), storage: new MemoryStorage(), userAgent: new HeadlessUserAgent({ write: () => {} }),
  })
  const { access_token } = await client.authorizer.authorize()
  const proxy = await listen(createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming
    const forwarded = httpRequest({
      host: '127.0.0.1', port: server.port, method, path: url, headers: { ...headers, authorization: `Bearer ${access_token}` },
    }, answer => {
      outgoing.writeHead(answer.statusCode, answer.headers)
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => outgoing.destroy())
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  }))
  return {
    url: `http://127.0.0.1:${proxy.address().port}/mcp`,
    async close() {
      proxy.closeAllConnections()
      proxy.close()
      await server.close()
    },
  }
}

function environment(more = {}) {
  return { JWT_SECRET_KEY: randomBytes(32).toString('hex'), OAUTH_AUTO_APPROVE: 'true', SERVER_PORT: '0', LOG_LEVEL: 'error', ...more }
}

/** Runs the suite to its end; `onText` sees what it has printed so far. */
function runSuite(args, onText = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(newerNode, [suite, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: patience, killSignal: 'SIGKILL' })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', part => {
        text += part
        onText(text)
      })
    }
    child.on('error', reject)
    child.on('close', code => resolve({ code, text }))
  })
}

async function list(role, revision) {
  const { text } = await runSuite(['list', role, ...revision === undefined ? [] : ['--spec-version', revision]])
  return [...text.matchAll(/^ {2}- (\S+)/gm)].map(([, name]) => name)
}

/** What became of a scenario, by the checks that the suite wrote down. */
async function outcome(name, out, { code, text }) {
  const files = (await readdir(out, { recursive: true })).filter(file => file.endsWith('checks.json'))
  const entries = (await Promise.all(files.map(async file => JSON.parse(await readFile(join(out, file), 'utf8'))))).flat()
  const checks = new Map()
  for (const { id, status } of entries.filter(entry => entry.status !== 'INFO' && entry.status !== 'SKIPPED')) {
    checks.set(id, status === 'SUCCESS' && checks.get(id) !== false)
  }
  return { name, checks, text, passed: code === 0 && checks.size > 0 && ![...checks.values()].includes(false) }
}

async function inFolder(work) {
  const out = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    return await work(out)
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

function listen(server, port = 0) {
  return new Promise(resolve => server.listen(port, '127.0.0.1', () => resolve(server)))
}

async function freePort() {
  const server = await listen(createServer())
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}
