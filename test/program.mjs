/** The built programs as child processes, for the soak and the fault run. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const path = name => fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url))
const key = createHash('sha256').update('a key for a run on this machine alone').digest('hex')

/** Starts a server that approves by itself; `url` once it listens. */
export async function startServer({ env = {}, execArgv = [], ipc = false } = {}) {
  const child = spawn(process.execPath, [...execArgv, path('server')], {
    env: { PATH: process.env.PATH, SERVER_PORT: '0', JWT_SECRET_KEY: key, OAUTH_AUTO_APPROVE: 'true', LOG_LEVEL: 'silent', ...env },
    stdio: ['ignore', 'pipe', 'inherit', ...ipc ? ['ipc'] : []],
  })
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  const url = await Promise.race([
    new Promise(resolve => child.stdout.on('data', text => resolve(/ at (http\S+)/.exec(text)?.[1]))),
    exited.then(() => { throw new Error('the server did not start') }),
  ])
  return { child, url, exited }
}

/** Starts the client in a folder; `ended` with its output. */
export function startClient(cwd, ...args) {
  const child = spawn(process.execPath, [path('client'), ...args], { cwd, env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => { output += text })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output }))
  return { child, ended }
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
