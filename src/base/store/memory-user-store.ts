/** The part of the memory store about users: browser sessions, sign-in attempts and consent. */
import { ExpiringMap } from './expiring-map.ts'
import type { BrowserSession, Consent } from './records.ts'
import type { AttemptKey, Attempts } from './store.ts'

const day = 86_400

/** How many decisions are remembered per user. */
const maxConsents = 100

/** In seconds. How long sign-in attempts add up, from the first one on. */
const attemptsWindow = 900

export abstract class MemoryUserStore {
  protected readonly now: () => number
  private readonly browserSessions: ExpiringMap<BrowserSession>
  private readonly attempts: Readonly<Record<AttemptKey, ExpiringMap<Attempts>>>
  private readonly consents: ExpiringMap<readonly Consent[]>

  constructor(now: () => number) {
    this.now = now
    // Holds the valid sessions, not the ended ones, so that the worst an eviction does is to make somebody sign in again.
    this.browserSessions = new ExpiringMap({ limit: 20_000, lifetime: day / 2, now })
    this.attempts = {
      name: new ExpiringMap({ limit: 50_000, lifetime: attemptsWindow, now }),
      address: new ExpiringMap({ limit: 50_000, lifetime: attemptsWindow, now }),
    }
    this.consents = new ExpiringMap({ limit: 20_000, lifetime: 90 * day, now })
  }

  async addBrowserSession(id_hash: string, session: BrowserSession): Promise<void> {
    this.browserSessions.set(id_hash, session)
  }

  async findBrowserSession(id_hash: string): Promise<BrowserSession | undefined> {
    return this.browserSessions.get(id_hash)
  }

  async removeBrowserSession(id_hash: string): Promise<void> {
    this.browserSessions.delete(id_hash)
  }

  async countAttempt(key: AttemptKey, key_hash: string): Promise<Attempts> {
    const counted = this.attempts[key]
    const earlier = counted.get(key_hash)
    const attempts = { count: (earlier?.count ?? 0) + 1, ends_at: earlier?.ends_at ?? this.now() + attemptsWindow }
    if (earlier) counted.update(key_hash, attempts)
    else counted.set(key_hash, attempts)
    return attempts
  }

  async forgetAttempts(key: AttemptKey, key_hash: string): Promise<void> {
    this.attempts[key].delete(key_hash)
  }

  async rememberConsent(consent: Consent): Promise<void> {
    const { sub, client_id, redirect_host } = consent
    const others = (this.consents.get(sub) ?? []).filter(other => !isSameConsent(other, client_id, redirect_host))
    this.consents.set(sub, [...others, consent].slice(-maxConsents))
  }

  async findConsent(sub: string, client_id: string, redirect_host: string): Promise<Consent | undefined> {
    return this.consents.get(sub)?.find(consent => isSameConsent(consent, client_id, redirect_host))
  }

  async listConsents(sub: string): Promise<readonly Consent[]> {
    return this.consents.get(sub) ?? []
  }

  async forgetConsent(sub: string, client_id: string, redirect_host: string): Promise<void> {
    this.keepConsents(sub, consent => !isSameConsent(consent, client_id, redirect_host))
  }

  protected keepConsents(sub: string, isKept: (consent: Consent) => boolean): void {
    const kept = (this.consents.get(sub) ?? []).filter(isKept)
    if (kept.length === 0) this.consents.delete(sub)
    else this.consents.update(sub, kept)
  }

  protected countsOfUsers(): Readonly<Record<string, number>> {
    return { browser_sessions: this.browserSessions.size, consents: this.consents.size }
  }
}

function isSameConsent(consent: Consent, client_id: string, redirect_host: string): boolean {
  return consent.client_id === client_id && consent.redirect_host === redirect_host
}
