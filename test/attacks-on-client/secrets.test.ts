/** Secrets that would be shown: by quotation, on the command line, in a trace. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { assertEnds, makeHome, runClient, secretsOf, startProgram, succeed } from '../run-client.ts'
import type { Members } from '../harness.ts'
import { addAuthorizationServer, addMcpServer, echoTool, failure, formOf, html, json, result, startHonestPeer, startPeer } from '../peer.ts'
import { attack } from '../attacks/attack.ts'

describe('The client: its secrets', { concurrency: 8 }, () => {
  attack('quotes the access token in an error, a tool, a result or a challenge, so that it is shown', 'src/base/client/sent-secrets.ts: export function secretsIn', async t => {
    const quoting = await startPeer(t)
    addAuthorizationServer(quoting)
    addMcpServer(quoting, quoting.url)
    const home = await makeHome(t)
    await succeed(t, home, ['--server-url', `${quoting.url}/mcp`, '--authorize', '--headless'])
    const secrets = secretsOf(await home.stored())
    const quote = (text: string): Members => ({ content: [{ type: 'text', text }], structuredContent: { text } })
    quoting.on('POST /mcp', ({ headers, body }) => {
      const { id, method } = JSON.parse(body) as Members
      const token = headers.authorization!
      if (method === 'tools/call') return result(id, quote(`your token is ${token}`))
      if (method === 'tools/list') return result(id, { tools: [{ ...echoTool, description: token }], ttlMs: 0, cacheScope: 'private' })
      return failure(id, -32601, `no ${method} for ${token}`, 404)
    })
    for (const args of [['--list-tools'], ['--call-tool', 'echo']]) {
      for (const trace of [[], ['--trace']]) {
        const { stdout, stderr } = await runClient(t, home, ['--server-url', `${quoting.url}/mcp`, ...args, ...trace])
        for (const secret of secrets) assert.equal(`${stdout}${stderr}`.includes(secret), false, `${args.join(' ')}: ${stdout}${stderr}`)
      }
    }
  })

  attack('quotes code, verifier and secret in the error of a token endpoint', 'src/base/client/sent-secrets.ts: export function secretsIn', async t => {
    const peer = await startHonestPeer(t)
    const sent: string[] = []
    peer.on('POST /token', request => {
      const { code, code_verifier } = formOf(request)
      sent.push(code, code_verifier)
      return json({ error: 'invalid_grant', error_description: `${code} with ${code_verifier} is no good` }, 400)
    })
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
    assertEnds(ended, 4, /invalid_grant: sha256:/)
    for (const secret of sent) assert.equal(ended.stderr.includes(secret), false)
  })

  it('shows no secret of a pre-registered client, and warns of one on the command line', async t => {
    const peer = await startHonestPeer(t, { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } })
    const home = await makeHome(t)
    const secret = 'a-secret:with&marks of its own'
    const common = ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace', '--client-id', 'c']
    const open = await succeed(t, home, [...common, '--client-secret', secret])
    assert.match(open.stderr, /Other users of this machine can read --client-secret/)
    const quiet = await succeed(t, home, [...common, '--client-secret-file', await home.write('secret', `${secret}\n`)])
    assert.doesNotMatch(quiet.stderr, /Other users/)
    const { stdout } = await succeed(t, home, ['--list-clients'])
    for (const text of [open.stderr, quiet.stderr, open.stdout, stdout]) assert.equal(text.includes(secret), false)
    assert.equal(peer.to('POST /token').every(({ headers }) => headers.authorization?.startsWith('Basic ')), true)
  })

  attack('reads secrets in the list of processes', 'src/client/cli/credentials.ts: environment[\'MCP_CLIENT_SECRET\']', async t => {
    const peer = await startHonestPeer(t)
    // Its own for this run: whatever else runs here may have a secret of a test on its command line.
    const secret = randomUUID()
    peer.on('GET /authorize', html())
    const client = startProgram(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--client-id', 'c'], { MCP_CLIENT_SECRET: secret })
    await client.says(/If no browser opens/)
    const lines = await Promise.all((await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name))
      .map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
    assert.deepEqual(lines.filter(line => line.includes(secret)), [])
  })
})
