/**
 * The users who can sign in: those of the file that OAUTH_USERS_FILE names, which is read once at start, or in
 * development two demonstration users without a password. The file is a JSON array of objects such as
 *
 *     { "sub": "1", "username": "ada", "name": "Ada Lovelace", "email": "ada@example.com", "password_hash": "$scrypt$..." }
 */
import { ConfigError } from './config.ts'
import { parseJson } from '../protocol/json.ts'
import { decoyFor, parsePasswordHash, verifyPassword, type PasswordHash } from './password.ts'

/** A resource owner (RFC 6749 section 1.1). */
export interface User {
  /** The subject identifier: `sub` of the access tokens. It is never given to somebody else. */
  readonly sub: string
  readonly username: string
  readonly name: string
  readonly email: string
}

const members = ['sub', 'username', 'name', 'email', 'password_hash'] as const

/** An attempt takes 32 MB and a thread of the four that Node has, so that few run at once and not many wait. */
const atOnce = 2
const mostWaiting = 50

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

  /** Users without hashes are demonstration users, who sign in by a click. */
  constructor(list: readonly User[], hashes: ReadonlyMap<User, PasswordHash> = new Map()) {
    this.list = list
    this.hashes = hashes
    this.bySub = new Map(list.map(user => [user.sub, user]))
    this.byName = new Map(list.map(user => [comparableName(user.username), user]))
    this.decoy = decoyFor([...hashes.values()][0])
  }

  /** Whether nobody needs a password here. */
  get areForDemonstration(): boolean {
    return this.list.length > 0 && this.hashes.size === 0
  }

  get isBusy(): boolean {
    return this.waiting.length >= mostWaiting
  }

  find(sub: string): User | undefined {
    return this.bySub.get(sub)
  }

  /** The user of this name and password. An unknown name takes as long as a wrong password, so that it does not show. */
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
    if (this.running < atOnce) this.running++
    else await new Promise<void>(resolve => this.waiting.push(resolve))
  }

  /** Whoever waits takes the place that becomes free. */
  private leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.running--
  }
}

/** Reads the text of the file; whatever is wrong with it is told with the number and the name of the entry. */
export function parseUsers(text: string): Users {
  const parsed = parseJson(text)
  if ('problem' in parsed) throw problem(`names a file that is not JSON: ${parsed.problem}`)
  if (!Array.isArray(parsed.value) || parsed.value.length === 0) throw problem('names a file that is not a list of users')
  const hashes = new Map(parsed.value.map((entry: unknown, i) => parseUser(entry, `entry ${i + 1}`)))
  const users = [...hashes.keys()]
  checkUnique('sub', users.map(({ sub }) => sub))
  checkUnique('username', users.map(({ username }) => comparableName(username)))
  return new Users(users, hashes)
}

function parseUser(entry: unknown, where: string): [User, PasswordHash] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw problem(`has an ${where} that is not an object`)
  const values = entry as Readonly<Record<string, unknown>>
  const named = typeof values['username'] === 'string' ? `${where} (${JSON.stringify(values['username'].slice(0, 60))})` : where
  for (const name of members) {
    const value = values[name]
    if (typeof value !== 'string' || value.trim() === '') throw problem(`has an ${named} without ${name}, which is a text`)
    if (value.length > 256) throw problem(`has an ${named} whose ${name} is longer than 256 characters`)
  }
  const unknown = Object.keys(values).find(name => !members.some(member => member === name))
  if (unknown !== undefined) throw problem(`has an ${named} with the unknown member ${JSON.stringify(unknown.slice(0, 60))}`)
  const { sub, username, name, email, password_hash } = values as Readonly<Record<(typeof members)[number], string>>
  const hash = parsePasswordHash(password_hash)
  if ('problem' in hash) throw problem(`has an ${named} whose password_hash ${hash.problem}: make one with bin/hash-password`)
  return [{ sub, username, name, email }, hash]
}

function checkUnique(name: string, values: readonly string[]): void {
  const twice = values.findIndex((value, i) => values.indexOf(value) < i)
  if (twice >= 0) throw problem(`has an entry ${twice + 1} whose ${name} ${JSON.stringify(values[twice])} another has`)
}

function problem(text: string): ConfigError {
  return new ConfigError('OAUTH_USERS_FILE', text)
}

/** Spellings that people would take for one user name are one, much as RFC 8265 section 3.3 has it. */
export function comparableName(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase()
}
