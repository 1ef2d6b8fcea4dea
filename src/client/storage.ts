/**
 * What the client remembers: registrations by issuer, and tokens by MCP server. One JSON file, readable by its owner
 * alone, replaced as a whole, so that a crash leaves the old state or the new one.
 */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isJsonObject, type JsonObject } from '../mcp/json-rpc.ts'
import { ClientError, exitCodes } from './errors.ts'
import { withLease } from './lease.ts'

/** A client as an authorization server registered it; it is never shown to another (MCP 2026-07-28, Authorization Server Binding). */
export interface Registration {
  readonly client_id: string
  readonly client_secret?: string
  /** A NumericDate; 0 means that the secret does not expire (RFC 7591 section 3.2.1). */
  readonly client_secret_expires_at?: number
  readonly token_endpoint_auth_method: string
  readonly redirect_uri: string
  /** The scope to which the server bounded the client, where it said so. */
  readonly scope?: string
  readonly registration_client_uri?: string
  readonly registration_access_token?: string
}

/** The tokens for one MCP server, and what is needed to renew them. */
export interface StoredTokens {
  readonly issuer: string
  /** The client to which they were issued: a later registration at the same issuer cannot renew them. */
  readonly registration: Registration
  readonly token_endpoint: string
  readonly revocation_endpoint?: string
  readonly resource?: string
  readonly access_token: string
  readonly token_type: string
  /** The private key to which the tokens are bound, as a JSON Web Key (RFC 9449). */
  readonly dpop_key?: JsonObject
  /** A NumericDate; absent where the server did not say. */
  readonly expires_at?: number
  readonly refresh_token?: string
  /** The scopes that were asked for, for the union of a step-up. */
  readonly requested_scopes: readonly string[]
  /** What was granted, as the token response said. */
  readonly scope?: string
}

export interface ClientState {
  readonly registrations: Readonly<Record<string, Registration>>
  readonly servers: Readonly<Record<string, StoredTokens>>
}

export interface ClientStorage {
  read(): Promise<ClientState>
  /** Applies a change to the newest state, alone among all processes. */
  update(change: (state: ClientState) => ClientState): Promise<void>
  /** Runs `work` alone among all processes that share the storage. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
}

const emptyState: ClientState = { registrations: {}, servers: {} }

export class FileStorage implements ClientStorage {
  private readonly path: string
  private readonly warn: (text: string) => void

  constructor(path: string, warn: (text: string) => void) {
    this.path = path
    this.warn = warn
  }

  async read(): Promise<ClientState> {
    let text: string
    try {
      text = await readFile(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState
      throw this.named(error)
    }
    return parseState(text) ?? this.setAside()
  }

  async update(change: (state: ClientState) => ClientState): Promise<void> {
    try {
      await withLease(`${this.path}.writing`, async () => this.write(change(await this.read())))
    } catch (error) {
      throw this.named(error)
    }
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await withLease(`${this.path}.refreshing`, work)
    } catch (error) {
      throw this.named(error)
    }
  }

  /** An error of the file system as one that names the file; any other as it is. */
  private named(error: unknown): unknown {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) return error
    return new ClientError(`the client storage ${this.path} cannot be used: ${code}`, exitCodes.failed, {
      remedy: 'Choose another file with --storage, or correct its rights.', cause: error,
    })
  }

  /** A file that cannot be read is kept for its owner, and never written over. */
  private async setAside(): Promise<ClientState> {
    const aside = `${this.path}.corrupt-${randomUUID()}`
    try {
      await rename(this.path, aside)
    } catch (error) {
      // Another process came first, and has put a new file in its place or not.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.read()
      throw this.named(error)
    }
    this.warn(`${this.path} is not readable as client storage. It was moved to ${aside}; registrations and tokens begin anew.`)
    return emptyState
  }

  private async write(state: ClientState): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
    const temporary = `${this.path}.${randomUUID()}.tmp`
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(`${JSON.stringify({ version: 1, ...state }, undefined, 2)}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await chmod(temporary, 0o600)
      await rename(temporary, this.path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
}

/** Keeps the state for as long as the process runs; for tests and for programs that store it themselves. */
export class MemoryStorage implements ClientStorage {
  private state: ClientState = emptyState
  private last: Promise<unknown> = Promise.resolve()

  async read(): Promise<ClientState> {
    return this.state
  }

  async update(change: (state: ClientState) => ClientState): Promise<void> {
    this.state = change(this.state)
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work, work)
    this.last = mine.catch(() => {})
    return mine
  }
}

/** The state without the member `key` of one of its tables. */
export function without<T>(table: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(table).filter(([name]) => name !== key))
}

function parseState(text: string): ClientState | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  const { registrations, servers } = value
  if (!isTable(registrations, isRegistration) || !isTable(servers, isStoredTokens)) return undefined
  return { registrations, servers }
}

function isTable<T>(value: unknown, isItem: (item: unknown) => item is T): value is Record<string, T> {
  return isJsonObject(value) && Object.values(value).every(isItem)
}

function isRegistration(value: unknown): value is Registration {
  return hasTexts(value, ['client_id', 'token_endpoint_auth_method', 'redirect_uri'])
}

function isStoredTokens(value: unknown): value is StoredTokens {
  return hasTexts(value, ['issuer', 'token_endpoint', 'access_token', 'token_type'])
    && 'registration' in value && isRegistration(value.registration)
    && 'requested_scopes' in value && Array.isArray(value.requested_scopes)
}

function hasTexts(value: unknown, names: readonly string[]): value is object {
  return isJsonObject(value) && names.every(name => typeof value[name] === 'string')
}
