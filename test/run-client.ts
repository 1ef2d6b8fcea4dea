/** The client on the command line: inside this process or as a program, with a folder of its own and a stand-in for the browser. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { main } from '../src/client/cli/main.ts'
import type { ClientState } from '../src/core/client/seams/storage.ts'
import { decide, locationOf, openConsentPage, signIn, startServer, type Members, type TestContext, type TestServer } from './harness.ts'

export const program = fileURLToPath(new URL(`../src/client${extname(import.meta.url)}`, import.meta.url))

export interface Home {
  /** A new folder, in which the program and its browser run. */
  readonly path: string
  readonly storage: string
  /** An opener that only notes the URL. */
  readonly browser: string
  stored(): Promise<ClientState>
  /** Writes a file for the client to read, and returns its path. */
  write(name: string, text: string): Promise<string>
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
    await writeFile(file, `#!${process.execPath}\nprocess.chdir(${JSON.stringify(path)})\nconst url = process.argv[2]\n;(async () => {${script}})()\n`)
    await chmod(file, 0o755)
    return file
  }
  return {
    path, storage, writeBrowser,
    write: async (name, text) => {
      const file = join(path, name)
      await writeFile(file, text)
      return file
    },
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

export interface RunningClient {
  readonly ended: Promise<Ended>
  /** Waits until the output for people matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  write(line: string): void
  endInput(): void
}

type Environment = Readonly<Record<string, string>>

/**
 * Starts the client inside this process, which costs a tenth of starting a program. Whatever it leaves open keeps the test
 * file from ending, just as it would keep the program from ending.
 */
export function startClient(t: TestContext, home: Home, args: readonly string[], environment: Environment = {}): RunningClient {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const run = follow(stdin, stdout, stderr, async () => main(['--storage', home.storage, ...args], {
    environment: environmentOf(home, environment), stdin, stdout, stderr,
    startServer: () => assert.fail('a server of its own is for the program'),
  }))
  t.after(async () => {
    run.endInput()
    await run.ended
  })
  return run
}

/** Starts the client as a program of its own, in the folder: for what only a process shows. */
export function startProgram(t: TestContext, home: Home, args: readonly string[], environment: Environment = {}): RunningClient & { readonly child: ChildProcess } {
  const child = spawn(process.execPath, [program, ...args], { cwd: home.path, env: environmentOf(home, environment), stdio: 'pipe' })
  const exited = new Promise<number | null>(resolve => child.on('close', resolve))
  const run = follow(child.stdin, child.stdout, child.stderr, () => exited)
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { ...run, child }
}

function environmentOf(home: Home, environment: Environment): Environment {
  const { PATH = '', WITHOUT_RULE = '' } = process.env
  return { PATH, WITHOUT_RULE, HOME: home.path, BROWSER: home.browser, ...environment }
}

/** Reads what a client writes until it has ended. */
function follow(stdin: Writable, stdout: Readable, stderr: Readable, run: () => Promise<number | null>): RunningClient {
  let [printed, told] = ['', '']
  let code: number | null | undefined
  let heard = (): void => {}
  stdout.setEncoding('utf8').on('data', text => { printed += text })
  stderr.setEncoding('utf8').on('data', text => {
    told += text
    heard()
  })
  stdin.on('error', () => {})
  const ended = run().then(async result => {
    // What was written last is read by then.
    await new Promise(resolve => setImmediate(resolve))
    code = result
    heard()
    return { code: result, stdout: printed, stderr: told }
  })
  return {
    ended,
    async says(pattern) {
      for (;;) {
        const found = pattern.exec(told)
        if (found) return found
        assert.equal(code, undefined, `it ends without ${pattern}: ${told}`)
        await new Promise<void>(resolve => { heard = resolve })
      }
    },
    write: line => stdin.write(`${line}\n`),
    endInput: () => stdin.end(),
  }
}

/** Runs the client to its end, without any input. */
export function runClient(t: TestContext, home: Home, args: readonly string[], environment: Environment = {}): Promise<Ended> {
  const client = startClient(t, home, args, environment)
  client.endInput()
  return client.ended
}

/** Runs the client as a program to its end, without any input. */
export function runProgram(t: TestContext, home: Home, args: readonly string[], environment: Environment = {}): Promise<Ended> {
  const client = startProgram(t, home, args, environment)
  client.endInput()
  return client.ended
}

/** Runs the client and asserts that it succeeds. */
export async function succeed(t: TestContext, home: Home, args: readonly string[], environment: Environment = {}): Promise<Ended> {
  const ended = await runClient(t, home, args, environment)
  assert.equal(ended.code, 0, ended.stderr)
  return ended
}

/** A server, and a folder in which the client has tokens for it. */
export async function authorized(t: TestContext, env: Environment = {}): Promise<{ server: TestServer; home: Home }> {
  const server = await startServer(t, env)
  const home = await makeHome(t)
  await succeed(t, home, ['--server-url', server.url, '--authorize', '--headless'])
  return { server, home }
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
