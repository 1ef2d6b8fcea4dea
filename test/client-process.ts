/** The client as a program: a child process in a folder of its own, and a stand-in for the browser. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientState } from '../src/core/client/storage.ts'
import { decide, locationOf, openConsentPage, signIn, type Members, type TestContext, type TestServer } from './harness.ts'

const program = fileURLToPath(new URL(`../src/client${extname(import.meta.url)}`, import.meta.url))

export interface Home {
  /** A new folder, in which the client runs. */
  readonly path: string
  readonly storage: string
  /** An opener that only notes the URL. */
  readonly browser: string
  stored(): Promise<ClientState>
  /** The URL with which the browser was opened, or undefined where it was not. */
  opened(): Promise<string | undefined>
  /** Writes another opener, whose script finds the URL in `url`. */
  writeBrowser(script: string): Promise<string>
}

export async function makeHome(t: TestContext): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), 'mcp-cli-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  const storage = join(path, '.mcp_clients.json')
  const log = join(path, 'opened')
  const writeBrowser = async (script: string): Promise<string> => {
    const file = join(path, `browser-${Math.random()}`)
    await writeFile(file, `#!${process.execPath}\nconst url = process.argv[2]\n;(async () => {${script}})()\n`)
    await chmod(file, 0o755)
    return file
  }
  return {
    path, storage, writeBrowser,
    browser: await writeBrowser(`require('node:fs').writeFileSync(${JSON.stringify(log)}, url)`),
    stored: async () => JSON.parse(await readFile(storage, 'utf8')) as ClientState,
    opened: () => readFile(log, 'utf8').catch(() => undefined),
  }
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ClientProcess {
  readonly ended: Promise<Ended>
  /** Waits until the output for people matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  write(line: string): void
  endInput(): void
  /** Reads no more of the output for programs. */
  closeOutput(): void
}

export function startClient(t: TestContext, home: Home, args: readonly string[], environment: Record<string, string> = {}): ClientProcess {
  const { PATH = '', WITHOUT_RULE = '' } = process.env
  const child = spawn(process.execPath, [program, ...args], {
    cwd: home.path, env: { PATH, WITHOUT_RULE, HOME: home.path, BROWSER: home.browser, ...environment }, stdio: 'pipe',
  })
  let stdout = ''
  let stderr = ''
  let heard = (): void => {}
  child.stdout.setEncoding('utf8').on('data', text => { stdout += text })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
    heard()
  })
  child.stdin.on('error', () => {})
  const ended = new Promise<Ended>(resolve => child.on('close', code => {
    resolve({ code, stdout, stderr })
    heard()
  }))
  t.after(async () => {
    child.kill()
    await ended
  })
  return {
    ended,
    async says(pattern) {
      for (;;) {
        const found = pattern.exec(stderr)
        if (found) return found
        assert.equal(child.exitCode, null, `it ends without ${pattern}: ${stderr}`)
        await new Promise<void>(resolve => { heard = resolve })
      }
    },
    write: line => child.stdin.write(`${line}\n`),
    endInput: () => child.stdin.end(),
    closeOutput: () => child.stdout.destroy(),
  }
}

/** Runs the client to its end, without any input. */
export function runClient(t: TestContext, home: Home, args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const client = startClient(t, home, args, environment)
  client.endInput()
  return client.ended
}

/** Runs the client and asserts that it succeeds. */
export async function succeed(t: TestContext, home: Home, args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const ended = await runClient(t, home, args, environment)
  assert.equal(ended.code, 0, ended.stderr)
  return ended
}

/** Asserts how the client ended, and what it said to people. */
export function assertEnds({ code, stderr }: Ended, expected: number, message: RegExp): void {
  assert.match(stderr, message)
  assert.equal(code, expected, stderr)
}

/** Decides on the consent page behind an authorization URL as a person does, and returns where the browser is sent. */
export async function decideAt(server: TestServer, url: string, decision: 'approve' | 'deny'): Promise<string> {
  const page = await openConsentPage(url, { cookie: await signIn(server) })
  return locationOf(await decide(server, page, { decision })).href
}

/** Every secret in the storage. */
export function secretsOf({ registrations, servers }: ClientState): readonly string[] {
  const names = ['access_token', 'refresh_token', 'client_secret', 'registration_access_token']
  const records: readonly Members[] = [...Object.values(registrations), ...Object.values(servers)]
  return records.flatMap(record => names.map(name => record[name] as string | undefined)).filter(secret => secret !== undefined)
}
