/**
 * The flows that are kept: each is found by its id, or by one of its keys, and all are bounded in number, length, bytes and
 * age. What is oldest gives way.
 */
import { randomToken } from '../base/protocol/crypto.ts'
import type { Exchange } from './exchange.ts'

/** Exchanges that belong together, in the order of time. */
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

/** A flow that grows. */
export interface KeptFlow extends Flow {
  client_id: string | undefined
  client_name: string | undefined
  readonly exchanges: Exchange[]
  dropped: number
  bytes: number
  /** The names that lead here, the oldest first. */
  readonly keys: Set<string>
}

/** How much is kept. */
export interface FlowLimits {
  readonly flows: number
  readonly exchangesPerFlow: number
  /** Of all flows, as JSON. */
  readonly bytes: number
  /** Seconds without an exchange. */
  readonly lifetime: number
}

/** Of one flow: each exchange can bring several. */
const maxKeys = 2000

/** The flows in the order of their last exchanges. Whoever records lets them forget before, and make room afterwards. */
export class KeptFlows {
  private readonly flows = new Map<string, KeptFlow>()
  private readonly byKey = new Map<string, KeptFlow>()
  private readonly limits: FlowLimits
  private readonly now: () => number
  private bytes = 0

  constructor(limits: FlowLimits, now: () => number) {
    this.limits = limits
    this.now = now
  }

  /** All flows, the newest first. */
  list(): readonly KeptFlow[] {
    this.forgetExpired()
    return [...this.flows.values()].reverse()
  }

  find(id: string): KeptFlow | undefined {
    this.forgetExpired()
    return this.flows.get(id)
  }

  findByKey(key: string): KeptFlow | undefined {
    return this.byKey.get(key)
  }

  create(): KeptFlow {
    return {
      id: randomToken(9), client_id: undefined, client_name: undefined, exchanges: [], dropped: 0, bytes: 0, keys: new Set(),
    }
  }

  /** Adds an exchange to a flow, which is the newest from now on. */
  add(flow: KeptFlow, exchange: Exchange): void {
    flow.exchanges.push(exchange)
    this.grow(flow, sizeOf(exchange))
    while (flow.exchanges.length > this.limits.exchangesPerFlow) {
      this.grow(flow, -sizeOf(flow.exchanges.shift()!))
      flow.dropped++
    }
    this.flows.delete(flow.id)
    this.flows.set(flow.id, flow)
  }

  /** Lets a key lead to a flow, and no longer to another one. */
  point(key: string, flow: KeptFlow): void {
    this.byKey.set(key, flow)
    flow.keys.add(key)
    if (flow.keys.size <= maxKeys) return
    const [oldest] = flow.keys
    flow.keys.delete(oldest!)
    if (this.byKey.get(oldest!) === flow) this.byKey.delete(oldest!)
  }

  /** Moves all that one flow has into another. */
  merge(from: KeptFlow, into: KeptFlow): void {
    this.remove(from)
    for (const key of from.keys) this.point(key, into)
    into.exchanges.push(...from.exchanges)
    into.exchanges.sort((a, b) => a.time - b.time)
    this.grow(into, from.bytes)
  }

  /** The newest flow stays, however large it is. */
  makeRoom(): void {
    this.forgetExpired()
    for (const flow of this.flows.values()) {
      if (this.flows.size === 1 || (this.flows.size <= this.limits.flows && this.bytes <= this.limits.bytes)) break
      this.remove(flow)
    }
  }

  forgetExpired(): void {
    const dead = this.now() - this.limits.lifetime
    for (const flow of this.flows.values()) {
      if (flow.exchanges.at(-1)!.time > dead) break
      this.remove(flow)
    }
  }

  private remove(flow: KeptFlow): void {
    this.flows.delete(flow.id)
    this.bytes -= flow.bytes
    for (const key of flow.keys) if (this.byKey.get(key) === flow) this.byKey.delete(key)
  }

  private grow(flow: KeptFlow, bytes: number): void {
    flow.bytes += bytes
    this.bytes += bytes
  }
}

function sizeOf(exchange: Exchange): number {
  return JSON.stringify(exchange).length
}
