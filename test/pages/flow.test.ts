import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AnsweredExchange } from '../../src/core/context/recording.ts'
import { readFlowFile, writeFlowFile } from '../../src/flow/flow-file.ts'
import { endingOf } from '../../src/flow/ending.ts'
import type { Flow } from '../../src/flow/kept-flows.ts'
import { FlowRecorder } from '../../src/flow/recorder.ts'
import { json, type Request } from '../../src/base/http/message.ts'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import {
  authorizationParameters, authorize, basic, bearer, callMcp, decide, escapeHtml, exchange, get, getTokens, locationOf, openConsent, openPage,
  postForm, postMcp, readJson,
  redirect_uri, refresh, refreshed, register, requestCode, requestRegistration, sendRaw, startServer, type Members, type TestContext,
  type TestServer,
} from '../harness.ts'

const asBrowser = { accept: 'text/html' }
const debug = { DEBUG: 'true', LOG_LEVEL: 'silent' }

function start(t: TestContext, env: Record<string, string> = {}): Promise<TestServer> {
  return startServer(t, { ...debug, ...env })
}

async function page(server: TestServer, path = '/flow'): Promise<string> {
  const response = await get(`${server.url}${path}`, asBrowser)
  assert.equal(response.status, 200, path)
  return response.text()
}

/** The flows of the list, the newest first: id, title and how each ended. */
async function flows(server: TestServer): Promise<readonly { id: string; title: string; ending: string }[]> {
  const nav = /<nav id="flows".*?<\/nav>/s.exec(await page(server))![0]
  return [...nav.matchAll(/<a href="\/flow\/([\w-]+)"[^>]*>(.*?)<\/a>\s*<span class="badge \w+">(.*?)<\/span>/gs)]
    .map(([, id, title, ending]) => ({ id: id!, title: title!, ending: ending! }))
}

/** The arrows of a diagram, as `from to: METHOD path title -> outcome`. */
function arrows(html: string): readonly string[] {
  const items = html.split('<ol id="diagram">')[1]!.split(/\n<li id="x-/).slice(1)
  return items.map(item => item.slice(item.indexOf('<summary>'), item.indexOf('</summary>')).replace(/<[^>]+>/g, '').replace(/\s+/g, ' ').trim())
}

async function file(server: TestServer, id: string): Promise<string> {
  return (await get(`${server.url}/flow/${id}?as=file`, asBrowser)).text()
}

function upload(server: TestServer, text: string, headers: Record<string, string> = {}, name = 'file'): Promise<Response> {
  const boundary = 'a-boundary-of-this-test'
  return fetch(`${server.url}/flow/open`, {
    method: 'POST', headers: { ...asBrowser, 'content-type': `multipart/form-data; boundary=${boundary}`, ...headers },
    body: `--${boundary}\r\ncontent-disposition: form-data; name="${name}"; filename="flow.json"\r\ncontent-type: application/json\r\n\r\n${text}\r\n--${boundary}--\r\n`,
  })
}

describe('GET /flow', () => {
  it('is not there without DEBUG', async t => {
    const server = await startServer(t)
    for (const path of ['/flow', '/flow/events', '/flow/x']) assert.equal((await get(`${server.url}${path}`, asBrowser)).status, 404, path)
    assert.equal((await upload(server, '{}')).status, 404)
  })

  it('is not there by a name that is not of this machine', async t => {
    const server = await start(t, { SERVER_ALLOWED_HOSTS: 'mcp.example.com' })
    for (const [host, status] of [['mcp.example.com', 404], ['localhost', 200], ['127.0.0.1:1', 200]] as const) {
      assert.equal((await sendRaw(server, ['GET /flow HTTP/1.1', `Host: ${host}`])).status, status, host)
    }
  })

  for (const header of ['Forwarded: for=192.0.2.1', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Host: mcp.example.com', 'Via: 1.1 proxy', 'X-Real-IP: 192.0.2.1']) {
    it(`is not there through a proxy: ${header}`, async t => {
      const server = await start(t)
      assert.equal((await sendRaw(server, ['GET /flow HTTP/1.1', 'Host: localhost', header])).status, 404)
    })
  }

  it('says how to begin where nothing has happened', async t => {
    const server = await start(t)
    assert.match(await page(server), /Nothing has happened yet/)
  })

  it('records no page about the server, itself least of all', async t => {
    const server = await start(t)
    for (const path of ['/', '/health', '/docs', '/explain', '/flow', '/source', '/favicon.ico']) await get(`${server.url}${path}`, asBrowser)
    assert.deepEqual(await flows(server), [])
  })

  it('runs one script of ours, which may speak to this server alone', async t => {
    const response = await get(`${(await start(t)).url}/flow`, asBrowser)
    const policy = response.headers.get('content-security-policy')!
    assert.match(policy, /default-src 'none'; .*script-src 'sha256-[^']+'; connect-src 'self'/)
    assert.equal((await response.text()).match(/<script/g)?.length, 1)
  })
})

/** From the first 401 to a call, as a client without a name does it. */
async function runClient(server: TestServer, metadata: Members = {}): Promise<{ client: Members; tokens: Members }> {
  await callMcp(server, undefined, 'initialize')
  await get(`${server.url}/.well-known/oauth-protected-resource/mcp`)
  await get(`${server.url}/.well-known/oauth-authorization-server`)
  const { client, tokens } = await getTokens(server, metadata)
  await callMcp(server, tokens['access_token'], 'tools/call', { name: 'get_user_profile', arguments: {} })
  return { client, tokens }
}

describe('A flow', () => {
  it('is drawn message by message, with who speaks to whom', async t => {
    const server = await start(t)
    await runClient(server)
    const [flow] = await flows(server)
    assert.deepEqual(arrows(await page(server, `/flow/${flow!.id}`)).map(text => text.replace(/ [\d.]+ s · [\d.]+ ms/, '').replace(/ \d+ checks/, '')), [
      'client to resource server: POST /mcp answered: 401 access-token-is-sent',
      'client to resource server: GET /.well-known/oauth-protected-resource/mcp answered: 200',
      'client to authorization server: GET /.well-known/oauth-authorization-server answered: 200',
      'client to authorization server: POST /oauth/register Test client answered: 201',
      `user agent to authorization server: GET /oauth/authorize?… answered: 302 user agent to client, not seen by this server: goes on to ${redirect_uri} not seen here`,
      'client to authorization server: POST /oauth/token authorization_code answered: 200',
      'client to resource server: POST /mcp tools/call get_user_profile answered: 200',
    ])
  })

  it('is one for each client, whatever they have in common', async t => {
    const server = await start(t)
    await runClient(server, { client_name: 'First' })
    await runClient(server, { client_name: 'Second' })
    const list = await flows(server)
    assert.deepEqual(list.map(({ title, ending }) => [title, ending]), [['Second', 'tool called'], ['First', 'tool called']])
    for (const { id } of list) assert.equal(arrows(await page(server, `/flow/${id}`)).length, 7)
  })

  it('is that of the client which the browser asks for, where one browser was never signed in and asks for two', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    let cookie = ''
    const clients = [await register(server, { client_name: 'First' }), await register(server, { client_name: 'Second' })]
    for (const client of clients) {
      const query = authorizationParameters(client, createCodeVerifier())
      cookie = (await openPage(`${server.url}/oauth/authorize?${query}`, { cookie, 'user-agent': 'Browser/1' })).cookie
    }
    const list = await flows(server)
    assert.deepEqual(list.map(({ title }) => title).sort(), ['First', 'Second'])
    for (const { id } of list) assert.equal(arrows(await page(server, `/flow/${id}`)).length, 2)
  })

  it('takes in what the browser did before it asked for a client', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    const browser = { 'user-agent': 'Browser/1' }
    const { cookie } = await openPage(`${server.url}/sign-in`, browser)
    const client = await register(server, { client_name: 'Editor' })
    await openPage(`${server.url}/oauth/authorize?${authorizationParameters(client, createCodeVerifier())}`, { cookie, ...browser })
    const list = await flows(server)
    assert.deepEqual(list.map(({ title }) => title), ['Editor'])
    assert.equal(arrows(await page(server, `/flow/${list[0]!.id}`)).length, 3)
  })

  it('goes on with a refresh, and with what its tokens are used for', async t => {
    const server = await start(t)
    const { client, tokens } = await runClient(server)
    await runClient(server)
    const newer = await refreshed(server, client, tokens['refresh_token'])
    await callMcp(server, newer['access_token'], 'ping')
    const [flow] = await flows(server)
    assert.equal(arrows(await page(server, `/flow/${flow!.id}`)).length, 9)
  })

  it('begins anew with the next authorization request of a client that has its tokens', async t => {
    const server = await start(t)
    const { client } = await runClient(server)
    await exchange(server, client, await authorize(server, client))
    const list = await flows(server)
    assert.equal(list.length, 2)
    assert.equal(arrows(await page(server, `/flow/${list[0]!.id}`)).length, 2)
  })

  it('has the name of its client, though that registered in an earlier one', async t => {
    const server = await start(t)
    const { client } = await runClient(server, { client_name: 'Editor' })
    await exchange(server, client, await authorize(server, client))
    assert.deepEqual((await flows(server)).map(({ title }) => title), ['Editor', 'Editor'])
  })

  it('has the name that its client took last', async t => {
    const server = await start(t)
    const client = await register(server, { client_name: 'Editor' })
    const { registration_client_uri, registration_access_token } = client
    const headers = { 'content-type': 'application/json', ...bearer(registration_access_token) }
    await fetch(registration_client_uri, { method: 'PUT', headers, body: JSON.stringify({ ...client, client_name: 'Notebook' }) })
    assert.deepEqual((await flows(server)).map(({ title }) => title), ['Notebook'])
  })

  it('is not renamed by a registration of somebody else that says its client_id', async t => {
    const server = await start(t)
    const { client_id } = await register(server, { client_name: 'Editor' })
    for (const redirect_uris of [['x'], ['http://127.0.0.1:1/cb']]) {
      await fetch(`${server.url}/oauth/register?client_id=${client_id}`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ client_name: 'Evil', redirect_uris }),
      })
    }
    assert.ok((await flows(server)).map(({ title }) => title).includes('Editor'))
  })

  it('has the name of a client whose registration is refused', async t => {
    const server = await start(t)
    await requestRegistration(server, { client_name: 'Editor', redirect_uris: ['javascript:x'] })
    assert.deepEqual((await flows(server)).map(({ title }) => title), ['Editor'])
  })

  it('stands in the title of its page', async t => {
    const server = await start(t)
    await register(server, { client_name: 'Editor' })
    const [{ id } = assert.fail()] = await flows(server)
    assert.match(await page(server, `/flow/${id}`), /<title>Editor · Live flow · /)
  })

  it('leads to those that are kept where it is no longer', async t => {
    const response = await get(`${(await start(t)).url}/flow/gone`, asBrowser)
    assert.equal(response.status, 404)
    assert.match(await response.text(), /<a href="[^"]+\/flow">See the flows that are kept/)
  })

  it('takes in what its client did before it said a name', async t => {
    const server = await start(t)
    const { tokens } = await runClient(server)
    await callMcp(server, undefined, 'ping')
    assert.equal((await flows(server)).length, 2)
    await callMcp(server, tokens['access_token'], 'ping')
    assert.equal((await flows(server)).length, 1)
  })

  it('goes on when the client is not known any more and registers again', async t => {
    const server = await start(t)
    await callMcp(server, undefined, 'initialize')
    const forgotten = { 'user-agent': 'node', ...bearer('a-token-of-before') }
    assert.equal((await get(`${server.url}/oauth/register/client-of-before`, forgotten)).status, 401)
    const { tokens } = await getTokens(server, { client_name: 'Editor' })
    await callMcp(server, tokens['access_token'], 'tools/call', { name: 'get_user_profile', arguments: {} })
    assert.deepEqual((await flows(server)).map(({ title, ending }) => [title, ending]), [['Editor', 'tool called']])
  })

  it('follows the browser from the consent page to the decision', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    const client = await register(server)
    await decide(server, await openConsent(server, client))
    const [flow, ...others] = await flows(server)
    assert.equal(others.length, 0)
    assert.match(arrows(await page(server, `/flow/${flow!.id}`)).at(-1)!, /^user agent to authorization server: POST \/oauth\/consent approve answered: 303 .*goes on to/)
  })

  const endings: readonly (readonly [string, (server: TestServer) => Promise<unknown>])[] = [
    ['token required', server => callMcp(server, undefined, 'initialize')],
    ['client registered', server => register(server)],
    ['code issued', async server => authorize(server, await register(server))],
    ['tokens issued', server => getTokens(server)],
    ['tool called', server => runClient(server)],
    ['refused by redirect-uri-is-safe', server => requestRegistration(server, { redirect_uris: ['javascript:x'] })],
    ['refused by redirect-uri-is-registered', async server => requestCode(server, await register(server), { redirect_uri: 'http://localhost:1/callback' })],
    ['refused by code-verifier-matches', async server => {
      const client = await register(server)
      await exchange(server, client, { ...await authorize(server, client), code_verifier: 'x'.repeat(43) })
    }],
    ['refused by method-is-implemented', async server => {
      const { tokens } = await getTokens(server)
      await callMcp(server, tokens['access_token'], 'unknown')
    }],
    ['token revoked', async server => {
      const { client, tokens } = await getTokens(server)
      await postForm(`${server.url}/oauth/revoke`, { client_id: client['client_id'], token: tokens['refresh_token'] })
    }],
  ]
  for (const [ending, act] of endings) {
    it(`is listed as: ${ending}`, async t => {
      const server = await start(t)
      await act(server)
      assert.deepEqual((await flows(server)).map(flow => flow.ending), [ending])
    })
  }

  it('is listed as: denied by the user', async t => {
    const server = await start(t, { OAUTH_AUTO_APPROVE: 'false' })
    await decide(server, await openConsent(server, await register(server)), { decision: 'deny' })
    assert.equal((await flows(server))[0]!.ending, 'denied by the user')
  })

  it('is listed as abandoned when nothing came for ten minutes', async t => {
    const server = await start(t)
    await register(server)
    server.advance(601)
    assert.equal((await flows(server))[0]!.ending, 'abandoned: client registered')
  })

  it('is no longer gone on with after twelve hours, though nobody looked meanwhile', async t => {
    const server = await start(t)
    const { client, tokens } = await runClient(server)
    server.advance(43_201)
    await refreshed(server, client, tokens['refresh_token'])
    const [flow, ...others] = await flows(server)
    assert.deepEqual([arrows(await page(server, `/flow/${flow!.id}`)).length, others.length], [1, 0])
  })

  it('takes in nothing that a browser asks of any site by itself', async t => {
    const server = await start(t)
    await runClient(server)
    for (const path of ['/favicon.ico', '/robots.txt', '/apple-touch-icon.png', '/apple-touch-icon-120x120-precomposed.png']) {
      await get(`${server.url}${path}`)
    }
    await get(`${server.url}/anything.webp`, { 'sec-fetch-dest': 'image' })
    await get(`${server.url}/mistyped`, asBrowser)
    assert.deepEqual((await flows(server)).map(({ ending }) => ending), ['tool called'])
  })

  it('takes in what is refused at a path that there is, whatever it accepts', async t => {
    const server = await start(t)
    await sendRaw(server, ['GET /mcp HTTP/1.1', 'Host: evil.example', 'Accept: text/html', 'Sec-Fetch-Dest: document'])
    assert.deepEqual((await flows(server)).map(({ ending }) => ending), ['refused by host-is-served'])
  })

  it('shows a client that sends its user to the wrong path', async t => {
    const server = await start(t)
    const { client_id } = await register(server)
    await get(`${server.url}/authorize?client_id=${client_id}`, asBrowser)
    assert.deepEqual((await flows(server)).map(({ ending }) => ending), ['refused by path-is-known'])
  })

  it('shows the headers that every reply has, so that a browser which refuses one can be understood', async t => {
    const server = await start(t)
    await register(server)
    assert.match(await page(server), /\naccess-control-allow-origin: \*\n/)
  })

  it('is forgotten after twelve hours', async t => {
    const server = await start(t)
    await register(server)
    server.advance(43_201)
    assert.deepEqual(await flows(server), [])
  })

  it('shows the rules that ran, with verdict, clause, what came and what was expected', async t => {
    const server = await start(t)
    await requestCode(server, await register(server), { redirect_uri: 'http://localhost:1/callback' })
    const html = await page(server)
    const id = 'redirect-uri-is-registered'
    assert.ok(html.includes(`<span class="badge failed">failed</span>\n<a href="/explain/${id}">${id}</a>`))
    assert.ok(html.includes('http://<mark>localhost:1</mark>/callback'))
    assert.ok(html.includes('http://<mark>127.0.0.1:7777</mark>/callback'))
    assert.match(html, /<span class="badge passed">passed<\/span>\n<a href="\/explain\/client-is-registered">/)
  })

  it('takes the first challenge for no failure', async t => {
    const server = await start(t)
    await callMcp(server, undefined, 'initialize')
    const html = await page(server)
    assert.match(html, /<span class="badge neutral">failed<\/span>\n<a href="\/explain\/access-token-is-sent">/)
    assert.match(html, /it belongs to a flow in which all is well/)
    assert.doesNotMatch(html, /badge failed/)
  })
})

// --- The recorder ---

function recorder(limits: ConstructorParameters<typeof FlowRecorder>[1], now = () => 1000): FlowRecorder {
  return new FlowRecorder(now, limits)
}

function call(client_id: string, rest: Partial<AnsweredExchange> = {}): AnsweredExchange {
  const request: Request = {
    method: 'POST', path: '/oauth/register', query: '', headers: {}, parameter: '', remoteAddress: client_id,
    signal: AbortSignal.abort(), text: async () => '',
  }
  return { id: client_id, time: 1000, duration: 1, request, body: '', caller: 'program', reply: json(201, { client_id }), verdicts: [], ...rest }
}

describe('FlowRecorder', () => {
  it('lets the oldest flow give way to a new one', () => {
    const flows = recorder({ flows: 3 })
    for (const name of ['a', 'b', 'c', 'd']) flows.record(call(name))
    assert.deepEqual(flows.list().map(({ client_id }) => client_id), ['d', 'c', 'b'])
  })

  it('counts a flow as new while it goes on', () => {
    const flows = recorder({ flows: 2 })
    for (const name of ['a', 'b', 'a', 'c']) flows.record(call(name))
    assert.deepEqual(flows.list().map(({ client_id }) => client_id), ['c', 'a'])
  })

  it('keeps the newest exchanges of a flow, and says how many it dropped', () => {
    const flows = recorder({ exchangesPerFlow: 5 })
    for (let i = 0; i < 12; i++) flows.record(call('a', { id: String(i) }))
    const [flow] = flows.list()
    assert.deepEqual([flow!.exchanges.map(({ id }) => id), flow!.dropped], [['7', '8', '9', '10', '11'], 7])
  })

  it('stays below its bytes', () => {
    const flows = recorder({ bytes: 50_000 })
    for (let i = 0; i < 50; i++) flows.record(call(`client ${i}`, { reply: json(201, { client_id: `client ${i}`, x: 'x'.repeat(5000) }) }))
    const kept = flows.list()
    assert.ok(kept.length > 5 && JSON.stringify(kept).length < 60_000, `${kept.length} flows`)
    assert.equal(kept[0]!.client_id, 'client 49')
  })

  it('forgets a flow with every name that led to it', () => {
    const flows = recorder({ flows: 1 })
    flows.record(call('a'))
    flows.record(call('b'))
    flows.record(call('a'))
    assert.deepEqual(flows.list().map(({ exchanges }) => exchanges.length), [1])
  })

  it('finds an exchange by its trace id, and none by another', () => {
    const flows = recorder({})
    flows.record(call('a', { id: 'the-trace' }))
    assert.equal(flows.trace('the-trace')?.exchange.id, 'the-trace')
    assert.equal(flows.trace('another'), undefined)
  })

  it('tells nobody who no longer watches', () => {
    const flows = recorder({})
    let told = 0
    const stop = flows.watch(() => told++, 'here')
    flows.record(call('a'))
    stop()
    flows.record(call('a'))
    assert.deepEqual([told, flows.watching], [1, 0])
  })
})

describe('endingOf()', () => {
  it('is not moved by refusals that belong to every flow', async t => {
    const server = await start(t)
    const { tokens } = await runClient(server)
    await get(`${server.url}/mcp`, bearer(tokens['access_token']))
    await get(`${server.url}/.well-known/unknown`)
    assert.ok((await flows(server)).every(({ ending }) => ending === 'tool called' || ending === 'started'))
  })

  it('is open where there is nothing', () => assert.equal(endingOf({ exchanges: [] }, 0).kind, 'open'))
})

// --- Live ---

interface Stream {
  /** Reads until the events so far satisfy `enough`. */
  until(enough: (text: string) => boolean): Promise<string>
  close(): void
  readonly ended: Promise<void>
}

async function watch(server: TestServer, query = '?list', headers: Record<string, string> = {}): Promise<Stream> {
  const controller = new AbortController()
  const response = await fetch(`${server.url}/flow/events${query}`, { signal: controller.signal, headers })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  let end = (): void => {}
  const ended = new Promise<void>(resolve => { end = resolve })
  return {
    ended,
    close: () => controller.abort(),
    async until(enough) {
      while (!enough(text)) {
        const { done, value } = await reader.read()
        if (done) {
          end()
          return text
        }
        text += value
      }
      return text
    },
  }
}

/** What a page tells when it asks for events. */
function seenBy(html: string): string {
  return /data-seen="([^"]+)"/.exec(html)![1]!
}

describe('GET /flow/events', () => {
  it('gives no place to a page of another site (W3C Fetch Metadata section 2.3)', async t => {
    const server = await start(t)
    assert.equal((await get(`${server.url}/flow/events`, { 'sec-fetch-site': 'cross-site' })).status, 404)
  })

  it('brings each message as HTML when it has happened', async t => {
    const server = await start(t)
    const client = await register(server)
    const stream = await watch(server)
    await stream.until(text => text.includes('/oauth/register'))
    await authorize(server, client)
    const text = await stream.until(text => /event: exchange\n(?:data: .*\n)+/.test(text) && text.includes('/oauth/authorize'))
    assert.match(text, /event: flow-head\ndata: <div id="flow-head"/)
    assert.match(text, /event: flows\ndata: <nav id="flows"/)
    stream.close()
  })

  it('does not tell a page what it shows already', async t => {
    const server = await start(t)
    const client = await register(server)
    const stream = await watch(server, `?list&seen=${seenBy(await page(server))}`)
    await stream.until(text => text.includes('retry:'))
    await authorize(server, client)
    const text = await stream.until(text => text.includes('/oauth/authorize'))
    assert.match(text, /event: exchange/)
    assert.doesNotMatch(text, /event: flow\n/)
    stream.close()
  })

  it('turns to a new flow when one begins', async t => {
    const server = await start(t)
    await register(server, { client_name: 'First' })
    const stream = await watch(server)
    await stream.until(text => text.includes('<em>First</em>'))
    await register(server, { client_name: 'Second' })
    await stream.until(text => /event: flow\n(?:data: .*\n)*data: .*<em>Second<\/em>/.test(text))
    stream.close()
  })

  it('stays with one flow when it is asked to', async t => {
    const server = await start(t)
    const first = await register(server, { client_name: 'First' })
    const [{ id } = assert.fail()] = await flows(server)
    const stream = await watch(server, `?flow=${id}`)
    await stream.until(text => text.includes('<em>First</em>'))
    await register(server, { client_name: 'Second' })
    await authorize(server, first)
    assert.doesNotMatch(await stream.until(text => text.includes('/oauth/authorize')), /Second/)
    stream.close()
  })

  it('leads on when its flow turns out to be part of another', async t => {
    const server = await start(t)
    const { tokens } = await runClient(server)
    await callMcp(server, undefined, 'ping')
    const [nameless, flow] = await flows(server)
    const stream = await watch(server, `?flow=${nameless!.id}`)
    await stream.until(text => text.includes('event: flow'))
    await callMcp(server, tokens['access_token'], 'ping')
    assert.ok((await stream.until(text => text.includes('event: moved'))).includes(`data: /flow/${flow!.id}\n`))
    stream.close()
  })

  it('is watched by sixteen pages at most, until one leaves', async t => {
    const server = await start(t)
    const streams = await Promise.all(Array.from({ length: 16 }, (_, i) => watch(server, '', { 'user-agent': `Browser/${i >> 2}` })))
    assert.equal((await get(`${server.url}/flow/events`)).status, 503)
    streams[0]!.close()
    let status = 503
    for (let i = 0; i < 50 && status === 503; i++) {
      await new Promise(resolve => setTimeout(resolve, 20))
      const controller = new AbortController()
      status = (await fetch(`${server.url}/flow/events`, { signal: controller.signal })).status
      controller.abort()
    }
    assert.equal(status, 200)
    streams.forEach(stream => stream.close())
  })

  it('is watched by four pages of one browser, which has six connections', async t => {
    const server = await start(t)
    const streams = await Promise.all(Array.from({ length: 4 }, () => watch(server, '', { 'user-agent': 'Browser/1' })))
    assert.equal((await get(`${server.url}/flow/events`, { 'user-agent': 'Browser/1' })).status, 503)
    streams.push(await watch(server, '', { 'user-agent': 'Browser/2' }))
    streams.forEach(stream => stream.close())
  })

  it('tells a page with the list of every flow, though it stays with one', async t => {
    const server = await start(t)
    await register(server, { client_name: 'First' })
    const [{ id } = assert.fail()] = await flows(server)
    const stream = await watch(server, `?list&flow=${id}&seen=${seenBy(await page(server))}`)
    await stream.until(text => text.includes('retry:'))
    await register(server, { client_name: 'Second' })
    const text = await stream.until(text => text.includes('Second'))
    assert.match(text, /event: flows\n(?:data: .*\n)*data: .*Second/)
    assert.doesNotMatch(text, /event: flow\n|event: exchange/)
    stream.close()
  })

  it('tells a page from before a restart that nothing of it is left', async t => {
    const server = await start(t)
    const stream = await watch(server, '?list&seen=another')
    await stream.until(text => /event: flow\n(?:data: .*\n)*data: .*Nothing has happened yet/.test(text))
    stream.close()
  })

  it('tells a page whose flow is no longer kept', async t => {
    const stream = await watch(await start(t), '?flow=gone')
    assert.doesNotMatch(await stream.until(text => text.includes('event: gone\n')), /event: flow\n/)
    stream.close()
  })

  it('ends when the server stops', async t => {
    const server = await start(t)
    const stream = await watch(server)
    await stream.until(text => text.includes('event: flow'))
    const ended = stream.until(() => false)
    const begun = performance.now()
    await server.close()
    await ended
    assert.ok(performance.now() - begun < 3000)
  })
})

// --- Files ---

describe('A flow that is saved', () => {
  it('is a file that opens again and shows the same', async t => {
    const server = await start(t)
    await runClient(server)
    const [{ id } = assert.fail()] = await flows(server)
    const response = await get(`${server.url}/flow/${id}?as=file`, asBrowser)
    assert.match(response.headers.get('content-disposition')!, /^attachment; filename="flow-[\w-]+\.json"$/)
    const text = await response.text()
    const opened = await upload(server, text)
    assert.equal(opened.status, 200)
    const html = await opened.text()
    assert.match(html, /This is a file, saved/)
    assert.deepEqual(arrows(html), arrows(await page(server, `/flow/${id}`)))
  })

  it('is kept nowhere when it is opened', async t => {
    const server = await start(t)
    await register(server)
    const text = await file(server, (await flows(server))[0]!.id)
    const other = await start(t)
    assert.equal((await upload(other, text)).status, 200)
    assert.deepEqual(await flows(other), [])
  })

  for (const [what, text, problem] of [
    ['is no JSON', 'x', /it does not parse/],
    ['is empty', '', /No file was chosen/],
    ['is something else', '{}', /was not saved from \/flow/],
    ['is of another version', '{"format":"mcp-authorization flow","version":2}', /has version 2\. This server opens version 1\./],
    ['lacks its flow', '{"format":"mcp-authorization flow","version":1}', /flow is not an object/],
    ['names a member twice', '{"format":"mcp-authorization flow","format":"x"}', /names a member twice/],
    ['has a __proto__', '{"__proto__":{}}', /__proto__/],
  ] as const) {
    it(`is refused when it ${what}`, async t => {
      const response = await upload(await start(t), text)
      assert.equal(response.status, 400)
      assert.match(await response.text(), problem)
    })
  }

  it('is refused without the field of the form', async t => {
    assert.equal((await upload(await start(t), '{}', {}, 'other')).status, 400)
  })

  it('is refused above 4 MiB', async t => {
    assert.equal((await upload(await start(t), 'x'.repeat(4_200_000))).status, 413)
  })

  it('is refused from a page of another origin', async t => {
    const server = await start(t)
    assert.equal((await upload(server, '{}', { origin: 'https://evil.example' })).status, 403)
    assert.equal((await upload(server, '{}', { origin: 'null', 'sec-fetch-site': 'cross-site' })).status, 403)
  })

  it('is taken from its own page, which a browser calls null (Fetch section 3.2)', async t => {
    const response = await upload(await start(t), '{}', { origin: 'null', 'sec-fetch-site': 'same-origin' })
    assert.equal(response.status, 400)
  })

  it('does no harm when it is hostile', async t => {
    const server = await start(t)
    await runClient(server)
    const evil = '"><script>alert(1)</script>\u202e\u0000'
    const saved = JSON.parse(await file(server, (await flows(server))[0]!.id)) as Members
    const poison = (value: unknown, name = ''): unknown => {
      if (typeof value === 'string') return ['from', 'to', 'format', 'id', 'method'].includes(name) ? value : evil
      if (Array.isArray(value)) return value.map(item => poison(item))
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [name === 'headers' ? evil : key, poison(item, key)]))
    }
    const response = await upload(server, JSON.stringify(poison(saved)))
    const html = await response.text()
    assert.equal(response.status, 200)
    assert.doesNotMatch(html, /<script|\u202e|\u0000/)
    assert.ok(html.includes(escapeHtml('"><script>')))
  })

  const valid: Flow = { id: 'a', client_id: 'c', client_name: 'Editor', dropped: 0, exchanges: [] }
  const one = { flow: valid, saved_at: 1, issuer: 'http://localhost' }
  it('reads as it was written', () => assert.deepEqual(readFlowFile(writeFlowFile(one)), one))

  const base = {
    id: 'x', time: 1, duration: 1, from: 'client', to: 'resource server', method: 'GET', target: '/mcp', title: '', status: 200,
    request: { headers: {}, body: '' }, response: { headers: {}, body: '' }, verdicts: [],
  }
  for (const [what, change] of [
    ['a party that there is not', { from: 'nobody' }], ['a time that is no number', { time: 'now' }], ['a time before all time', { time: -1 }],
    ['a time after all time', { time: 1e300 }], ['a body that is none', { request: { headers: {}, body: 1 } }], ['headers that are a list', { request: { headers: [], body: '' } }],
    ['a header that is no text', { response: { headers: { a: 1 }, body: '' } }], ['verdicts that are no list', { verdicts: {} }],
    ['a verdict without an outcome', { verdicts: [{ rule: 'x' }] }], ['a list of numbers as expected', { verdicts: [{ rule: 'x', passed: true, expected: [1] }] }],
    ['an id that is no word', { id: '"x' }], ['a method that is no word', { method: 'GET /' }],
    ['too long a text', { title: 'x'.repeat(20_001) }], ['claims that are no text', { claims: {} }],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const text = writeFlowFile({ ...one, flow: { ...valid, exchanges: [{ ...base, ...change } as never] } })
      assert.ok('problem' in readFlowFile(text))
    })
  }
})

describe('A flow that is handed on', () => {
  it('is one page without a link that leaves it, and without a script', async t => {
    const server = await start(t)
    await runClient(server)
    const [{ id } = assert.fail()] = await flows(server)
    const response = await get(`${server.url}/flow/${id}?as=page`, asBrowser)
    assert.match(response.headers.get('content-disposition')!, /^attachment; filename="flow-[\w-]+\.html"$/)
    const html = await response.text()
    assert.doesNotMatch(html, /<script|<form|<iframe|<img|src=|url\(/)
    assert.deepEqual([...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href!).filter(href => !/^#|^data:/.test(href)), [])
    assert.equal(arrows(html).length, 7)
  })
})

// --- Secrets ---

/** Uses every kind of secret in every way, and returns them by name. */
async function useEverySecret(server: TestServer): Promise<Members> {
  const post = await register(server, { token_endpoint_auth_method: 'client_secret_post' })
  const first = await authorize(server, post)
  const tokens = await readJson(await exchange(server, post, first))
  await exchange(server, post, first)
  const wrong = { code: 'a-code-that-nobody-issued', code_verifier: 'a-verifier-that-belongs-to-nobody-but-is-long-enough' }
  await exchange(server, post, wrong)
  await refresh(server, post, 'a-refresh-token-that-nobody-issued')
  await exchange(server, { ...post, client_secret: 'a-wrong-client-secret' }, await authorize(server, post))

  const byBasic = await register(server, { token_endpoint_auth_method: 'client_secret_basic' })
  const credentials = basic(byBasic['client_id'], byBasic['client_secret'])
  const second = await authorize(server, byBasic)
  const form = { grant_type: 'authorization_code', code: second.code, code_verifier: second.code_verifier, redirect_uri }
  const own = await readJson(await postForm(`${server.url}/oauth/token`, form, credentials))
  const newer = await readJson(await postForm(`${server.url}/oauth/token`, { grant_type: 'refresh_token', refresh_token: own['refresh_token'] }, credentials))
  await postForm(`${server.url}/oauth/introspect`, { token: newer['access_token'] }, credentials)
  await postForm(`${server.url}/oauth/introspect`, { token: newer['refresh_token'] }, credentials)
  const initialized = await callMcp(server, newer['access_token'], 'initialize', { protocolVersion: '2025-11-25' })
  const session = initialized.headers.get('mcp-session-id')!
  await callMcp(server, newer['access_token'], 'tools/list', {}, { 'mcp-session-id': session })
  await callMcp(server, `${newer['access_token']}x`, 'ping')
  await get(`${server.url}/mcp?access_token=${newer['access_token']}`)
  await postMcp(server, newer['access_token'], '{"access_token": broken')
  await postForm(`${server.url}/oauth/revoke`, { token: newer['access_token'] }, credentials)
  await postForm(`${server.url}/oauth/revoke`, { token: newer['refresh_token'] }, credentials)
  await get(`${server.url}/oauth/register/${byBasic['client_id']}`, bearer(byBasic['registration_access_token']))

  const web = await register(server, { redirect_uris: ['https://app.example.com/cb'] })
  const consent = await openConsent(server, web, { redirect_uri: 'https://app.example.com/cb' })
  const decided = await decide(server, consent)
  await decide(server, consent)
  return {
    'client secret sent by post': post['client_secret'], 'client secret sent by Basic': byBasic['client_secret'],
    'registration access token': byBasic['registration_access_token'], 'code': first.code, 'code_verifier': first.code_verifier,
    'unknown code': wrong.code, 'unknown code_verifier': wrong.code_verifier, 'unknown refresh token': 'a-refresh-token-that-nobody-issued',
    'wrong client secret': 'a-wrong-client-secret', 'access token': tokens['access_token'], 'refresh token': tokens['refresh_token'],
    'access token after Basic': own['access_token'], 'access token of a refresh': newer['access_token'],
    'refresh token that was rotated': own['refresh_token'], 'refresh token of a refresh': newer['refresh_token'], 'session id': session,
    'csrf_token': consent.csrf_token, 'consent_token': consent.consent_token, 'cookie': consent.cookie.split('=')[1],
    'code that a person approved': locationOf(decided).searchParams.get('code'),
    'Basic credentials': credentials['authorization']!.split(' ')[1],
  }
}

describe('What is shown of a flow', () => {
  it('holds no secret: neither on a page, nor in a file, an event, an explanation, or a page that is handed on', async t => {
    const server = await start(t)
    const stream = await watch(server)
    const secrets = await useEverySecret(server)
    const list = await flows(server)
    assert.ok(list.length >= 3)
    const shown: string[] = [await page(server), await stream.until(text => text.includes('/oauth/consent'))]
    stream.close()
    for (const { id } of list) {
      const saved = await file(server, id)
      shown.push(saved, await page(server, `/flow/${id}`), await page(server, `/flow/${id}?as=page`), await (await upload(server, saved)).text())
      for (const [, uri] of saved.matchAll(/(\/explain\/[\w-]+\?trace=[\w-]+)/g)) {
        shown.push(await page(server, uri), await (await get(server.url + uri)).text())
      }
    }
    const text = shown.join('\n')
    for (const [name, secret] of Object.entries(secrets)) {
      assert.ok(typeof secret === 'string' && secret.length > 15, name)
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
        assert.ok(!text.includes(form), `a ${name} is shown: ${text.slice(Math.max(0, text.indexOf(form) - 300), text.indexOf(form) + 50)}`)
      }
      // The signature alone would be enough to forge nothing, and is in no record either.
      if (secret.split('.').length === 3) assert.ok(!text.includes(secret.split('.')[2]!), `the signature of a ${name} is shown`)
    }
    assert.ok(text.includes('sha256:') && text.includes('grant_id'))
  })
})
