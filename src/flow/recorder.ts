/**
 * The recorder of flows, from the first 401 to the last call of a tool: it decides to which flow each exchange belongs, and
 * tells whoever watches. It exists while `DEBUG` is on.
 */
import { randomToken } from '../base/protocol/crypto.ts'
import { ExpiringMap } from '../base/store/expiring-map.ts'
import { refusalOf } from './ending.ts'
import { isRecorded, isStray, recordExchange, type Exchange, type JoinedExchange, type RawExchange } from './exchange.ts'
import { KeptFlows, type Flow, type FlowLimits, type KeptFlow } from './kept-flows.ts'

const defaultLimits: FlowLimits = { flows: 100, exchangesPerFlow: 200, bytes: 16_777_216, lifetime: 43_200 }

/** How many seconds later a program without a name is still taken for the same: it asks for metadata, then registers. */
const memory = 120

/** Clients whose names are remembered beyond the flow in which they registered. */
const maxClients = 1000

/** `absorbed` is the id of a flow whose exchanges turned out to belong to this one, and which is no more. */
type Watcher = (event: { readonly flow: Flow; readonly exchange: Exchange; readonly absorbed: string | undefined }) => void

/** Records exchanges as flows, and finds them again. */
export class FlowRecorder {
  /** Another recorder, after a start of the server, has another. */
  readonly id = randomToken(6)
  private readonly flows: KeptFlows
  private readonly clientNames: ExpiringMap<string>
  /** Each with the place from which it watches: an address and a program. */
  private readonly watchers = new Map<Watcher, string>()
  private readonly now: () => number

  constructor(now: () => number, changedLimits: Partial<FlowLimits> = {}) {
    const limits = { ...defaultLimits, ...changedLimits }
    this.now = now
    this.flows = new KeptFlows(limits, now)
    this.clientNames = new ExpiringMap({ limit: maxClients, lifetime: limits.lifetime, now })
  }

  /** An id for an exchange that begins, where it is to be recorded. */
  begin(path: string): string | undefined {
    return isRecorded(path) ? randomToken(12) : undefined
  }

  /** Records an exchange that is answered. */
  record(raw: RawExchange): void {
    if (isStray(raw)) return
    this.flows.forgetExpired()
    const joined = recordExchange(raw)
    const { flow, absorbed } = this.flowOf(joined)
    this.flows.add(flow, joined.exchange)
    this.remember(flow, joined)
    this.flows.makeRoom()
    for (const watcher of this.watchers.keys()) watcher({ flow, exchange: joined.exchange, absorbed })
  }

  /** All flows, the newest first. */
  list(): readonly Flow[] {
    return this.flows.list()
  }

  find(id: string): Flow | undefined {
    return this.flows.find(id)
  }

  /** An exchange by its trace id, with its flow. */
  trace(id: string): { readonly flow: Flow; readonly exchange: Exchange } | undefined {
    for (const flow of this.list()) {
      const exchange = flow.exchanges.find(exchange => exchange.id === id)
      if (exchange) return { flow, exchange }
    }
    return undefined
  }

  /** How many watch. */
  get watching(): number {
    return this.watchers.size
  }

  /** How many watch from one place. */
  watchingFrom(place: string): number {
    return [...this.watchers.values()].filter(other => other === place).length
  }

  /** Tells a watcher of each exchange from now on, until the function that it returns is called. */
  watch(watcher: Watcher, place: string): () => void {
    this.watchers.set(watcher, place)
    return () => this.watchers.delete(watcher)
  }

  /** The flow of an exchange: that of a code or token, else that of its client, else that of a program without a name. */
  private flowOf({ exchange, keys, client_id, agent }: JoinedExchange): { flow: KeptFlow; absorbed: string | undefined } {
    const recent = this.recentFlowOf(agent)
    const byKeys = keys.map(key => this.flows.findByKey(key)).filter(flow => flow !== undefined)
    // One browser serves many clients, and what tells it is a key as well: the client that is named has the last word.
    const byKey = byKeys.find(flow => client_id === undefined || (flow.client_id === client_id && !beginsAnew(exchange, flow)))
    const known = byKey ?? this.flowOfClient(client_id, exchange)
    const nameless = [...byKeys, recent].find(flow => flow !== undefined && flow.client_id === undefined)
    if (known === undefined) {
      const goes = recent && (client_id === undefined ? goesOn(exchange, recent) : registersAnew(exchange, recent))
      return { flow: nameless ?? (goes ? recent : undefined) ?? this.flows.create(), absorbed: undefined }
    }
    // What a program or a browser did before it had a name belongs to the first name that it says.
    const absorbed = nameless !== known ? nameless : undefined
    if (absorbed) this.flows.merge(absorbed, known)
    return { flow: known, absorbed: absorbed?.id }
  }

  private recentFlowOf(agent: string): KeptFlow | undefined {
    const flow = this.flows.findByKey(agentKey(agent))
    const last = flow?.exchanges.at(-1)
    return last && this.now() - last.time < memory ? flow : undefined
  }

  private flowOfClient(client_id: string | undefined, exchange: Exchange): KeptFlow | undefined {
    const flow = client_id === undefined ? undefined : this.flows.findByKey(clientKey(client_id))
    return flow && beginsAnew(exchange, flow) ? undefined : flow
  }

  /** Lets every name that an exchange says lead to its flow. */
  private remember(flow: KeptFlow, { exchange, keys, client_id, client_name, agent }: JoinedExchange): void {
    if (client_id !== undefined) {
      if (flow.client_id === undefined || isRegistration(exchange)) flow.client_id = client_id
      this.flows.point(clientKey(client_id), flow)
    }
    this.rememberClientName(flow, client_id, client_name)
    for (const key of [...keys, agentKey(agent)]) this.flows.point(key, flow)
  }

  /** A client keeps its name in later flows, as long as it is heard of. */
  private rememberClientName(flow: KeptFlow, client_id: string | undefined, client_name: string | undefined): void {
    const name = client_name ?? (client_id === undefined ? undefined : this.clientNames.get(client_id))
    if (name === undefined) return
    if (client_id !== undefined) this.clientNames.set(client_id, name)
    if (flow.client_id === client_id) flow.client_name = name
  }
}

function clientKey(client_id: string): string {
  return `client ${client_id}`
}

function agentKey(agent: string): string {
  return `agent ${agent}`
}

/** A new authorization request of a client that has its tokens begins a new flow. */
function beginsAnew({ target }: Exchange, flow: Flow): boolean {
  return target.startsWith('/oauth/authorize?') && hasTokens(flow)
}

/** What names no client goes on with the last flow of its browser; of a program, until that has its tokens or starts anew. */
function goesOn(exchange: Exchange, flow: Flow): boolean {
  return exchange.from === 'user agent' || (!hasTokens(flow) && !isStart(exchange))
}

/** After a restart of the server a client asks with what it had, is not known any more, and registers again. */
function registersAnew(exchange: Exchange, { exchanges }: Flow): boolean {
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
function isStart({ target, status }: Exchange): boolean {
  return target === '/oauth/register' || (target.startsWith('/mcp') && status === 401)
}

function hasTokens({ exchanges }: Flow): boolean {
  return exchanges.some(({ target, status }) => target === '/oauth/token' && status === 200)
}
