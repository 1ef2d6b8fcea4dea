/** The server as a program of its own, in an empty folder. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestContext } from './harness.ts'

const program = fileURLToPath(new URL(`../src/server${extname(import.meta.url)}`, import.meta.url))

export interface ServerProgram {
  readonly child: ChildProcess
  /** The URL that it prints. It rejects if the program ends before. */
  url(): Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

/** Starts it with nothing but `env`, and with a `.env` file if one is given. */
export async function startServerProgram(t: TestContext, env: Record<string, string>, dotEnv?: string): Promise<ServerProgram> {
  const cwd = await mkdtemp(join(tmpdir(), 'mcp-authorization-'))
  if (dotEnv !== undefined) await writeFile(join(cwd, '.env'), dotEnv)
  const child = spawn(process.execPath, [program], { cwd, env: { SERVER_PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(async () => {
    child.kill('SIGKILL')
    await rm(cwd, { recursive: true })
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', text => { out += text })
  child.stderr.setEncoding('utf8').on('data', text => { err += text })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }))
  const url = (): Promise<string> => new Promise((resolve, reject) => {
    const look = (): void => {
      const [, found] = /listening at (\S+)\n/.exec(out) ?? []
      if (found !== undefined) resolve(found)
    }
    child.stdout.on('data', look)
    look()
    void ended.then(() => reject(new Error(err)))
  })
  return { child, ended, url }
}
