/** Remembers in memory what was used and must not be replayed. A full table refuses new uses rather than evict old ones. */
import { ExpiringMap } from './expiring-map.ts'
import type { OneTimeUse, UseOutcome } from './store.ts'

/** In seconds. For how long a used assertion could be replayed. */
const assertionLifetime = 720

/** How many valid assertions each client may have used. Anybody can register a client and sign any number of assertions. */
const maxAssertionsPerClient = 2_000

export class OneTimeUses {
  private readonly now: () => number
  private readonly used: Readonly<Record<OneTimeUse, ExpiringMap<true>>>
  /** When the used assertions of each client expire, oldest first. */
  private readonly assertionsOf: ExpiringMap<number[]>

  constructor(now: () => number) {
    this.now = now
    this.used = {
      'assertion': new ExpiringMap({ limit: 100_000, lifetime: assertionLifetime, now }),
      'proof of a token request': new ExpiringMap({ limit: 200_000, lifetime: 130, now }),
      'proof of a resource request': new ExpiringMap({ limit: 200_000, lifetime: 130, now }),
    }
    // Each client in it has used at least one assertion, so it never holds more entries than the table of assertions.
    this.assertionsOf = new ExpiringMap({ limit: 100_000, lifetime: assertionLifetime, now })
  }

  get assertions(): number {
    return this.used['assertion'].size
  }

  get proofs(): number {
    return this.used['proof of a token request'].size + this.used['proof of a resource request'].size
  }

  use(use: OneTimeUse, id_hash: string, client_id: string): UseOutcome {
    const used = this.used[use]
    if (used.get(id_hash)) return 'repeated'
    if (used.isFull || (use === 'assertion' && !this.countAssertion(client_id))) return 'full'
    used.set(id_hash, true)
    return 'first'
  }

  /** Counts an assertion of the client. Returns false if the client has reached its quota. */
  private countAssertion(client_id: string): boolean {
    const own = this.assertionsOf.get(client_id) ?? []
    while (own[0]! <= this.now()) own.shift()
    if (own.length >= maxAssertionsPerClient) return false
    own.push(this.now() + assertionLifetime)
    this.assertionsOf.set(client_id, own)
    return true
  }
}
