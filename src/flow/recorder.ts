/**
 * The recorder of flows, from the first 401 to the last tool call. It decides which flow each exchange belongs to, and tells
 * the pages that watch. It exists only while `DEBUG` is on.
 */
import { randomToken } from '../base/protocol/crypto.ts'
import { ExpiringMap } from '../base/store/expiring-map.ts'
import { refusalOf } from './ending.ts'
import type { AnsweredExchange, Recorder } from '../core/context/recording.ts'
import { isRecorded, isStray, recordExchange, type Exchange, type JoinedExchange } from './exchange.ts'
import { KeptFlows, type Flow, type FlowLimits, type KeptFlow } from './kept-flows.ts'

const defaultLimits: FlowLimits = { flows: 100, exchangesPerFlow: 200, bytes: 16_777_216, lifetime: 43_200 }

/** In seconds: a program that names no client continues its last flow for so long, as when it reads metadata and then registers. */
const memory = 120

/** How many clients keep their names beyond the flow in which they registered. */
const maxClients = 1000

/** `absorbed` is the id of a flow that turned out to be the beginning of this one, and was merged into it. */
type Watcher = (event: { readonly flow: Flow; readonly exchange: Exchange; readonly absorbed?: string | undefined }) => void

/** Records exchanges as flows, and finds them again. */
export class FlowRecorder implements Recorder {
  /** Changes on every restart of the server. */
  readonly id = randomToken(6)
  private readonly flows: KeptFlows
  private readonly clientNames: ExpiringMap<string>
  /** Each with the place that it watches from: an address and a program. */
  private readonly watchers = new Map<Watcher, string>()
  private readonly now: () => number

  constructor(now: () => number, changedLimits: Partial<FlowLimits> = {}) {
    const limits = { ...defaultLimits, ...changedLimits }
    this.now = now
    this.flows = new KeptFlows(limits, now)
    this.clientNames = new ExpiringMap({ limit: maxClients, lifetime: limits.lifetime, now })
  }

  /** An id for an exchange that begins. Undefined if it is not recorded. */
  begin(path: string): string | undefined {
    return isRecorded(path) ? randomToken(12) : undefined
  }

  /** Records an exchange once it is answered. */
  record(raw: AnsweredExchange): void {
    if (isStray(raw)) return
    this.flows.forgetExpired()
    const joined = recordExchange(raw)
    const { exchange } = joined
    const { flow, absorbed } = this.flowOf(joined)
    this.flows.add(flow, exchange)
    this.remember(flow, joined)
    this.flows.makeRoom()
    for (const watcher of this.watchers.keys()) watcher({ flow, exchange, absorbed })
  }

  /** All flows, the newest first. */
  list(): readonly Flow[] {
    return this.flows.list()
  }

  find(id: string): Flow | undefined {
    return this.flows.find(id)
  }

  /** Finds an exchange by its trace id, with its flow. */
  trace(id: string): { readonly flow: Flow; readonly exchange: Exchange } | undefined {
    for (const flow of this.list()) {
      const exchange = flow.exchanges.find(exchange => exchange.id === id)
      if (exchange) return { flow, exchange }
    }
    return undefined
  }

  /** How many pages watch. */
  get watching(): number {
    return this.watchers.size
  }

  /** How many pages watch from one place. */
  watchingFrom(place: string): number {
    return [...this.watchers.values()].filter(other => other === place).length
  }

  /** Reports every exchange to the watcher until the returned function is called. */
  watch(watcher: Watcher, place: string): () => void {
    this.watchers.set(watcher, place)
    return () => this.watchers.delete(watcher)
  }

  /** The flow of an exchange: the one of its code or token, else that of its client, else the last one of its program. */
  private flowOf(joined: JoinedExchange): { flow: KeptFlow; absorbed?: string | undefined } {
    const recent = this.recentFlowOf(joined.agent)
    const related = joined.keys.map(key => this.flows.findByKey(key)).filter(flow => flow !== undefined)
    const unnamed = [...related, recent].find(flow => flow !== undefined && flow.client_id === undefined)
    const own = related.find(flow => isFlowOf(joined, flow)) ?? this.flowOfClient(joined)
    if (own !== undefined) return this.absorb(unnamed, own)
    if (unnamed !== undefined) return { flow: unnamed }
    if (recent !== undefined && continuesFlow(joined, recent)) return { flow: recent }
    return { flow: this.flows.create() }
  }

  /** What a program or a browser did before it named a client belongs to the first client that it names. */
  private absorb(unnamed: KeptFlow | undefined, flow: KeptFlow): { flow: KeptFlow; absorbed?: string | undefined } {
    if (unnamed === undefined || unnamed === flow) return { flow }
    this.flows.merge(unnamed, flow)
    return { flow, absorbed: unnamed.id }
  }

  private recentFlowOf(agent: string): KeptFlow | undefined {
    const flow = this.flows.findByKey(agentKey(agent))
    const last = flow?.exchanges.at(-1)
    return last && this.now() - last.time < memory ? flow : undefined
  }

  private flowOfClient({ exchange, client_id }: JoinedExchange): KeptFlow | undefined {
    const flow = client_id === undefined ? undefined : this.flows.findByKey(clientKey(client_id))
    return flow && startsNewFlow(exchange, flow) ? undefined : flow
  }

  /** Makes every key of an exchange lead to its flow. */
  private remember(flow: KeptFlow, { exchange, keys, client_id, client_name, agent }: JoinedExchange): void {
    if (client_id !== undefined) {
      if (flow.client_id === undefined || isRegistration(exchange)) flow.client_id = client_id
      this.flows.point(clientKey(client_id), flow)
    }
    this.rememberClientName(flow, client_id, client_name)
    for (const key of [...keys, agentKey(agent)]) this.flows.point(key, flow)
  }

  /** A client keeps its name in later flows for as long as it keeps calling. */
  private rememberClientName(flow: KeptFlow, client_id: string | undefined, client_name: string | undefined): void {
    const name = client_name ?? (client_id === undefined ? undefined : this.clientNames.get(client_id))
    if (name === undefined) return
    if (client_id !== undefined) this.clientNames.set(client_id, name)
    if (flow.client_id === client_id) flow.client_name = name
  }
}

/** The recorder of a server that records flows. */
export function recorderOf({ recorder }: { readonly recorder?: Recorder | undefined }): FlowRecorder | undefined {
  return recorder instanceof FlowRecorder ? recorder : undefined
}

function clientKey(client_id: string): string {
  return `client ${client_id}`
}

function agentKey(agent: string): string {
  return `agent ${agent}`
}

/** Whether a flow that shares a key with an exchange is of its client. Clients that share a browser share its keys as well. */
function isFlowOf({ exchange, client_id }: JoinedExchange, flow: Flow): boolean {
  return client_id === undefined || (flow.client_id === client_id && !startsNewFlow(exchange, flow))
}

/** An authorization request of a client that already has tokens starts a new flow. */
function startsNewFlow({ target }: Exchange, flow: Flow): boolean {
  return target.startsWith('/oauth/authorize?') && hasTokens(flow)
}

/** Whether an exchange that shares no key with the last flow of its program belongs to it all the same. */
function continuesFlow({ exchange, client_id }: JoinedExchange, flow: Flow): boolean {
  if (client_id !== undefined) return registersAgain(exchange, flow)
  if (exchange.from === 'user agent') return true
  return !hasTokens(flow) && !isFirstStep(exchange)
}

/** After a restart of the server, a client tries what it has stored, is unknown, and registers again. */
function registersAgain(exchange: Exchange, { exchanges }: Flow): boolean {
  const last = exchanges.at(-1)
  const rule = last && refusalOf(last)
  return rule !== undefined && unknownClient.has(rule) && isRegistration(exchange)
}

const unknownClient: ReadonlySet<string> = new Set([
  'registration-access-token-matches', 'client-is-known', 'client-is-registered',
])

function isRegistration({ target, status }: Exchange): boolean {
  return target === '/oauth/register' && status === 201
}

/** What a program does first: it calls the MCP server without a token, or registers. */
function isFirstStep({ target, status }: Exchange): boolean {
  return target === '/oauth/register' || (target.startsWith('/mcp') && status === 401)
}

function hasTokens({ exchanges }: Flow): boolean {
  return exchanges.some(({ target, status }) => target === '/oauth/token' && status === 200)
}
