/** Texts of a server that steer the terminal or look like those of the client. */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { makeHome, runClient, type Ended } from '../run-client.ts'
import type { TestContext } from '../harness.ts'
import {
  addOpenServer, echoTool, failure, html, json, result, startHonestPeer, startPeer, type AuthorizationServerChanges,
  type McpServerChanges, type Method,
} from '../peer.ts'
import { attack } from '../attacks/attack.ts'

/** Sequences that clear, recolour, link, answer back or turn the reading direction; and lines that look like ours. */
const escapes = '\u001b[2J\u001b]8;;https://evil.example\u0007x\u001b]8;;\u0007\u009b31m\u001bP+q\u001b\\\u202e\u2066\u200b\r\u0008\u007f\u2028\u{e0041}'
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e\u2066]|\udb40/

describe('The client: control sequences for the terminal', { concurrency: 8 }, () => {
  function assertPlain({ stdout, stderr }: Ended): void {
    assert.doesNotMatch(stdout, steering)
    assert.doesNotMatch(stderr, steering)
  }

  /** Every command that shows something of a peer that asks for no token. */
  async function openAt(t: TestContext, methods: Readonly<Record<string, Method>>, ...args: readonly string[]): Promise<Ended> {
    const peer = await startPeer(t)
    addOpenServer(peer, methods)
    return runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--trace', ...args])
  }

  attack('injects control sequences into the terminal with names and descriptions of tools', 'src/base/ui/plain-text.ts: return text.replace(', async t => {
    const tools = [{ ...echoTool, name: `name${escapes}`, description: `text${escapes}` }]
    const ended = await openAt(t, { 'tools/list': ({ id }) => result(id, { tools, ttlMs: 0, cacheScope: 'private' }) }, '--list-tools')
    assertPlain(ended)
    assert.match(ended.stdout, /name\\u001b\[2J/)
  })

  attack('injects control sequences into the terminal with results of tools', 'src/base/ui/plain-text.ts: return text.replace(', async t => {
    assertPlain(await openAt(t, { 'tools/call': ({ id }) => result(id, { content: [{ type: 'text', text: escapes }] }) }, '--call-tool', 'echo'))
  })

  attack('injects control sequences into the terminal with structured results of tools', 'src/base/ui/plain-text.ts: return text.replace(', async t => {
    assertPlain(await openAt(t, { 'tools/call': ({ id }) => result(id, { content: [], structuredContent: { [escapes]: escapes } }) }, '--call-tool', 'echo'))
  })

  attack('forges output lines of the client with errors of the MCP server', 'src/base/ui/plain-text.ts: return text.replace(', async t => {
    const ended = await openAt(t, { 'tools/call': ({ id }) => failure(id, -32603, `no${escapes}\nDone: all is well\nError: pay here`) }, '--call-tool', 'echo')
    assertPlain(ended)
    assert.doesNotMatch(ended.stderr, /^(?:Done|Error: pay)/m)
  })

  const places: readonly (readonly [string, AuthorizationServerChanges & McpServerChanges])[] = [
    ['the client_id', { registration: { client_id: `c${escapes}` } }],
    ['the scope of the tokens', { tokens: { scope: `a${escapes}` } }],
    ['the token_type', { tokens: { token_type: `Bearer${escapes}` } }],
    ['the method of client authentication', { registration: { token_endpoint_auth_method: `none${escapes}` } }],
    ['the issuer', { metadata: { issuer: `https://a.example${escapes}` } }],
    ['the authorization endpoint', { metadata: { authorization_endpoint: `https://a.example/${escapes}` } }],
    ['the resource', { resource: { resource: `https://a.example/${escapes}` } }],
    ['the authorization servers', { resource: { authorization_servers: [`https://a.example/${escapes}`] } }],
    ['the scopes of the resource', { resource: { scopes_supported: [`a${escapes}`] } }],
    ['the error of the authorization response', { response: { code: null, error: `e${escapes}`, error_description: escapes, error_uri: escapes } }],
    ['the challenge', { challenge: 'error="invalid_token", error_description="\u009b31m\u0085"' }],
  ]
  for (const [what, changes] of places) {
    attack(`injects control sequences into the terminal with ${what}`, 'src/base/ui/plain-text.ts: return text.replace(', async t => {
      const peer = await startHonestPeer(t, changes)
      const home = await makeHome(t)
      assertPlain(await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace']))
      if (what !== 'the client_id' && what !== 'the scope of the tokens') return
      assertPlain(await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--register', '--headless']))
      assertPlain(await runClient(t, home, ['--list-clients']))
    })
  }

  for (const target of ['POST /token', 'POST /register']) {
    attack(`injects control sequences into the terminal with an error of ${target}`, 'src/base/ui/plain-text.ts: return text.replace(', async t => {
      const peer = await startHonestPeer(t)
      peer.on(target, json({ error: `e${escapes}`, error_description: `${escapes}\nDone`, error_uri: `https://a.example/${escapes}` }, 400))
      const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--authorize', '--headless', '--trace'])
      assertPlain(ended)
      assert.doesNotMatch(ended.stderr, /^Done/m)
    })
  }

  attack('injects control sequences into the terminal with pages and headers that a trace shows', 'src/base/ui/plain-text.ts: return text.replace(', async t => {
    const peer = await startPeer(t)
    peer.on('POST /mcp', { ...html(`<h1>${escapes}`), headers: { 'content-type': 'text/html', 'x-evil': '\u009b31m' } })
    assertPlain(await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--list-tools', '--trace']))
  })
})
