/** MCP sessions in memory, with a limit per user and client. */
import { ExpiringMap } from './expiring-map.ts'
import type { Session } from './records.ts'

const day = 86_400

/** How many sessions one user can have with one client. */
const maxSessions = 64

export class SessionTable {
  private readonly sessions: ExpiringMap<Session>
  /** The hashes of the sessions of one user with one client, oldest first. */
  private readonly sessionsOf: ExpiringMap<string[]>

  constructor(now: () => number) {
    this.sessions = new ExpiringMap({ limit: 20_000, lifetime: day, now })
    this.sessionsOf = new ExpiringMap({ limit: 20_000, lifetime: day, now })
  }

  get size(): number {
    return this.sessions.size
  }

  add(session: Session): void {
    const owner = `${session.sub} ${session.client_id}`
    const own = this.sessionsOf.get(owner) ?? []
    own.push(session.session_hash)
    // Opening too many sessions evicts only one's own.
    if (own.length > maxSessions) this.sessions.delete(own.shift()!)
    this.sessionsOf.set(owner, own)
    this.sessions.set(session.session_hash, session)
  }

  find(session_hash: string): Session | undefined {
    return this.sessions.get(session_hash)
  }

  remove(session_hash: string): void {
    this.sessions.delete(session_hash)
  }
}
