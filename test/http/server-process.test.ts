import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { get, testKey, type TestContext } from '../harness.ts'

const program = fileURLToPath(new URL(`../../src/server${extname(import.meta.url)}`, import.meta.url))

/** Starts the program in an empty directory with only `env`. */
async function start(t: TestContext, env: Record<string, string>, dotEnv?: string) {
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
  const url = () => new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /listening at (\S+)\n/.exec(out)?.[1]
      if (found !== undefined) resolve(found)
    })
    void ended.then(({ err }) => reject(new Error(err)))
  })
  return { child, ended, url }
}

describe('node server.js', { timeout: 30_000 }, () => {
  it('prints one line with its URL once it listens', async t => {
    const { child, ended, url } = await start(t, { JWT_SECRET_KEY: testKey })
    const printed = await url()
    assert.equal((await get(`${printed}/health`)).status, 200)
    child.kill('SIGTERM')
    assert.equal((await ended).out, `MCP authorization server listening at ${printed}\n`)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`exits with 0 on ${signal}`, async t => {
      const { child, ended, url } = await start(t, { JWT_SECRET_KEY: testKey })
      await url()
      child.kill(signal)
      assert.equal((await ended).code, 0)
    })
  }

  it('exits with 1 and names the variable if the configuration is invalid', async t => {
    const { code, out, err } = await (await start(t, {})).ended
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /^Cannot start: JWT_SECRET_KEY is missing: [^\n]+\n$/)
  })

  it('exits with 1 and names the port if it is taken', async t => {
    const first = await start(t, { JWT_SECRET_KEY: testKey })
    const { port } = new URL(await first.url())
    const { code, err } = await (await start(t, { JWT_SECRET_KEY: testKey, SERVER_PORT: port })).ended
    assert.equal(code, 1)
    assert.match(err, new RegExp(`^Cannot start: [^\\n]*${port}[^\\n]*\\n$`))
  })

  it('reads .env in its directory', async t => {
    const { url } = await start(t, {}, `JWT_SECRET_KEY="${testKey}"\nMCP_SERVER_NAME=FromFile\n`)
    const response = await get(`${await url()}/.well-known/oauth-protected-resource`)
    assert.match(await response.text(), /"resource_name":"FromFile"/)
  })

  it('generates a key if DEBUG is on', async t => {
    const { url } = await start(t, { DEBUG: 'true' })
    assert.match(await url(), /^http:\/\/localhost:\d+$/)
  })
})
