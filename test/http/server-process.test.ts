import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { get, testKey } from '../harness.ts'
import { startServerProgram } from '../run-server.ts'

describe('node server.js', { timeout: 30_000 }, () => {
  it('prints one line with its URL once it listens', async t => {
    const { child, ended, url } = await startServerProgram(t, { JWT_SECRET_KEY: testKey })
    const printed = await url()
    assert.equal((await get(`${printed}/health`)).status, 200)
    child.kill('SIGTERM')
    assert.equal((await ended).out, `MCP authorization server listening at ${printed}\n`)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`exits with 0 on ${signal}`, async t => {
      const { child, ended, url } = await startServerProgram(t, { JWT_SECRET_KEY: testKey })
      await url()
      child.kill(signal)
      assert.equal((await ended).code, 0)
    })
  }

  it('exits with 1 and names the variable if the configuration is invalid', async t => {
    const { code, out, err } = await (await startServerProgram(t, {})).ended
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /^Cannot start: JWT_SECRET_KEY is missing: [^\n]+\n$/)
  })

  it('exits with 1 and names the port if it is taken', async t => {
    const first = await startServerProgram(t, { JWT_SECRET_KEY: testKey })
    const { port } = new URL(await first.url())
    const { code, err } = await (await startServerProgram(t, { JWT_SECRET_KEY: testKey, SERVER_PORT: port })).ended
    assert.equal(code, 1)
    assert.match(err, new RegExp(`^Cannot start: [^\\n]*${port}[^\\n]*\\n$`))
  })

  it('reads .env in its directory', async t => {
    const { url } = await startServerProgram(t, {}, `JWT_SECRET_KEY="${testKey}"\nMCP_SERVER_NAME=FromFile\n`)
    const response = await get(`${await url()}/.well-known/oauth-protected-resource`)
    assert.match(await response.text(), /"resource_name":"FromFile"/)
  })

  it('generates a key if DEBUG is on', async t => {
    const { url } = await startServerProgram(t, { DEBUG: 'true' })
    assert.match(await url(), /^http:\/\/localhost:\d+$/)
  })
})
