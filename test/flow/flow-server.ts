/** A server that records flows, and what its pages, files and events show of them. */
import assert from 'node:assert/strict'
import { callMcp, get, getTokens, startServer, type Members, type TestContext, type TestServer } from '../harness.ts'
import { readHtml, select, selectAll, textOf, type Element } from '../html-reader.ts'

export const asBrowser = { accept: 'text/html' }

export function start(t: TestContext, env: Record<string, string> = {}): Promise<TestServer> {
  return startServer(t, { DEBUG: 'true', LOG_LEVEL: 'silent', ...env })
}

/** From the first 401 to a tool call. */
export async function runFlow(server: TestServer, metadata: Members = {}): Promise<{ client: Members; tokens: Members }> {
  await callMcp(server, undefined, 'initialize')
  await get(`${server.url}/.well-known/oauth-protected-resource/mcp`)
  await get(`${server.url}/.well-known/oauth-authorization-server`)
  const { client, tokens } = await getTokens(server, metadata)
  await callMcp(server, tokens['access_token'], 'tools/call', { name: 'get_user_profile', arguments: {} })
  return { client, tokens }
}

export async function htmlOf(server: TestServer, path = '/flow'): Promise<string> {
  const response = await get(`${server.url}${path}`, asBrowser)
  assert.equal(response.status, 200, path)
  return response.text()
}

export async function pageOf(server: TestServer, path = '/flow'): Promise<Element> {
  return readHtml(await htmlOf(server, path))
}

interface ListedFlow {
  readonly id: string
  readonly title: string
  readonly ending: string
}

/** The list of flows, newest first. */
export async function listFlows(server: TestServer): Promise<readonly ListedFlow[]> {
  return selectAll(await pageOf(server), 'nav#flows li').map(item => {
    const link = select(item, 'a')
    return { id: link.attributes['href']!.replace('/flow/', ''), title: textOf(link), ending: textOf(select(item, '.badge')) }
  })
}

export async function onlyFlow(server: TestServer): Promise<ListedFlow> {
  const [flow, ...others] = await listFlows(server)
  assert.deepEqual(others, [])
  return flow ?? assert.fail('no flow is listed')
}

/** The arrows of a diagram, as text: from and to, the request, and the answer. */
export function arrowsOf(page: Element): readonly string[] {
  return selectAll(page, 'ol#diagram li[id]').map(item => textOf(select(item, 'summary')))
}

export async function arrowsOfFlow(server: TestServer, id: string): Promise<readonly string[]> {
  return arrowsOf(await pageOf(server, `/flow/${id}`))
}

export async function saveFlow(server: TestServer, id: string): Promise<string> {
  return (await get(`${server.url}/flow/${id}?as=file`, asBrowser)).text()
}

export function openFile(server: TestServer, text: string, headers: Record<string, string> = {}, field = 'file'): Promise<Response> {
  const boundary = 'a-boundary-of-this-test'
  const part = `content-disposition: form-data; name="${field}"; filename="flow.json"\r\ncontent-type: application/json\r\n\r\n${text}`
  return fetch(`${server.url}/flow/open`, {
    method: 'POST', headers: { ...asBrowser, 'content-type': `multipart/form-data; boundary=${boundary}`, ...headers },
    body: `--${boundary}\r\n${part}\r\n--${boundary}--\r\n`,
  })
}

export interface LiveEvent {
  readonly name: string
  readonly data: string
}

export interface EventStream {
  /** Reads until the events so far satisfy `enough`, or until the stream ends, and returns them. */
  until(enough: (events: readonly LiveEvent[]) => boolean): Promise<readonly LiveEvent[]>
  /** Waits for an event with this name whose data includes the text, and returns all events so far. */
  untilEvent(name: string, text?: string): Promise<readonly LiveEvent[]>
  close(): void
}

/** Listens as a page does. The stream has begun when this resolves. */
export async function watch(server: TestServer, query = '?list', headers: Record<string, string> = {}): Promise<EventStream> {
  const controller = new AbortController()
  const response = await fetch(`${server.url}/flow/events${query}`, { signal: controller.signal, headers })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const readOn = async (): Promise<boolean> => {
    const { done, value = '' } = await reader.read()
    text += value
    return !done
  }
  const until: EventStream['until'] = async enough => {
    while (!enough(eventsIn(text))) if (!await readOn()) break
    return eventsIn(text)
  }
  await readOn()
  assert.match(text, /^retry: /)
  return {
    until,
    untilEvent: (name, part = '') => until(events => events.some(event => event.name === name && event.data.includes(part))),
    close: () => controller.abort(),
  }
}

function eventsIn(text: string): readonly LiveEvent[] {
  const whole = text.split('\n\n').slice(0, -1)
  return whole.filter(part => part.includes('event: ')).map(part => ({
    name: /^event: (.*)$/m.exec(part)![1]!,
    data: [...part.matchAll(/^data: (.*)$/gm)].map(([, line]) => line).join('\n'),
  }))
}
