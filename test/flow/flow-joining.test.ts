import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import {
  authorizationParameters, authorize, callMcp, exchange, get, getTokens, openPage, refreshed, register, sendRaw, bearer,
} from '../harness.ts'
import { arrowsOfFlow, asBrowser, listFlows, runFlow, start } from './flow-server.ts'

describe('The messages of a flow', () => {
  it('are those of one client, even if two clients look alike', async t => {
    const server = await start(t)
    await runFlow(server, { client_name: 'First' })
    await runFlow(server, { client_name: 'Second' })
    const list = await listFlows(server)
    assert.deepEqual(list.map(({ title, ending }) => [title, ending]), [['Second', 'tool called'], ['First', 'tool called']])
    for (const { id } of list) assert.equal((await arrowsOfFlow(server, id)).length, 7)
  })

  it('are kept apart if one browser that is not signed in visits two clients', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    let cookie = ''
    const clients = [await register(server, { client_name: 'First' }), await register(server, { client_name: 'Second' })]
    for (const client of clients) {
      const query = authorizationParameters(client, createCodeVerifier())
      cookie = (await openPage(`${server.url}/oauth/authorize?${query}`, { cookie, 'user-agent': 'Browser/1' })).cookie
    }
    const list = await listFlows(server)
    assert.deepEqual(list.map(({ title }) => title).sort(), ['First', 'Second'])
    for (const { id } of list) assert.equal((await arrowsOfFlow(server, id)).length, 2)
  })

  it('include what the browser did before it sent the authorization request', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    const browser = { 'user-agent': 'Browser/1' }
    const { cookie } = await openPage(`${server.url}/sign-in`, browser)
    const client = await register(server, { client_name: 'Editor' })
    await openPage(`${server.url}/oauth/authorize?${authorizationParameters(client, createCodeVerifier())}`, { cookie, ...browser })
    const list = await listFlows(server)
    assert.deepEqual(list.map(({ title }) => title), ['Editor'])
    assert.equal((await arrowsOfFlow(server, list[0]!.id)).length, 3)
  })

  it('include refreshes and every use of its tokens', async t => {
    const server = await start(t)
    const { client, tokens } = await runFlow(server)
    await runFlow(server)
    const newer = await refreshed(server, client, tokens['refresh_token'])
    await callMcp(server, newer['access_token'], 'ping')
    const [flow] = await listFlows(server)
    assert.equal((await arrowsOfFlow(server, flow!.id)).length, 9)
  })

  it('start a new flow with the next authorization request of a client that has tokens', async t => {
    const server = await start(t)
    const { client } = await runFlow(server)
    await exchange(server, client, await authorize(server, client))
    const list = await listFlows(server)
    assert.equal(list.length, 2)
    assert.equal((await arrowsOfFlow(server, list[0]!.id)).length, 2)
  })

  it('include those from before a forgotten client registers again', async t => {
    const server = await start(t)
    await callMcp(server, undefined, 'initialize')
    const forgotten = { 'user-agent': 'node', ...bearer('a-token-of-before') }
    assert.equal((await get(`${server.url}/oauth/register/client-of-before`, forgotten)).status, 401)
    const { tokens } = await getTokens(server, { client_name: 'Editor' })
    await callMcp(server, tokens['access_token'], 'tools/call', { name: 'get_user_profile', arguments: {} })
    assert.deepEqual((await listFlows(server)).map(({ title, ending }) => [title, ending]), [['Editor', 'tool called']])
  })

  it('do not include what a browser requests from every site, such as a favicon', async t => {
    const server = await start(t)
    await runFlow(server)
    for (const path of ['/favicon.ico', '/robots.txt', '/apple-touch-icon.png', '/apple-touch-icon-120x120-precomposed.png']) {
      await get(`${server.url}${path}`)
    }
    await get(`${server.url}/anything.webp`, { 'sec-fetch-dest': 'image' })
    await get(`${server.url}/mistyped`, asBrowser)
    assert.deepEqual((await listFlows(server)).map(({ ending }) => ending), ['tool called'])
  })

  it('include a refused request to a known path, even if it accepts HTML', async t => {
    const server = await start(t)
    await sendRaw(server, ['GET /mcp HTTP/1.1', 'Host: evil.example', 'Accept: text/html', 'Sec-Fetch-Dest: document'])
    assert.deepEqual((await listFlows(server)).map(({ ending }) => ending), ['refused by host-is-served'])
  })

  it('include the request of a client that sends its user to a wrong path', async t => {
    const server = await start(t)
    const { client_id } = await register(server)
    await get(`${server.url}/authorize?client_id=${client_id}`, asBrowser)
    assert.deepEqual((await listFlows(server)).map(({ ending }) => ending), ['refused by path-is-known'])
  })

  it('include those that the client sent before it named itself', async t => {
    const server = await start(t)
    const { tokens } = await runFlow(server)
    await callMcp(server, undefined, 'ping')
    assert.equal((await listFlows(server)).length, 2)
    await callMcp(server, tokens['access_token'], 'ping')
    assert.equal((await listFlows(server)).length, 1)
  })
})
