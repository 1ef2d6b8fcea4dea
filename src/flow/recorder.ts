/**
 * Flows: exchanges that belong together, from the first 401 to the last call of a tool, kept in memory within bounds.
 * The recorder exists while `DEBUG` is on, and tells whoever watches.
 */
import { randomToken } from '../crypto.ts'
import { ExpiringMap } from '../store/expiring-map.ts'
import { isRecorded, isStray, recordExchange, refusalOf, type Exchange, type JoinedExchange, type RawExchange } from './exchange.ts'

export interface Flow {
  readonly id: string
  /** The client that it is about, once that is known. */
  readonly client_id: string | undefined
  /** As the client registered itself, in this flow or before it. */
  readonly client_name: string | undefined
  readonly exchanges: readonly Exchange[]
  /** How many exchanges had to give way to newer ones. */
  readonly dropped: number
}

/** `absorbed` is the id of a flow whose exchanges turned out to belong to this one, and which is no more. */
export type Watcher = (event: { readonly flow: Flow; readonly exchange: Exchange; readonly absorbed: string | undefined }) => void

export interface RecorderLimits {
  readonly flows: number
  readonly exchangesPerFlow: number
  /** Of all flows, as JSON. */
  readonly bytes: number
  /** Seconds without an exchange. */
  readonly lifetime: number
}

const defaultLimits: RecorderLimits = { flows: 100, exchangesPerFlow: 200, bytes: 16_777_216, lifetime: 43_200 }

/** How many seconds later a program without a name is still taken for the same: it asks for metadata, then registers. */
const memory = 120

/** Names that lead to one flow. */
const maxKeys = 2000

/** Clients whose names are remembered beyond the flow in which they registered. */
const maxClients = 1000

interface LiveFlow extends Flow {
  exchanges: Exchange[]
  dropped: number
  bytes: number
  /** The names that lead here. */
  readonly keys: Set<string>
  client_id: string | undefined
  client_name: string | undefined
}

export class FlowRecorder {
  /** Another recorder, after a start of the server, has another. */
  readonly id = randomToken(6)
  private readonly flows = new Map<string, LiveFlow>()
  private readonly byKey = new Map<string, LiveFlow>()
  private readonly clientNames: ExpiringMap<string>
  /** With the address and program of each. */
  private readonly watchers = new Map<Watcher, string>()
  private readonly now: () => number
  private readonly limits: RecorderLimits
  private bytes = 0

  constructor(now: () => number, limits: Partial<RecorderLimits> = {}) {
    this.now = now
    this.limits = { ...defaultLimits, ...limits }
    this.clientNames = new ExpiringMap({ limit: maxClients, lifetime: this.limits.lifetime, now })
  }

  /** A name for an exchange that begins, where it is to be recorded. */
  begin(path: string): string | undefined {
    return isRecorded(path) ? randomToken(12) : undefined
  }

  record(raw: RawExchange): void {
    if (isStray(raw)) return
    this.forgetExpired()
    const joined = recordExchange(raw)
    const { flow, absorbed } = this.flowOf(joined)
    this.add(flow, [joined.exchange])
    this.remember(flow, joined)
    this.makeRoom()
    for (const watcher of this.watchers.keys()) watcher({ flow, exchange: joined.exchange, absorbed })
  }

  /** All flows, the newest first. */
  list(): readonly Flow[] {
    this.forgetExpired()
    return [...this.flows.values()].reverse()
  }

  find(id: string): Flow | undefined {
    this.forgetExpired()
    return this.flows.get(id)
  }

  /** An exchange by its trace id, with its flow. */
  trace(id: string): { readonly flow: Flow; readonly exchange: Exchange } | undefined {
    for (const flow of this.list()) {
      const exchange = flow.exchanges.find(exchange => exchange.id === id)
      if (exchange) return { flow, exchange }
    }
    return undefined
  }

  get watching(): number {
    return this.watchers.size
  }

  /** How many watch from one place. */
  watchingFrom(place: string): number {
    return [...this.watchers.values()].filter(other => other === place).length
  }

  watch(watcher: Watcher, place: string): () => void {
    this.watchers.set(watcher, place)
    return () => this.watchers.delete(watcher)
  }

  /** The flow of an exchange: that of a code or token, else that of its client, else that of a program without a name. */
  private flowOf({ exchange, keys, client_id, agent }: JoinedExchange): { flow: LiveFlow; absorbed: string | undefined } {
    const recent = this.recentFlowOf(agent)
    const byKeys = keys.map(key => this.byKey.get(key)).filter(flow => flow !== undefined)
    // One browser serves many clients, and what tells it is a key as well: the client that is named has the last word.
    const own = byKeys.find(flow => client_id === undefined || (flow.client_id === client_id && !beginsAnew(exchange, flow)))
    const nameless = [...byKeys, recent].find(flow => flow !== undefined && isNameless(flow))
    const known = own ?? this.flowOfClient(client_id, exchange)
    if (known === undefined) {
      return { flow: nameless ?? this.flowWithoutName(recent, client_id, exchange) ?? this.create(), absorbed: undefined }
    }
    // What a program or a browser did before it had a name belongs to the first name that it says.
    const absorbed = nameless !== known ? nameless : undefined
    if (absorbed) this.merge(absorbed, known)
    return { flow: known, absorbed: absorbed?.id }
  }

  private recentFlowOf(agent: string): LiveFlow | undefined {
    const flow = this.byKey.get(`agent ${agent}`)
    const last = flow?.exchanges.at(-1)
    return last && this.now() - last.time < memory ? flow : undefined
  }

  private flowOfClient(client_id: string | undefined, exchange: Exchange): LiveFlow | undefined {
    const flow = client_id === undefined ? undefined : this.byKey.get(`client ${client_id}`)
    return flow && beginsAnew(exchange, flow) ? undefined : flow
  }

  private flowWithoutName(recent: LiveFlow | undefined, client_id: string | undefined, exchange: Exchange): LiveFlow | undefined {
    if (recent === undefined) return undefined
    if (isNameless(recent) || registersAnew(exchange, recent)) return recent
    if (exchange.from === 'user agent') return client_id === undefined ? recent : undefined
    return client_id === undefined && !hasTokens(recent) && !isStart(exchange) ? recent : undefined
  }

  private create(): LiveFlow {
    const flow: LiveFlow = { id: randomToken(9), exchanges: [], dropped: 0, bytes: 0, keys: new Set(), client_id: undefined, client_name: undefined }
    this.flows.set(flow.id, flow)
    return flow
  }

  private merge(from: LiveFlow, into: LiveFlow): void {
    this.remove(from)
    for (const key of from.keys) this.point(key, into)
    into.exchanges.push(...from.exchanges)
    into.exchanges.sort((a, b) => a.time - b.time)
    into.bytes += from.bytes
    this.bytes += from.bytes
  }

  private add(flow: LiveFlow, exchanges: readonly Exchange[]): void {
    for (const exchange of exchanges) {
      flow.exchanges.push(exchange)
      this.grow(flow, sizeOf(exchange))
    }
    while (flow.exchanges.length > this.limits.exchangesPerFlow) {
      this.grow(flow, -sizeOf(flow.exchanges.shift()!))
      flow.dropped++
    }
    // The map is in the order of the last exchange.
    this.flows.delete(flow.id)
    this.flows.set(flow.id, flow)
  }

  private grow(flow: LiveFlow, bytes: number): void {
    flow.bytes += bytes
    this.bytes += bytes
  }

  private remember(flow: LiveFlow, { exchange, keys, client_id, client_name, agent }: JoinedExchange): void {
    if (client_id !== undefined) {
      if (flow.client_id === undefined || isRegistration(exchange)) flow.client_id = client_id
      this.point(`client ${client_id}`, flow)
    }
    this.rememberName(flow, client_id, client_name)
    for (const key of [...keys, `agent ${agent}`]) this.point(key, flow)
  }

  /** A client keeps its name in later flows, as long as it is heard of. */
  private rememberName(flow: LiveFlow, client_id: string | undefined, client_name: string | undefined): void {
    const name = client_name ?? (client_id === undefined ? undefined : this.clientNames.get(client_id))
    if (name === undefined) return
    if (client_id !== undefined) this.clientNames.set(client_id, name)
    if (flow.client_id === client_id) flow.client_name = name
  }

  private point(key: string, flow: LiveFlow): void {
    this.byKey.set(key, flow)
    flow.keys.add(key)
    if (flow.keys.size <= maxKeys) return
    const [oldest] = flow.keys
    flow.keys.delete(oldest!)
    if (this.byKey.get(oldest!) === flow) this.byKey.delete(oldest!)
  }

  private makeRoom(): void {
    this.forgetExpired()
    for (const flow of this.flows.values()) {
      if (this.flows.size === 1 || (this.flows.size <= this.limits.flows && this.bytes <= this.limits.bytes)) break
      this.remove(flow)
    }
  }

  private forgetExpired(): void {
    const dead = this.now() - this.limits.lifetime
    for (const flow of this.flows.values()) {
      if (flow.exchanges.at(-1)!.time > dead) break
      this.remove(flow)
    }
  }

  private remove(flow: LiveFlow): void {
    this.flows.delete(flow.id)
    this.bytes -= flow.bytes
    for (const key of flow.keys) if (this.byKey.get(key) === flow) this.byKey.delete(key)
  }
}

function hasTokens(flow: Flow): boolean {
  return flow.exchanges.some(({ target, status }) => target === '/oauth/token' && status === 200)
}

function isNameless({ client_id }: LiveFlow): boolean {
  return client_id === undefined
}

/** A new authorization request of a client that has its tokens begins a new flow. */
function beginsAnew({ target }: Exchange, flow: Flow): boolean {
  return target.startsWith('/oauth/authorize?') && hasTokens(flow)
}

/** After a restart of the server: the client asks with what it had, is not known any more, and registers again. */
function registersAnew(exchange: Exchange, { exchanges }: Flow): boolean {
  const last = exchanges.at(-1)
  const rule = last && refusalOf(last)
  return rule !== undefined && forgottenClient.has(rule) && isRegistration(exchange)
}

const forgottenClient: ReadonlySet<string> = new Set(['registration-access-token-matches', 'client-is-known', 'client-is-registered'])

function isRegistration({ target, status }: Exchange): boolean {
  return target === '/oauth/register' && status === 201
}

/** What a program does first: it calls the MCP server without a token, or registers. */
function isStart({ target, status }: Exchange): boolean {
  return target === '/oauth/register' || (target.startsWith('/mcp') && status === 401)
}

function sizeOf(exchange: Exchange): number {
  return JSON.stringify(exchange).length
}
