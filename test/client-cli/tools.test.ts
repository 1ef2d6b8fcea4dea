import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertEnds, authorized, makeHome, runClient, succeed } from '../run-client.ts'
import { startServer, type TestContext } from '../harness.ts'
import { addOpenServer, echoTool, failure, html, result, startPeer, type Method } from '../peer.ts'

describe('client --list-tools', { concurrency: 4 }, () => {
  it('prints one line for each tool', async t => {
    const { server, home } = await authorized(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--list-tools'])
    assert.deepEqual(stdout.trim().split('\n').map(line => line.split('\t')[0]).sort(), ['get_user_profile', 'get_weather', 'list_files'])
  })

  it('ends with 3 without tokens, and opens no browser', async t => {
    const server = await startServer(t)
    const home = await makeHome(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--list-tools'])
    assertEnds(ended, 3, /Run --authorize first/)
    assert.equal(ended.stdout, '')
    assert.equal(await home.opened(), undefined)
  })

  it('finds /mcp below a URL without a path, and uses any other path as given', async t => {
    const { server, home } = await authorized(t)
    for (const url of [server.url, `${server.url}/`, `${server.url}/mcp`]) await succeed(t, home, ['--server-url', url, '--list-tools'])
  })

  it('escapes control characters in the name and description of a tool', async t => {
    const peer = await startPeer(t)
    const tools = [{ ...echoTool, name: 'a\u001b[2J', description: 'b\u001b[31m\tc\nd' }]
    addOpenServer(peer, { 'tools/list': ({ id }) => result(id, { tools }) })
    const { stdout } = await succeed(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--list-tools'])
    assert.equal(stdout, 'a\\u001b[2J\tb\\u001b[31m c d\n')
  })
})

describe('client --call-tool', { concurrency: 4 }, () => {
  it('prints the result', async t => {
    const { server, home } = await authorized(t)
    const { stdout } = await succeed(t, home, ['--server-url', server.url, '--call-tool', 'get_weather', '--args', '{"location":"Lisbon"}'])
    assert.match(stdout, /Lisbon/)
  })

  it('ends with 4 if the server refuses', async t => {
    const { server, home } = await authorized(t)
    const ended = await runClient(t, home, ['--server-url', server.url, '--call-tool', 'unknown'])
    assertEnds(ended, 4, /^Error: the server answered with error -32602: /m)
  })

  /** The exit of a call to a peer that asks for no token. */
  async function call(t: TestContext, methods: Readonly<Record<string, Method>>, ...args: readonly string[]) {
    const peer = await startPeer(t)
    addOpenServer(peer, methods)
    return runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--call-tool', 'echo', ...args])
  }

  it('ends with 7 if the tool reports an error, and prints it', async t => {
    const ended = await call(t, { 'tools/call': ({ id }) => result(id, { content: [{ type: 'text', text: 'no such city' }], isError: true }) })
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 7, stdout: 'no such city\n' })
  })

  it('ends with 5 if a check fails, and names the rule', async t => {
    assertEnds(await call(t, { 'tools/call': html() }), 5, /rule answer-is-json-rpc, MCP 2026-07-28 basic, Messages/)
  })

  it('ends with 6 if the server cannot be reached', async t => {
    const peer = await startPeer(t)
    await peer.close()
    const ended = await runClient(t, await makeHome(t), ['--server-url', `${peer.url}/mcp`, '--call-tool', 'echo'])
    assertEnds(ended, 6, /cannot be reached: ECONNREFUSED/)
  })

  it('prints structured content if there is no text', async t => {
    const { stdout } = await call(t, { 'tools/call': ({ id }) => result(id, { content: [], structuredContent: { a: 1 } }) })
    assert.equal(stdout, '{"a":1}\n')
  })

  it('prints several texts on lines of their own, with their tabs', async t => {
    const content = [{ type: 'text', text: 'a\tb' }, { type: 'image', data: 'x' }, { type: 'text', text: 'c' }]
    const { stdout } = await call(t, { 'tools/call': ({ id }) => result(id, { content }) })
    assert.equal(stdout, 'a\tb\nc\n')
  })

  it('escapes control characters in a result', async t => {
    const { stdout } = await call(t, { 'tools/call': ({ id }) => result(id, { content: [{ type: 'text', text: '\u001b[2Jhello\u202e' }] }) })
    assert.equal(stdout, '\\u001b[2Jhello\\u202e\n')
  })

  it('escapes control characters in an error of the server', async t => {
    const ended = await call(t, { 'tools/call': ({ id }) => failure(id, -32603, '\u001b]0;evil\u0007') })
    assertEnds(ended, 4, /^Error: the server answered with error -32603: \\u001b\]0;evil\\u0007$/m)
  })

  for (const [what, args] of [['half a JSON text', '{'], ['a list', '[]'], ['a number', '7']] as const) {
    it(`ends with 2 if --args are ${what}`, async t => {
      const ended = await runClient(t, await makeHome(t), ['--call-tool', 'x', '--args', args])
      assertEnds(ended, 2, /^Error: --args must be a JSON object/m)
    })
  }
})
