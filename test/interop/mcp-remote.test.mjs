/**
 * mcp-remote, by which hosts that speak stdio alone reach a server: here the host is the test, and the browser that
 * mcp-remote opens is a script that notes where it was sent.
 */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  answerInBrowser, assertToolsWork, createOpener, interop, revokeToken, start, startServer, temporaryFolder, until,
} from './harness.mjs'

interop('mcp-remote', () => {
  const proxy = fileURLToPath(new URL('node_modules/mcp-remote/dist/proxy.js', import.meta.url))

  /** A home folder, which is all that mcp-remote keeps between two starts, and the opener of its browser. */
  async function createHome(t) {
    const folder = await temporaryFolder(t)
    return { folder, opener: await createOpener(folder) }
  }

  /** What mcp-remote has stored, such as `tokens`; each file begins with a hash of the server. */
  async function readStored(home, name) {
    const folder = join(home.folder, 'mcp-remote-v1')
    const file = (await readdir(folder)).find(file => file.endsWith(`_${name}.json`))
    return JSON.parse(await readFile(join(folder, file), 'utf8'))
  }

  /**
   * Starts mcp-remote. Its opener prefers desktop files to BROWSER where there is a display, so it gets an environment
   * without one; macOS looks for `open` along the PATH.
   */
  function startProxy(t, server, home, options = []) {
    const { folder, opener } = home
    const child = start(t, process.execPath, [proxy, server.mcpUrl, ...options], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, MCP_REMOTE_CONFIG_DIR: folder, BROWSER: opener.command },
    })
    return new Host(child)
  }

  /** A host of the stdio transport: a line is a message. */
  class Host {
    #child
    #nextId = 1

    constructor(child) {
      this.#child = child
      this.log = child.errors
    }

    stop = () => this.#child.stop()
    listTools = () => this.request('tools/list', {})
    callTool = params => this.request('tools/call', params)

    async initialize() {
      const clientInfo = { name: 'interop', version: '1' }
      const result = await this.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
      this.#send({ method: 'notifications/initialized' })
      return result
    }

    async request(method, params) {
      const id = this.#nextId++
      this.#send({ id, method, params })
      const response = await until(
        () => this.#child.lines.map(line => JSON.parse(line)).find(message => message.id === id),
        () => `no answer to ${method}:\n${this.#child.errors.join('\n')}`,
      )
      assert.ok(response.result, JSON.stringify(response.error))
      return response.result
    }

    #send(message) {
      this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    }
  }

  /** Starts mcp-remote for the first time, with the login. */
  async function login(t, server, home, options) {
    const host = startProxy(t, server, home, options)
    const [result] = await Promise.all([host.initialize(), answerInBrowser(home.opener)])
    return { host, result }
  }

  it('opens the browser once and carries the three tools to a host', async t => {
    const home = await createHome(t)
    const { host, result } = await login(t, await startServer(t), home)
    assert.equal(result.serverInfo.name, 'mcp-authorization')
    await assertToolsWork(host)
    assert.equal((await home.opener.visits()).length, 1)
  })

  it('speaks 2026-07-28 with the server, on behalf of a host of 2025-11-25, with --protocol auto', async t => {
    const home = await createHome(t)
    const { host, result } = await login(t, await startServer(t), home, ['--protocol', 'auto'])
    assert.equal(result.protocolVersion, '2025-11-25')
    assert.ok(host.log.some(line => line.includes('Remote server speaks MCP 2026-07-28')))
    assert.equal((await host.listTools()).tools.length, 3)
    // Not get_weather: its location has x-mcp-header, which mcp-remote 0.15.1 does not mirror into Mcp-Param-Location.
    const profile = await host.callTool({ name: 'get_user_profile', arguments: {} })
    assert.equal(profile.structuredContent.sub, 'demo-user')
  })

  it('uses its tokens at the next start, and opens no browser', async t => {
    const server = await startServer(t)
    const home = await createHome(t)
    const { host } = await login(t, server, home)
    await host.stop()
    const next = startProxy(t, server, home)
    await next.initialize()
    await assertToolsWork(next)
    assert.equal((await home.opener.visits()).length, 1)
  })

  it('refreshes when its access token has ended, and opens no browser', async t => {
    const server = await startServer(t)
    const home = await createHome(t)
    const { host } = await login(t, server, home)
    // Nothing else may be under way: two refreshes in the same millisecond write to one file, and one is lost.
    await assertToolsWork(host)
    const before = await readStored(home, 'tokens')
    await revokeToken(server, await readStored(home, 'client_info'), before.access_token)
    await assertToolsWork(host)
    assert.notEqual((await readStored(home, 'tokens')).refresh_token, before.refresh_token)
    assert.equal((await home.opener.visits()).length, 1)
  })

  it('registers again and opens the browser once more when a restart of the server has forgotten it', async t => {
    const server = await startServer(t)
    const home = await createHome(t)
    const { host } = await login(t, server, home)
    const before = await readStored(home, 'client_info')
    await Promise.all([host.stop(), server.stop()])
    const restarted = await startServer(t, { SERVER_PORT: server.port })
    const next = startProxy(t, restarted, home)
    await Promise.all([next.initialize(), answerInBrowser(home.opener, { count: 2 })])
    await assertToolsWork(next)
    assert.notEqual((await readStored(home, 'client_info')).client_id, before.client_id)
  })
})
