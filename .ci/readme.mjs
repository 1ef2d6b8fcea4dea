/**
 * Pastes the commands of the README and of the pages that it leads to into one shell, as they stand, and holds what they
 * print against what they show. Then it runs the programs of the README, builds what it and docs/architecture.md change in
 * the source, and counts the bytes of docs/flow.md. Build first.
 */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'readme-'))
symlinkSync(join(root, 'dist'), join(folder, 'dist'))

const [start, ...steps] = [
  ...blocks('README.md', '## Step by step with curl', '## Use the client'),
  ...blocks('docs/more-flows.md', '# More flows with curl'),
  ...blocks('README.md', '## Use the client', '## Let people sign in'),
  ...blocks('docs/client.md', '# The client: its other options'),
  ...blocks('docs/debugging.md', '# Debug a server or a client of your own'),
]

const server = spawn('sh', ['-c', `cd ${root}; ${start.command.split('\n').filter(line => !line.startsWith('npm')).join('\n').replace('node dist', 'exec node dist')}`], {
  stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, SERVER_PORT: '0' },
})
try {
  const url = await new Promise((resolve, reject) => {
    server.stdout.on('data', text => resolve(/at (http\S+)/.exec(text)[1]))
    server.on('close', () => reject(new Error('the server did not start')))
  })
  const script = steps.map(({ command }, i) => `echo "--- ${i}"\n${command}\necho`).join('\n')
    .replaceAll('http://localhost:8000', url).replaceAll(/client\.js (?!--remove|--server-url)/g, `client.js --server-url ${url} `)
  const stdout = run('sh', ['-c', `set -e\n${script}`])
  steps.forEach(({ command, output }, i) => compare(command, output, stdout.split(`--- ${i}\n`)[1].split('--- ')[0], url))
  const programs = runPrograms()
  changeSource()
  const messages = checkFlow()
  console.log(`README: ${steps.length} steps and ${programs} programs do what they show, the changes of the source compile, and ${messages} messages are whole`)
} finally {
  server.kill()
  rmSync(folder, { recursive: true })
}

/** The text of a page from one heading to another, or to its end. */
function section(page, from, to) {
  const text = readFileSync(join(root, page), 'utf8')
  const [begin, end] = [`\n${text}`.indexOf(`\n${from}\n`), to === undefined ? text.length : text.indexOf(`\n${to}\n`)]
  if (begin < 0 || end < begin) throw new Error(`${page} has no ${from} or no ${to} after it`)
  return text.slice(begin, end)
}

/** Each command block with the output block that follows it, if one does. */
function blocks(...where) {
  return [...section(...where).matchAll(/```sh\n(.*?)```(?:\n\n```\n(.*?)```)?/gs)].map(([, command, output]) => ({ command, output }))
}

function run(command, args, options = {}) {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', ...options })
  if (status !== 0) throw new Error(`a command of the README failed:\n${stdout}\n${stderr}`)
  return stdout
}

/** Every member name and every plain word of the shown output is in the real one. */
function compare(command, shown = '', real, url) {
  const plain = /"[a-z_]+":|[a-z][a-z_-]+="|HTTP\/1.1 \d+|error|code=|iss=|state=\w+|Lisbon: .*humidity|insufficient_scope|this needs [a-z: ]+|PASSED: .*|Tells .*|removed http\S+|can be refreshed|[✓✗] [a-z-]+|came +http\S+|expected +http\S+|difference +[a-z ]+|exit code \d|bound to a key/g
  const words = [...shown.replaceAll('http://localhost:8000', url).matchAll(plain)].map(([word]) => word)
  const missing = words.filter(word => !real.includes(word))
  if (missing.length > 0) throw new Error(`the README shows ${missing.join(' ')} for\n${command}\nwhich gave\n${real}`)
}

/** The programs of the README; the key that one of them reads is that of the steps. */
function runPrograms() {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/mcp-authorization'))
  const programs = [...section('README.md', '## Use it from code', '## Run the tests').matchAll(/```js\n(.*?)```/gs)]
  for (const [, program] of programs) {
    run(process.execPath, ['--input-type=module'], {
      input: program, timeout: 30_000, env: { ...process.env, PRIVATE_KEY: readFileSync(join(folder, 'key.pem'), 'utf8') },
    })
  }
  return programs.length
}

/** Builds a copy of the source with the tool of the README and the seam of docs/architecture.md, and calls the tool. */
function changeSource() {
  const copy = join(folder, 'copy')
  for (const name of ['src', 'tsconfig.json', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const [[, tool], [, added]] = section('README.md', '## Add a tool of your own', '## Configuration').matchAll(/```ts\n(.*?)```/gs)
  const [importLine, list] = added.split('\n\n')
  const before = readFileSync(join(copy, 'src/tools/tools.ts'), 'utf8')
  writeFileSync(join(copy, 'src/mcp/tools/roll-dice.ts'), tool)
  writeFileSync(join(copy, 'src/tools/tools.ts'), `${importLine}\n${before.replace(/^export const tools.*?^\]\n/ms, () => list)}`)
  const [, [, seam]] = section('docs/architecture.md', '## Rules, not ifs').matchAll(/```ts\n(.*?)```/gs)
  const [imports, ...verification] = seam.split('\n\n')
  const seamFile = join(copy, 'src/core/oauth/access-token.ts')
  writeFileSync(seamFile, `${imports}\n${readFileSync(seamFile, 'utf8').replace('signJwt, verifyJwt', 'signJwt')
    .replace(/^\/\*\* Verifies an access token .*?^}\n/ms, () => verification.join('\n\n'))}`)
  run('npx', ['tsc'], { cwd: copy })
  const rolled = run(process.execPath, ['--input-type=module'], { cwd: copy, input: `
    import { tools, toolsByName } from './dist/tools/tools.js'
    const { text } = await toolsByName(tools).get('roll_dice').run({ count: 2 }, { sub: 'ada' })
    console.log(text)` })
  if (!/^ada rolled \d, \d$/m.test(rolled)) throw new Error(`the tool of the README gave ${rolled}`)
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
