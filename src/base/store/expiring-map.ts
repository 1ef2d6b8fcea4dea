/**
 * A bounded map whose entries expire. Entries of one map live equally long, so the oldest come first in it, and
 * forgetting costs what has expired, not what exists. Where the limit is reached, the oldest entry gives way.
 */
export class ExpiringMap<V> {
  private readonly entries = new Map<string, { value: V; expires_at: number }>()
  private readonly limit: number
  private readonly lifetime: number
  private readonly now: () => number
  private readonly onEvict: ((value: V, expires_at: number) => void) | undefined

  constructor(options: {
    limit: number
    /** Seconds. */
    lifetime: number
    now: () => number
    /** Told of an entry that had to give way before its time. */
    onEvict?: (value: V, expires_at: number) => void
  }) {
    this.limit = options.limit
    this.lifetime = options.lifetime
    this.now = options.now
    this.onEvict = options.onEvict
  }

  get size(): number {
    this.forgetExpired()
    return this.entries.size
  }

  get isFull(): boolean {
    return this.size >= this.limit
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key)
    return entry && entry.expires_at > this.now() ? entry.value : undefined
  }

  /** Sets the entry and begins its lifetime anew. */
  set(key: string, value: V): void {
    this.entries.delete(key)
    if (this.isFull) this.evictOldest()
    this.entries.set(key, { value, expires_at: this.now() + this.lifetime })
  }

  /** Changes the value of an entry that exists and leaves its lifetime as it is. */
  update(key: string, value: V): void {
    const entry = this.entries.get(key)
    if (entry) entry.value = value
  }

  delete(key: string): V | undefined {
    const value = this.get(key)
    this.entries.delete(key)
    return value
  }

  /** What has not expired, the oldest first. */
  * [Symbol.iterator](): Generator<readonly [string, V]> {
    this.forgetExpired()
    for (const [key, { value }] of this.entries) yield [key, value]
  }

  private forgetExpired(): void {
    const now = this.now()
    for (const [key, entry] of this.entries) {
      if (entry.expires_at > now) break
      this.entries.delete(key)
    }
  }

  private evictOldest(): void {
    for (const [key, { value, expires_at }] of this.entries) {
      this.entries.delete(key)
      this.onEvict?.(value, expires_at)
      break
    }
  }
}
