/** What was used and works once, in memory: nothing gives way before it is dead, so there are bounds that refuse instead. */
import { ExpiringMap } from './expiring-map.ts'
import type { OneTimeUse, UseOutcome } from './store.ts'

/** Seconds for which an assertion that was used could be sent again. */
const assertionLifetime = 720

/** How many live assertions one client can have: whoever registers can sign as many as he likes. */
const assertionsOfAClient = 2_000

export class OneTimeUses {
  private readonly now: () => number
  private readonly used: Readonly<Record<OneTimeUse, ExpiringMap<true>>>
  /** When the live assertions of each client die, the oldest first. */
  private readonly assertionsOf: ExpiringMap<number[]>

  constructor(now: () => number) {
    this.now = now
    this.used = {
      'assertion': new ExpiringMap({ limit: 100_000, lifetime: assertionLifetime, now }),
      'proof of a token request': new ExpiringMap({ limit: 200_000, lifetime: 130, now }),
      'proof of a resource request': new ExpiringMap({ limit: 200_000, lifetime: 130, now }),
    }
    // Each has an assertion at least, so there are never more of them than of assertions.
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

  /** Counts one more assertion of the client, or says that it has too many. */
  private countAssertion(client_id: string): boolean {
    const own = this.assertionsOf.get(client_id) ?? []
    while (own[0]! <= this.now()) own.shift()
    if (own.length >= assertionsOfAClient) return false
    own.push(this.now() + assertionLifetime)
    this.assertionsOf.set(client_id, own)
    return true
  }
}
