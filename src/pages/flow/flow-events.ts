/** `/flow/events`: the live flow as server-sent events, which carry HTML for the open page (WHATWG HTML section 9.2). */
import type { Context } from '../../core/context/context.ts'
import type { Exchange } from '../../flow/exchange.ts'
import type { Flow } from '../../flow/kept-flows.ts'
import type { FlowRecorder } from '../../flow/recorder.ts'
import { empty, type Reply, type Request } from '../../base/http/message.ts'
import { pathIsKnown } from '../../base/rules/http.ts'
import { arrow } from './flow-diagram.ts'
import { flowHead, flowList, flowSection, recorderFor, seenOf } from './flow.ts'

/** How many pages may watch at once, in total and per browser. A browser has only six connections per host. */
const maxWatchers = 16
const maxWatchersOfBrowser = 4

/** How many messages may wait for one page. If there are more, the page receives the whole flow again. */
const maxWaiting = 200

/** In milliseconds: the shortest and the longest pause between two writes. */
const pace = 150
const keepAlive = 15_000

export function flowEvents(request: Request, context: Context): Reply {
  const recorder = recorderFor(request, context)
  // Another site could not read this stream, but it could use up the places of those who watch.
  const site = String(request.headers['sec-fetch-site'])
  context.check(pathIsKnown, site !== 'cross-site' && site !== 'same-site', request.path)
  const place = `${request.remoteAddress} ${request.headers['user-agent'] ?? ''}`
  const isFull = recorder.watching >= maxWatchers || recorder.watchingFrom(place) >= maxWatchersOfBrowser
  if (isFull) return empty(503, { 'retry-after': '30' })
  const body = new Watch(recorder, new URLSearchParams(request.query), context).events(place, request.signal)
  return { status: 200, headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }, body }
}

/** One page that watches one flow (`flow`) or always the newest, with the list of all flows (`list`) or without it. */
class Watch {
  private readonly recorder: FlowRecorder
  private selected: string | undefined
  private readonly hasList: boolean
  private readonly context: Context
  /** The id of the flow that the page shows. Empty if the page shows that there is none. */
  private shown: string | undefined
  /** The messages that were not sent yet. If `stale`, the whole flow is sent instead. */
  private waiting: { readonly flow: Flow; readonly exchange: Exchange }[] = []
  private stale = false
  /** What the page showed when it was loaded. Cleared by the first events. */
  private seen: string | undefined
  /** The id of the flow that the selected flow was merged into. */
  private moved: string | undefined
  private wake = (): void => {}

  constructor(recorder: FlowRecorder, query: URLSearchParams, context: Context) {
    this.recorder = recorder
    this.selected = query.get('flow') ?? undefined
    this.hasList = query.has('list')
    this.seen = query.get('seen') ?? undefined
    this.context = context
  }

  /** The text of the stream. It ends when the page is closed. */
  async *events(place: string, signal: AbortSignal): AsyncGenerator<string> {
    const stop = this.recorder.watch(({ flow, exchange, absorbed }) => {
      if (this.waiting.length < maxWaiting) this.waiting.push({ flow, exchange })
      else this.stale = true
      if (absorbed !== undefined) this.stale = true
      if (absorbed !== undefined && absorbed === this.selected) {
        this.selected = flow.id
        this.moved = flow.id
      }
      this.wake()
    }, place)
    signal.addEventListener('abort', () => this.wake())
    const hasNews = (): boolean => signal.aborted || this.waiting.length > 0
    try {
      yield 'retry: 2000\n\n'
      while (!signal.aborted) {
        yield* this.news()
        // News does not shorten this pause, so that many messages are sent in batches.
        await this.pause(pace, () => signal.aborted)
        await this.pause(keepAlive, hasNews)
        if (!hasNews()) yield ': keep-alive\n\n'
      }
    } finally {
      stop()
    }
  }

  /** The events that bring the page up to date. */
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
    const startTime = flow.exchanges[0]!.time
    for (const { exchange } of added) yield event('exchange', arrow(exchange, startTime, { base: basePath }).text)
  }

  /** Waits for that many milliseconds, or until `isOver` holds when `wake` is called. */
  private pause(milliseconds: number, isOver: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      this.wake = () => {
        if (!isOver()) return
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
