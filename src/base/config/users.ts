/** The users who can sign in: those in OAUTH_USERS_FILE, or during development two demonstration users without passwords. */
import { decoyFor, verifyPassword, type PasswordHash } from './password.ts'

/** A resource owner (RFC 6749 section 1.1). */
export interface User {
  /** The subject identifier, which access tokens carry. Never reassign it. */
  readonly sub: string
  readonly username: string
  readonly name: string
  readonly email: string
}

/** Verifying a password takes 32 MB and one of the four threads of Node, so the number of attempts at once is limited. */
const maxRunning = 2
const maxWaiting = 50

export const demonstrationUsers: readonly User[] = [
  { sub: 'demo-user', username: 'demo', name: 'Demo User', email: 'demo@example.com' },
  { sub: 'guest-user', username: 'guest', name: 'Guest User', email: 'guest@example.com' },
]

export class Users {
  readonly list: readonly User[]
  private readonly bySub: ReadonlyMap<string, User>
  private readonly byName: ReadonlyMap<string, User>
  private readonly hashes: ReadonlyMap<User, PasswordHash>
  private readonly decoy: PasswordHash
  private running = 0
  private readonly waiting: (() => void)[] = []

  /** Users without password hashes are demonstration users, who sign in with one click. */
  constructor(list: readonly User[], hashes: ReadonlyMap<User, PasswordHash> = new Map()) {
    this.list = list
    this.hashes = hashes
    this.bySub = new Map(list.map(user => [user.sub, user]))
    this.byName = new Map(list.map(user => [comparableName(user.username), user]))
    this.decoy = decoyFor([...hashes.values()][0])
  }

  /** Whether all users are demonstration users. */
  get areForDemonstration(): boolean {
    return this.list.length > 0 && this.hashes.size === 0
  }

  get isBusy(): boolean {
    return this.waiting.length >= maxWaiting
  }

  find(sub: string): User | undefined {
    return this.bySub.get(sub)
  }

  /** Finds the user by name and password. An unknown name takes as long as a wrong password, so timing does not reveal it. */
  async authenticate(username: string, password: string): Promise<User | undefined> {
    const user = this.byName.get(comparableName(username))
    const hash = user && this.hashes.get(user)
    await this.enter()
    try {
      return await verifyPassword(password, hash ?? this.decoy) && hash ? user : undefined
    } finally {
      this.leave()
    }
  }

  private async enter(): Promise<void> {
    if (this.running < maxRunning) this.running++
    else await new Promise<void>(resolve => this.waiting.push(resolve))
  }

  /** Hands the free slot to the next waiting attempt. */
  private leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.running--
  }
}

/** Makes spellings of a user name equal that people cannot tell apart, much like RFC 8265 section 3.3. */
export function comparableName(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase()
}
