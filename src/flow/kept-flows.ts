/**
 * The flows that are kept, found by id or by one of their keys. Their number, length, bytes and age are bounded: the oldest
 * are dropped first.
 */
import { randomToken } from '../base/protocol/crypto.ts'
import type { Exchange } from './exchange.ts'

/** Exchanges that belong together, the oldest first. */
export interface Flow {
  readonly id: string
  /** The client of this flow, once it is known. */
  readonly client_id: string | undefined
  /** The name that the client registered, in this flow or an earlier one. */
  readonly client_name: string | undefined
  readonly exchanges: readonly Exchange[]
  /** How many exchanges were dropped for newer ones. */
  readonly dropped: number
}

/** A flow that grows. */
export interface KeptFlow extends Flow {
  client_id: string | undefined
  client_name: string | undefined
  readonly exchanges: Exchange[]
  dropped: number
  bytes: number
  /** The keys that lead to this flow, the oldest first. */
  readonly keys: Set<string>
}

/** How much is kept. */
export interface FlowLimits {
  readonly flows: number
  readonly exchangesPerFlow: number
  /** Of all flows together, as JSON. */
  readonly bytes: number
  /** Seconds without an exchange. */
  readonly lifetime: number
}

/** Of one flow. One exchange can bring several. */
const maxKeys = 2000

/** All flows, in the order of their last exchanges. */
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

  /** Adds an exchange to a flow, which makes it the newest. */
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

  /** Makes a key lead to this flow, and no longer to another. */
  point(key: string, flow: KeptFlow): void {
    this.byKey.set(key, flow)
    flow.keys.add(key)
    if (flow.keys.size <= maxKeys) return
    const [oldest] = flow.keys
    flow.keys.delete(oldest!)
    if (this.byKey.get(oldest!) === flow) this.byKey.delete(oldest!)
  }

  /** Moves the exchanges and keys of one flow into another, and removes it. */
  merge(from: KeptFlow, into: KeptFlow): void {
    this.remove(from)
    for (const key of from.keys) this.point(key, into)
    into.exchanges.push(...from.exchanges)
    into.exchanges.sort((a, b) => a.time - b.time)
    this.grow(into, from.bytes)
  }

  /** Drops the oldest flows until all limits hold. The newest flow stays, however large it is. */
  makeRoom(): void {
    this.forgetExpired()
    for (const flow of this.flows.values()) {
      const isWithinLimits = this.flows.size <= this.limits.flows && this.bytes <= this.limits.bytes
      if (isWithinLimits || this.flows.size === 1) break
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
