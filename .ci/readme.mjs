/** Pastes the commands of the README into a shell, as they stand, and holds what they print against what it shows. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'readme-'))

const section = readme.slice(readme.indexOf('\n## Step by step with curl'), readme.indexOf('\n## Use the client'))
/** Each command block with the output block that follows it, if one does. */
const blocks = [...section.matchAll(/```sh\n(.*?)```(?:\n\n```\n(.*?)```)?/gs)].map(([, command, output]) => ({ command, output }))
const [start, ...steps] = blocks
const clientCommands = /## Use the client\n\n```sh\n(.*?)```/s.exec(readme)[1].replace('--authorize ', '--authorize --headless ')

const server = spawn('sh', ['-c', `cd ${root}; ${start.command.split('\n').filter(line => !line.startsWith('npm')).join('\n').replace('node dist', 'exec node dist')}`], {
  stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, SERVER_PORT: '0' },
})
try {
  const url = await new Promise((resolve, reject) => {
    server.stdout.on('data', text => resolve(/at (http\S+)/.exec(text)[1]))
    server.on('close', () => reject(new Error('the server did not start')))
  })
  const marks = steps.map(({ command }, i) => `echo "--- ${i}"\n${command}\necho`).join('\n')
  const script = `set -e\n${marks}\ncd ${folder}\n${clientCommands.replaceAll('node dist', `node ${root}dist`).replaceAll(/client\.js (?!--remove)/g, `client.js --server-url ${url} `)}`
  const { stdout, stderr, status } = spawnSync('sh', ['-c', script.replaceAll('http://localhost:8000', url)], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`a command of the README failed:\n${stdout}\n${stderr}`)
  steps.forEach(({ command, output }, i) => compare(command, output, stdout.split(`--- ${i}\n`)[1].split('--- ')[0], url))
  console.log(`README: ${steps.length} steps and the client commands do what they show`)
} finally {
  server.kill()
  rmSync(folder, { recursive: true })
}

/** Every member name and every plain word of the shown output is in the real one. */
function compare(command, shown = '', real, url) {
  const words = [...shown.replaceAll('http://localhost:8000', url).matchAll(/"[a-z_]+":|[a-z][a-z_-]+="|HTTP\/1.1 \d+|error|code=|iss=|state=\w+/g)].map(([word]) => word)
  const missing = words.filter(word => !real.includes(word))
  if (missing.length > 0) throw new Error(`the README shows ${missing.join(' ')} for\n${command}\nwhich gave\n${real}`)
}
