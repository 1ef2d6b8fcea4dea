/**
 * Limits how often one address may send requests that cost memory (RFC 9700 section 4.16) or guess at a secret
 * (RFC 6819 section 5.1.4.2). The minute of an address begins with its first request. An IPv6 /64 counts as one address.
 */
import type { Config } from '../config/config.ts'
import { ExpiringMap } from './expiring-map.ts'
import { networkOf } from '../http/network.ts'

/** `refusals` are requests with credentials that were refused, at any endpoint. */
export type Limited = 'registrations' | 'authorizations' | 'refusals'

/** In seconds. */
const period = 60

/** How many addresses are remembered of each kind, before the oldest is evicted. */
const maxAddresses = 20_000

export class RateLimits {
  private readonly now: () => number
  private readonly counters: Readonly<Record<Limited, { readonly limit: number; readonly counted: ExpiringMap<Counter> }>>

  constructor(config: Pick<Config, 'registrationLimit' | 'authorizationLimit' | 'refusalLimit'>, now: () => number) {
    const counters = () => new ExpiringMap<Counter>({ limit: maxAddresses, lifetime: period, now })
    this.now = now
    this.counters = {
      registrations: { limit: config.registrationLimit, counted: counters() },
      authorizations: { limit: config.authorizationLimit, counted: counters() },
      refusals: { limit: config.refusalLimit, counted: counters() },
    }
  }

  count(kind: Limited, address: string): void {
    const { limit, counted } = this.counters[kind]
    if (limit === 0) return
    const network = networkOf(address)
    const counter = counted.get(network)
    if (counter) counter.count++
    else counted.set(network, { count: 1, ends_at: this.now() + period })
  }

  /** In how many seconds the address may try again, or 0 if it may now. */
  secondsLeft(kind: Limited, address: string): number {
    const { limit, counted } = this.counters[kind]
    const counter = limit === 0 ? undefined : counted.get(networkOf(address))
    return counter && counter.count >= limit ? Math.max(1, Math.ceil(counter.ends_at - this.now())) : 0
  }
}

interface Counter {
  count: number
  readonly ends_at: number
}
