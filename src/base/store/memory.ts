/** The store in memory. No method awaits anything before it is done, which is what makes each one atomic. */
import { ExpiringMap } from './expiring-map.ts'
import { MemoryUserStore } from './memory-user-store.ts'
import { OneTimeUses } from './one-time-uses.ts'
import type {
  AuthorizationCode, AuthorizationRequest, CachedDocument, Client, Grant, RefreshToken, Session,
} from './records.ts'
import { SessionTable } from './session-table.ts'
import type { ListedGrant, OneTimeUse, Rotation, Store, UseOutcome } from './store.ts'

interface MemoryStoreOptions {
  readonly now: () => number
  /** Lifetimes in seconds. */
  readonly accessTokenLifetime: number
  readonly authorizationCodeLifetime: number
  readonly refreshTokenLifetime: number
}

const day = 86_400

/** In seconds. Clock skew lets access tokens work slightly past their expiry, so revocations must last longer. */
const revocationMargin = 60

/** How often a grant can be refreshed per minute: more than any client needs, too little to flood the log or the store. */
const maxRotationsPerMinute = 60

/** A grant with the parts of it that change. */
interface StoredGrant {
  readonly grant: Grant
  readonly refreshToken: RefreshToken | undefined
  /** How many rotations there were since the current minute began. */
  readonly rotations: { readonly since: number; readonly count: number }
}

export class MemoryStore extends MemoryUserStore implements Store {
  /** Clients that no user has approved. A flood of registrations can evict only these. */
  private readonly newClients: ExpiringMap<Client>
  /** Clients that a user has approved. */
  private readonly usedClients: ExpiringMap<Client>
  private readonly documents: ExpiringMap<{ readonly document: CachedDocument; readonly expires_at: number }>
  private readonly used: OneTimeUses
  private readonly authorizationRequests: ExpiringMap<AuthorizationRequest>
  private readonly codes: ExpiringMap<{ readonly code: AuthorizationCode; used: boolean }>
  /** Kept for a day after they expire, so that an expired refresh token can be told from an unknown one. */
  private readonly grants: ExpiringMap<StoredGrant>
  /** The grant of each refresh token, by the hash of its handle. */
  private readonly grantsByHandle: ExpiringMap<string>
  private readonly revocations: ExpiringMap<number>
  private readonly sessions: SessionTable
  /** Tokens issued up to this time count as revoked, so that evicting a revocation does not undo it. */
  private revokedUntil = 0

  constructor(options: MemoryStoreOptions) {
    const { now } = options
    super(now)
    this.newClients = new ExpiringMap({ limit: 20_000, lifetime: day, now })
    this.usedClients = new ExpiringMap({ limit: 100_000, lifetime: 90 * day, now })
    this.documents = new ExpiringMap({ limit: 1_000, lifetime: day, now })
    this.used = new OneTimeUses(now)
    this.authorizationRequests = new ExpiringMap({ limit: 10_000, lifetime: 600, now })
    this.codes = new ExpiringMap({ limit: 20_000, lifetime: 2 * options.authorizationCodeLifetime, now })
    this.grants = new ExpiringMap({
      limit: 100_000,
      lifetime: options.refreshTokenLifetime + day,
      now,
      onEvict: stored => this.forgetHandle(stored),
    })
    this.grantsByHandle = new ExpiringMap({ limit: 100_000, lifetime: options.refreshTokenLifetime + day, now })
    this.revocations = new ExpiringMap({
      limit: 100_000,
      lifetime: options.accessTokenLifetime + revocationMargin,
      now,
      onEvict: revoked_at => { this.revokedUntil = revoked_at },
    })
    this.sessions = new SessionTable(now)
  }

  async addClient(client: Client): Promise<void> {
    this.newClients.set(client.client_id, client)
  }

  async findClient(client_id: string): Promise<Client | undefined> {
    return this.usedClients.get(client_id) ?? this.newClients.get(client_id)
  }

  async replaceClient(client: Client): Promise<void> {
    this.usedClients.update(client.client_id, client)
    this.newClients.update(client.client_id, client)
  }

  async keepClient(client_id: string, approved: boolean): Promise<void> {
    const used = this.usedClients.get(client_id)
    const client = used ?? this.newClients.delete(client_id)
    if (!client) return
    if (used || approved) this.usedClients.set(client_id, client)
    else this.newClients.set(client_id, { ...client, token_issued: true })
  }

  async removeClient(client_id: string): Promise<void> {
    const used = this.usedClients.delete(client_id)
    const unused = this.newClients.delete(client_id)
    // A client without tokens needs no revocation, so a flood of deletions cannot fill the revocations.
    if (used || unused?.token_issued) this.revoke(client_id)
  }

  async findDocument(key: string): Promise<CachedDocument | undefined> {
    const kept = this.documents.get(key)
    return kept && kept.expires_at > this.now() ? kept.document : undefined
  }

  async cacheDocument(key: string, document: CachedDocument, expires_at: number): Promise<void> {
    this.documents.set(key, { document, expires_at })
  }

  async useOnce(use: OneTimeUse, id_hash: string, client_id: string): Promise<UseOutcome> {
    return this.used.use(use, id_hash, client_id)
  }

  async addAuthorizationRequest(token_hash: string, request: AuthorizationRequest): Promise<void> {
    this.authorizationRequests.set(token_hash, request)
  }

  async findAuthorizationRequest(token_hash: string): Promise<AuthorizationRequest | undefined> {
    return this.authorizationRequests.get(token_hash)
  }

  async useAuthorizationRequest(token_hash: string): Promise<AuthorizationRequest | undefined> {
    return this.authorizationRequests.delete(token_hash)
  }

  async addAuthorizationCode(code: AuthorizationCode): Promise<void> {
    this.codes.set(code.code_hash, { code, used: false })
  }

  async findAuthorizationCode(code_hash: string): Promise<AuthorizationCode | undefined> {
    return this.codes.get(code_hash)?.code
  }

  async useAuthorizationCode(code_hash: string, grant: Grant, refreshToken: RefreshToken | undefined): Promise<boolean> {
    const entry = this.codes.get(code_hash)
    if (!entry || entry.used) {
      await this.revokeGrant(grant.grant_id)
      return false
    }
    entry.used = true
    this.grants.set(grant.grant_id, { grant, refreshToken, rotations: { since: this.now(), count: 0 } })
    if (refreshToken) this.grantsByHandle.set(refreshToken.handle_hash, grant.grant_id)
    return true
  }

  async findGrant(grant_id: string): Promise<Grant | undefined> {
    const grant = this.grants.get(grant_id)?.grant
    return grant && grant.expires_at > this.now() ? grant : undefined
  }

  async revokeGrant(grant_id: string): Promise<void> {
    this.revokeGrantNow(grant_id)
  }

  async findRefreshToken(handle_hash: string): Promise<RefreshToken | undefined> {
    return this.findByHandle(handle_hash)?.refreshToken
  }

  async rotateRefreshToken(handle_hash: string, generation: number, window: number, jkt?: string): Promise<Rotation> {
    const stored = this.findByHandle(handle_hash)
    const token = stored?.refreshToken
    if (!stored || !token) return { outcome: 'reused' }
    const { grant, rotations } = stored
    if (grant.jkt !== undefined && grant.jkt !== jkt) return { outcome: 'bound to another key' }
    const now = this.now()
    const wasRotated = generation === token.generation - 1
    if (wasRotated && now - token.rotated_at! < window) return { outcome: 'repeated', generation: token.generation }
    if (generation !== token.generation) {
      this.revokeGrantNow(grant.grant_id)
      return { outcome: 'reused' }
    }
    const minute = now < rotations.since + 60 ? rotations : { since: now, count: 0 }
    if (minute.count >= maxRotationsPerMinute) return { outcome: 'too often', retry_after: Math.ceil(minute.since + 60 - now) }
    this.grants.update(grant.grant_id, {
      grant: jkt === undefined ? grant : { ...grant, jkt },
      refreshToken: { ...token, generation: generation + 1, rotated_at: now },
      rotations: { since: minute.since, count: minute.count + 1 },
    })
    return { outcome: 'rotated', generation: generation + 1 }
  }

  async revokeAccessToken(jti: string): Promise<void> {
    this.revoke(jti)
  }

  async isRevoked(token: { jti: string; grant_id: string; client_id: string; iat: number }): Promise<boolean> {
    return token.iat <= this.revokedUntil
      || this.revocations.get(token.jti) !== undefined
      || this.revocations.get(token.grant_id) !== undefined
      || this.revocations.get(token.client_id) !== undefined
  }

  async listGrants(sub: string): Promise<readonly ListedGrant[]> {
    // Without an index: this serves a rarely opened page, and an index would cost every token request.
    const listed = [...this.grants].filter(([, { grant }]) => grant.sub === sub && grant.expires_at > this.now())
    return listed.map(([, { grant, refreshToken }]) => {
      const refreshed_at = refreshToken?.rotated_at
      return { ...grant, ...(refreshed_at === undefined ? {} : { refreshed_at }) }
    })
  }

  async withdrawConsent(sub: string, client_id: string): Promise<void> {
    this.keepConsents(sub, consent => consent.client_id !== client_id)
    const isWithdrawn = (record: Grant | AuthorizationCode) => record.sub === sub && record.client_id === client_id
    for (const [code_hash, { code }] of [...this.codes]) if (isWithdrawn(code)) this.codes.delete(code_hash)
    for (const [grant_id, { grant }] of [...this.grants]) if (isWithdrawn(grant)) this.revokeGrantNow(grant_id)
  }

  async endGrant(sub: string, grant_id: string): Promise<void> {
    if (this.grants.get(grant_id)?.grant.sub === sub) this.revokeGrantNow(grant_id)
  }

  async addSession(session: Session): Promise<void> {
    this.sessions.add(session)
  }

  async findSession(session_hash: string): Promise<Session | undefined> {
    return this.sessions.find(session_hash)
  }

  async removeSession(session_hash: string): Promise<void> {
    this.sessions.remove(session_hash)
  }

  async counts(): Promise<Readonly<Record<string, number>>> {
    return {
      clients: this.newClients.size + this.usedClients.size,
      documents: this.documents.size,
      used_assertions: this.used.assertions,
      used_proofs: this.used.proofs,
      authorization_requests: this.authorizationRequests.size,
      authorization_codes: this.codes.size,
      grants: this.grants.size,
      refresh_tokens: this.grantsByHandle.size,
      revocations: this.revocations.size,
      sessions: this.sessions.size,
      ...this.countsOfUsers(),
    }
  }

  private findByHandle(handle_hash: string): StoredGrant | undefined {
    const grant_id = this.grantsByHandle.get(handle_hash)
    return grant_id === undefined ? undefined : this.grants.get(grant_id)
  }

  private forgetHandle(stored: StoredGrant | undefined): void {
    if (stored?.refreshToken) this.grantsByHandle.delete(stored.refreshToken.handle_hash)
  }

  private revokeGrantNow(grant_id: string): void {
    this.forgetHandle(this.grants.delete(grant_id))
    this.revoke(grant_id)
  }

  private revoke(id: string): void {
    this.revocations.set(id, this.now())
  }
}
