import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  callMcp, decide, get, openConsent, redirect_uri, register, requestCode, sendRaw, startServer } from '../harness.ts'
import { has, readHtml, select, selectAll, textOf } from '../html-reader.ts'
import { arrowsOfFlow, asBrowser, htmlOf, listFlows, onlyFlow, openFile, pageOf, runFlow, start } from './flow-server.ts'

describe('GET /flow', () => {
  it('answers 404 without DEBUG', async t => {
    const server = await startServer(t)
    for (const path of ['/flow', '/flow/events', '/flow/x']) assert.equal((await get(`${server.url}${path}`, asBrowser)).status, 404, path)
    assert.equal((await openFile(server, '{}')).status, 404)
  })

  it('answers 404 if the Host is not a name of this machine', async t => {
    const server = await start(t, { SERVER_ALLOWED_HOSTS: 'mcp.example.com' })
    for (const [host, status] of [['mcp.example.com', 404], ['localhost', 200], ['127.0.0.1:1', 200]] as const) {
      assert.equal((await sendRaw(server, ['GET /flow HTTP/1.1', `Host: ${host}`])).status, status, host)
    }
  })

  for (const header of ['Forwarded: for=192.0.2.1', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Host: mcp.example.com', 'Via: 1.1 proxy', 'X-Real-IP: 192.0.2.1']) {
    it(`answers 404 through a proxy: ${header}`, async t => {
      const server = await start(t)
      assert.equal((await sendRaw(server, ['GET /flow HTTP/1.1', 'Host: localhost', header])).status, 404)
    })
  }

  it('says how to start if nothing has happened yet', async t => {
    const server = await start(t)
    assert.match(await htmlOf(server), /No client has connected yet/)
  })

  it('records no page about the server, and not itself', async t => {
    const server = await start(t)
    for (const path of ['/', '/health', '/docs', '/explain', '/flow', '/source', '/favicon.ico']) await get(`${server.url}${path}`, asBrowser)
    assert.deepEqual(await listFlows(server), [])
  })

  it('runs one script, which may connect only to this server', async t => {
    const response = await get(`${(await start(t)).url}/flow`, asBrowser)
    const policy = response.headers.get('content-security-policy')!
    assert.match(policy, /default-src 'none'; .*script-src 'sha256-[^']+'; connect-src 'self'/)
    assert.equal(selectAll(readHtml(await response.text()), 'script').length, 1)
  })
})

describe('The page of a flow', () => {
  it('draws each message with its sender and its receiver', async t => {
    const server = await start(t)
    await runFlow(server)
    const { id } = await onlyFlow(server)
    assert.deepEqual((await arrowsOfFlow(server, id)).map(text => text.replace(/ [\d.]+ s · [\d.]+ ms/, '').replace(/ \d+ checks/, '')), [
      'client to resource server: POST /mcp answered: 401 access-token-is-sent',
      'client to resource server: GET /.well-known/oauth-protected-resource/mcp answered: 200',
      'client to authorization server: GET /.well-known/oauth-authorization-server answered: 200',
      'client to authorization server: POST /oauth/register Test client answered: 201',
      `user agent to authorization server: GET /oauth/authorize?… answered: 302 user agent to client, not seen by this server: redirected to ${redirect_uri} not seen here`,
      'client to authorization server: POST /oauth/token authorization_code answered: 200',
      'client to resource server: POST /mcp tools/call get_user_profile answered: 200',
    ])
  })

  it('has the name of the flow in its title', async t => {
    const server = await start(t)
    await register(server, { client_name: 'Editor' })
    const { id } = await onlyFlow(server)
    assert.match(textOf(select(await pageOf(server, `/flow/${id}`), 'title')), /^Editor · Live flow · /)
  })

  it('links to the other flows if its own is gone', async t => {
    const server = await start(t)
    const response = await get(`${server.url}/flow/gone`, asBrowser)
    assert.equal(response.status, 404)
    const links = selectAll(readHtml(await response.text()), 'main a')
    assert.ok(links.some(({ attributes }) => attributes['href'] === `${server.url}/flow`))
  })

  it('shows the decision on the consent page and where the browser goes next', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    const client = await register(server)
    await decide(server, await openConsent(server, client))
    const { id } = await onlyFlow(server)
    assert.match((await arrowsOfFlow(server, id)).at(-1)!, /^user agent to authorization server: POST \/oauth\/consent approve answered: 303 .*redirected to/)
  })

  it('shows the headers of every reply, since a browser may refuse a reply because of them', async t => {
    const server = await start(t)
    await register(server)
    assert.match(textOf(select(await pageOf(server), '#diagram .messages')), / access-control-allow-origin: \* /)
  })

  it('shows the rules that ran, with verdict, clause, received and expected value', async t => {
    const server = await start(t)
    await requestCode(server, await register(server), { redirect_uri: 'http://localhost:1/callback' })
    const page = await pageOf(server)
    const failed = selectAll(page, '.verdicts li').filter(item => has(item, '.badge.failed')).map(textOf)
    assert.equal(failed.length, 1)
    assert.match(failed[0]!, /^failed redirect-uri-is-registered/)
    assert.match(failed[0]!, /http:\/\/\[localhost:1\]\/callback expected http:\/\/\[127\.0\.0\.1:7777\]\/callback/)
    const passed = selectAll(page, '.passed li').map(textOf)
    assert.ok(passed.some(text => text.startsWith('passed client-is-registered')), passed.join('\n'))
  })

  it('does not show the first challenge as a failure', async t => {
    const server = await start(t)
    await callMcp(server, undefined, 'initialize')
    const page = await pageOf(server)
    assert.match(textOf(select(page, '.verdicts li')), /^failed access-token-is-sent/)
    assert.ok(has(page, '.verdicts .badge.neutral'))
    assert.ok(!has(page, '.badge.failed'))
  })
})
