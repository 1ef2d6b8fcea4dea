/** `/flow/events`: what happens, as server-sent events whose data is HTML for the page that is open (WHATWG HTML section 9.2). */
import type { Context } from '../../core/context/context.ts'
import type { Exchange } from '../../flow/exchange.ts'
import type { Flow } from '../../flow/kept-flows.ts'
import type { FlowRecorder } from '../../flow/recorder.ts'
import { empty, type Reply, type Request } from '../../base/http/message.ts'
import { pathIsKnown } from '../../base/rules/http.ts'
import { arrow } from './flow-diagram.ts'
import { flowHead, flowList, flowSection, recorderFor, seenOf } from './flow.ts'

/** Pages that may watch at once; those of one browser, which has six connections for all that it wants of a host. */
const maxWatchers = 16
const maxWatchersOfBrowser = 4

/** Messages that may wait for one page. */
const maxWaiting = 200

/** In milliseconds: how often a page is told at most, and at least. */
const pace = 150
const keepAlive = 15_000

/** A stream of what happens, for as long as the page is open. */
export function flowEvents(request: Request, context: Context): Reply {
  const recorder = recorderFor(request, context)
  // A page of another site could not read what comes, but it could take the places of those who watch.
  const site = String(request.headers['sec-fetch-site'])
  context.check(pathIsKnown, site !== 'cross-site' && site !== 'same-site', request.path)
  const place = `${request.remoteAddress} ${request.headers['user-agent'] ?? ''}`
  const isFull = recorder.watching >= maxWatchers || recorder.watchingFrom(place) >= maxWatchersOfBrowser
  if (isFull) return empty(503, { 'retry-after': '30' })
  const body = new Watch(recorder, new URLSearchParams(request.query), context).events(place, request.signal)
  return { status: 200, headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }, body }
}

/** One page that watches: one flow (`flow`), or whichever is the newest, with the list of all (`list`) or without it. */
class Watch {
  private readonly recorder: FlowRecorder
  private selected: string | undefined
  private readonly hasList: boolean
  private readonly context: Context
  /** The flow that the page shows; empty where it was told that there is none. */
  private shown: string | undefined
  /** What the page has not been told; too much of it is told as a whole. */
  private waiting: { readonly flow: Flow; readonly exchange: Exchange }[] = []
  private stale = false
  /** What the page showed when it was loaded, until it was told something. */
  private seen: string | undefined
  /** Where the selected flow has gone. */
  private moved: string | undefined
  private wake = (): void => {}

  constructor(recorder: FlowRecorder, query: URLSearchParams, context: Context) {
    this.recorder = recorder
    this.selected = query.get('flow') ?? undefined
    this.hasList = query.has('list')
    this.seen = query.get('seen') ?? undefined
    this.context = context
  }

  /** The text of the stream, until the page is closed. */
  async *events(place: string, signal: AbortSignal): AsyncGenerator<string> {
    const stop = this.recorder.watch(({ flow, exchange, absorbed }) => {
      if (this.waiting.length < maxWaiting) this.waiting.push({ flow, exchange })
      else this.stale = true
      if (absorbed !== undefined) this.stale = true
      if (absorbed !== undefined && absorbed === this.selected) this.moved = this.selected = flow.id
      this.wake()
    }, place)
    signal.addEventListener('abort', () => this.wake())
    const hasCause = (): boolean => signal.aborted || this.waiting.length > 0
    try {
      yield 'retry: 2000\n\n'
      while (!signal.aborted) {
        yield* this.news()
        // News cannot shorten this rest, so that a storm is told in portions.
        await this.rest(pace, () => signal.aborted)
        await this.rest(keepAlive, hasCause)
        if (!hasCause()) yield ': keep-alive\n\n'
      }
    } finally {
      stop()
    }
  }

  /** The events that tell the page all that it has not been told. */
  private *news(): Generator<string> {
    const { waiting, stale, recorder, context } = this
    const { basePath } = context.config
    this.waiting = []
    this.stale = false
    const [newest] = recorder.list()
    const flow = this.selected === undefined ? newest : recorder.find(this.selected)
    const isSeen = this.seen === seenOf(recorder, flow)
    this.seen = undefined
    if (isSeen) {
      this.shown = flow?.id ?? ''
      return
    }
    if (this.hasList) yield event('flows', flowList(recorder, context, flow?.id).text)
    if (this.moved !== undefined) yield event('moved', `${basePath}/flow/${this.moved}`)
    this.moved = undefined
    if (stale || (flow?.id ?? '') !== this.shown) {
      this.shown = flow?.id ?? ''
      const isGone = flow === undefined && this.selected !== undefined
      yield isGone ? event('gone', '') : event('flow', flowSection(flow, context).text)
      return
    }
    const added = waiting.filter(news => news.flow.id === flow?.id)
    if (flow === undefined || added.length === 0) return
    yield event('flow-head', flowHead(flow, context).text)
    const begun = flow.exchanges[0]!.time
    for (const { exchange } of added) yield event('exchange', arrow(exchange, begun, { base: basePath }).text)
  }

  /** Waits that many milliseconds, or until it is enough, which `wake` asks again. */
  private rest(milliseconds: number, isEnough: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      this.wake = () => {
        if (!isEnough()) return
        clearTimeout(timer)
        resolve()
      }
      this.wake()
    })
  }
}

function event(name: string, data: string): string {
  return `event: ${name}\n${data.split(/\r\n|\r|\n/).map(line => `data: ${line}\n`).join('')}\n`
}
