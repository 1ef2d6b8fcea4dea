/**
 * A map of limited size whose entries expire. All entries of a map have the same lifetime, so the oldest come first and expiry
 * costs only as much as there is to expire. When the map is full, a new entry evicts the oldest.
 */
export class ExpiringMap<V> {
  private readonly entries = new Map<string, { value: V; expires_at: number }>()
  private readonly limit: number
  private readonly lifetime: number
  private readonly now: () => number
  private readonly onEvict: ((value: V, expires_at: number) => void) | undefined

  constructor(options: {
    limit: number
    /** In seconds. */
    lifetime: number
    now: () => number
    /** Called for an entry that is evicted before it expires. */
    onEvict?: (value: V, expires_at: number) => void
  }) {
    this.limit = options.limit
    this.lifetime = options.lifetime
    this.now = options.now
    this.onEvict = options.onEvict
  }

  get size(): number {
    this.deleteExpired()
    return this.entries.size
  }

  get isFull(): boolean {
    return this.size >= this.limit
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key)
    return entry && entry.expires_at > this.now() ? entry.value : undefined
  }

  /** Sets the entry and restarts its lifetime. */
  set(key: string, value: V): void {
    this.entries.delete(key)
    if (this.isFull) this.evictOldest()
    this.entries.set(key, { value, expires_at: this.now() + this.lifetime })
  }

  /** Changes the value of an existing entry without extending its lifetime. */
  update(key: string, value: V): void {
    const entry = this.entries.get(key)
    if (entry) entry.value = value
  }

  /** Deletes the entry and returns its value, unless it has expired. */
  delete(key: string): V | undefined {
    const value = this.get(key)
    this.entries.delete(key)
    return value
  }

  /** All entries that have not expired, oldest first. */
  * [Symbol.iterator](): Generator<readonly [string, V]> {
    this.deleteExpired()
    for (const [key, { value }] of this.entries) yield [key, value]
  }

  private deleteExpired(): void {
    const now = this.now()
    for (const [key, entry] of this.entries) {
      if (entry.expires_at > now) break
      this.entries.delete(key)
    }
  }

  private evictOldest(): void {
    const [oldest] = this.entries
    if (!oldest) return
    const [key, { value, expires_at }] = oldest
    this.entries.delete(key)
    this.onEvict?.(value, expires_at)
  }
}
