/**
 * Runs what the README and the docs show: their shell commands in one shell, as they stand, and their programs. It compares the
 * output with the one on the page. It also compiles the change that docs/architecture.md describes, and checks the messages of
 * docs/flow.md. Build first.
 */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'readme-'))
for (const name of ['dist', 'bin', 'src']) symlinkSync(join(root, name), join(folder, name))
mkdirSync(join(folder, 'node_modules'))
symlinkSync(root, join(folder, 'node_modules/mcp-authorization'))
const started = []

const [start, ...walk] = blocks('docs/curl.md')
const [startOwn, callOwn] = blocks('README.md', '## Protect your own MCP server', '## Connect a client')
const steps = [
  ...walk,
  ...blocks('docs/more-flows.md'),
  ...blocks('README.md', '### The client of this program', '## Debug'),
  ...blocks('docs/client.md'),
  ...blocks('docs/debugging.md'),
]
const programs = programsOf('docs/use-from-code.md')

try {
  checkDemo()
  await runSteps(steps, await startServer(start))
  writeFileSync(join(folder, 'my-server.mjs'), programsOf('README.md')[0])
  await runSteps([callOwn], await startServer(startOwn))
  await startServer(blocks('docs/configuration.md')[0])
  // One of the programs needs the private key that the steps created.
  const env = { ...process.env, PRIVATE_KEY: readFileSync(join(folder, 'key.pem'), 'utf8') }
  for (const input of programs) run(process.execPath, ['--input-type=module'], { input, env, timeout: 30_000 })
  for (const { command } of blocks('docs/architecture.md')) run('sh', ['-ec', command])
  changeSource()
  const messages = checkFlow()
  console.log(`README and docs: ${steps.length + 1} steps and ${programs.length + 1} programs do what they show, and ${messages} messages are complete`)
} finally {
  for (const server of started) server.kill()
  rmSync(folder, { recursive: true })
}

/** The text of a page, or of one section of it. */
function section(page, from, to) {
  const text = readFileSync(join(root, page), 'utf8')
  if (from === undefined) return text
  const [begin, end] = [text.indexOf(`\n${from}\n`), text.indexOf(`\n${to}\n`)]
  if (begin < 0 || end < begin) throw new Error(`${page} has no ${from} before ${to}`)
  return text.slice(begin, end)
}

/** Each command block with the output block that follows it, if one does. */
function blocks(...where) {
  return [...section(...where).matchAll(/```sh\n(.*?)```(?:\n\n```\n(.*?)```)?/gs)].map(([, command, output]) => ({ command, output }))
}

function programsOf(page) {
  return [...section(page).matchAll(/```js\n(.*?)```/gs)].map(([, program]) => program)
}

/** Starts the server that the last line of a block starts, on a free port, and returns its URL. */
async function startServer({ command: block, output }) {
  const command = block.split('\n').filter(line => !line.startsWith('npm')).join('\n').replace(/node (?=\S+\n$)/, 'exec node ')
  const env = { ...process.env, SERVER_PORT: '0', LOG_LEVEL: 'warn' }
  const server = spawn('sh', ['-ec', command], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], env })
  started.push(server)
  return new Promise((resolve, reject) => {
    server.stdout.on('data', text => {
      compare(block, output, String(text))
      resolve(/ at (http:\/\/localhost:\d+)/.exec(text)[1])
    })
    server.on('close', () => reject(new Error(`no server started:\n${block}`)))
  })
}

/** Runs commands in one shell, and compares the output of each with the one that is shown. */
async function runSteps(steps, url) {
  const script = steps.map(({ command }, i) => `echo "--- ${i}"\n${command}\necho`).join('\n')
    .replaceAll('http://localhost:8000', url).replaceAll(/client\.js (?!--remove|--server-url)/g, `client.js --server-url ${url} `)
  const stdout = run('sh', ['-ec', script])
  steps.forEach(({ command, output }, i) => compare(command, output, stdout.split(`--- ${i}\n`)[1].split('--- ')[0]))
}

function run(command, args, options = {}) {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', ...options })
  if (status !== 0) throw new Error(`a command failed:\n${args.join(' ')}\n${stdout}\n${stderr}`)
  return stdout
}

/** The output is what the page shows; `...` stands for anything, and what changes with every run may differ. */
function compare(command, shown = '', real) {
  const pattern = lasting(shown).split('...').map(part => part.trim().replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[^]*?')
  if (!new RegExp(pattern).test(lasting(real))) throw new Error(`${command}\nprinted\n${lasting(real)}\nbut the page shows\n${lasting(shown)}`)
}

/** The text without ids, times, ports, dice, widths of columns and the order of processes. */
function lasting(text) {
  return text.replace(/^\d +\d+ ms.*$/gm, '(a process)').replace(/rolled \d, \d/, 'rolled (dice)')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d{10}\b/g, '(time)')
    .replace(/(localhost|127\.0\.0\.1)(?::|%3A)\d+/g, '$1:(port)')
    .replace(/(?=[\w-]*(?:[A-Z]|\d))[\w-]{16,}/g, '(id)')
    .replace(/(?<=\S) {2,}/g, '  ').replace(/[ \r]+$/gm, '')
}

function checkDemo() {
  const { stdout, stderr } = spawnSync(process.execPath, ['dist/client.js', '--demo', '--storage', 'demo.json'], { cwd: folder, encoding: 'utf8' })
  const [, shown] = /```\n(.*?)```/s.exec(section('README.md', '## What you see', '## Protect your own MCP server'))
  compare('npm run demo', shown, stderr + stdout)
}

/** Compiles a copy of the source in which verifyAccessToken is the function of docs/architecture.md. */
function changeSource() {
  const copy = join(folder, 'copy')
  for (const name of ['src', 'tsconfig.json', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const [, seam] = /^## Trust another.*?```ts\n(.*?)```/ms.exec(section('docs/architecture.md'))
  const [imports, ...verification] = seam.split('\n\n')
  const file = join(copy, 'src/core/oauth/access-token.ts')
  writeFileSync(file, `${imports}\n${readFileSync(file, 'utf8').replace('signJwt, verifyJwt', 'signJwt')
    .replace(/^\/\*\* Verifies an access token .*?^}\n/ms, () => verification.join('\n\n'))}`)
  run('npx', ['tsc'], { cwd: copy })
}

/** In docs/flow.md every content-length counts the body under it, and every token names the issuer that is shown. */
function checkFlow() {
  const page = readFileSync(join(root, 'docs/flow.md'), 'utf8')
  const messages = [...page.matchAll(/```http\n(.*?)\n```/gs)].map(([, message]) => message)
  for (const message of messages) {
    const [head, body = ''] = message.split(/\n\n(.*)/s)
    const length = /^content-length: (\d+)$/m.exec(head)?.[1] ?? 0
    if (Number(length) !== Buffer.byteLength(body)) throw new Error(`docs/flow.md: ${length} is not the length of\n${body}`)
  }
  for (const [, claims] of page.matchAll(/eyJ[\w-]+\.(eyJ[\w-]+)\./g)) {
    const { iss } = JSON.parse(Buffer.from(claims, 'base64url'))
    if (iss !== 'http://localhost:8000') throw new Error(`docs/flow.md has a token of ${iss}`)
  }
  return messages.length
}
