import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorize, callMcp, get, register, type TestServer } from '../harness.ts'
import { select } from '../html-reader.ts'
import { listFlows, onlyFlow, pageOf, runFlow, start, watch } from './flow-server.ts'

/** What the page at `/flow` already shows, as it says when it asks for events. */
async function seenByPage(server: TestServer): Promise<string> {
  return select(await pageOf(server), '#live').attributes['data-seen']!
}

describe('GET /flow/events', { timeout: 60_000 }, () => {
  it('is refused to a page of another site (W3C Fetch Metadata section 2.3)', async t => {
    const server = await start(t)
    assert.equal((await get(`${server.url}/flow/events`, { 'sec-fetch-site': 'cross-site' })).status, 404)
  })

  it('sends each new message as HTML, with the list of flows and the head of its flow', async t => {
    const server = await start(t)
    const client = await register(server)
    const stream = await watch(server)
    await stream.untilEvent('flow', '/oauth/register')
    await authorize(server, client)
    const events = await stream.untilEvent('exchange', '/oauth/authorize')
    assert.deepEqual(events.map(({ name }) => name), ['flows', 'flow', 'flows', 'flow-head', 'exchange'])
    assert.match(events[2]!.data, /^<nav id="flows"/)
    assert.match(events[3]!.data, /^<div id="flow-head"/)
    stream.close()
  })

  it('does not send what the page already shows', async t => {
    const server = await start(t)
    const client = await register(server)
    const stream = await watch(server, `?list&seen=${await seenByPage(server)}`)
    await authorize(server, client)
    const events = await stream.untilEvent('exchange', '/oauth/authorize')
    assert.ok(events.every(({ name }) => name !== 'flow'))
    stream.close()
  })

  it('sends the newest flow when one begins', async t => {
    const server = await start(t)
    await register(server, { client_name: 'First' })
    const stream = await watch(server)
    await stream.untilEvent('flow', '<em>First</em>')
    await register(server, { client_name: 'Second' })
    await stream.untilEvent('flow', '<em>Second</em>')
    stream.close()
  })

  it('sends only the messages of one flow if the page asks for it', async t => {
    const server = await start(t)
    const first = await register(server, { client_name: 'First' })
    const stream = await watch(server, `?flow=${(await onlyFlow(server)).id}`)
    await stream.untilEvent('flow', '<em>First</em>')
    await register(server, { client_name: 'Second' })
    await authorize(server, first)
    const events = await stream.untilEvent('exchange', '/oauth/authorize')
    assert.ok(events.every(({ data }) => !data.includes('Second')))
    stream.close()
  })

  it('sends the new address if its flow turns out to be part of another', async t => {
    const server = await start(t)
    const { tokens } = await runFlow(server)
    await callMcp(server, undefined, 'ping')
    const [nameless, flow] = await listFlows(server)
    const stream = await watch(server, `?flow=${nameless!.id}`)
    await stream.untilEvent('flow')
    await callMcp(server, tokens['access_token'], 'ping')
    const events = await stream.untilEvent('moved')
    assert.ok(events.some(({ name, data }) => name === 'moved' && data === `/flow/${flow!.id}`))
    stream.close()
  })

  it('serves at most sixteen pages at once', async t => {
    const server = await start(t)
    const streams = await Promise.all(Array.from({ length: 16 }, (_, i) => watch(server, '', { 'user-agent': `Browser/${i >> 2}` })))
    const another = async (): Promise<number> => {
      const controller = new AbortController()
      const { status } = await fetch(`${server.url}/flow/events`, { signal: controller.signal })
      controller.abort()
      return status
    }
    assert.equal(await another(), 503)
    streams[0]!.close()
    // The server learns a moment later that the page is gone.
    while (await another() === 503) await new Promise(resolve => setTimeout(resolve, 20))
    streams.forEach(stream => stream.close())
  })

  it('serves at most four pages of one browser, which has six connections for this host', async t => {
    const server = await start(t)
    const streams = await Promise.all(Array.from({ length: 4 }, () => watch(server, '', { 'user-agent': 'Browser/1' })))
    assert.equal((await get(`${server.url}/flow/events`, { 'user-agent': 'Browser/1' })).status, 503)
    streams.push(await watch(server, '', { 'user-agent': 'Browser/2' }))
    streams.forEach(stream => stream.close())
  })

  it('sends the list of all flows to a page that shows one flow and the list', async t => {
    const server = await start(t)
    await register(server, { client_name: 'First' })
    const stream = await watch(server, `?list&flow=${(await onlyFlow(server)).id}&seen=${await seenByPage(server)}`)
    await register(server, { client_name: 'Second' })
    const events = await stream.untilEvent('flows', 'Second')
    assert.ok(events.every(({ name }) => name === 'flows'))
    stream.close()
  })

  it('tells a page loaded before a restart that nothing has happened yet', async t => {
    const server = await start(t)
    const stream = await watch(server, '?list&seen=another')
    await stream.untilEvent('flow', 'No client has connected yet')
    stream.close()
  })

  it('tells a page that its flow is gone', async t => {
    const stream = await watch(await start(t), '?flow=gone')
    const events = await stream.untilEvent('gone')
    assert.ok(events.every(({ name }) => name !== 'flow'))
    stream.close()
  })

  it('ends when the server stops', async t => {
    const server = await start(t)
    const stream = await watch(server)
    await stream.untilEvent('flow')
    // A connection that had to be cut off would make this fail.
    const ended = stream.until(() => false)
    await server.close()
    await ended
  })
})
