/** What the storage holds: its records, and whether a text is one of a state that may be used. */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'

/**
 * A client as an authorization server registered it; it is never shown to another
 * (MCP 2026-07-28, Authorization Server Binding).
 */
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

/** The state, or undefined where the text is anything else: half a record is none. */
export function parseState(text: string): ClientState | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  const { version = 1, registrations, servers } = value
  // What a later version keeps may mean something else, and would be lost when this one writes.
  if (version !== 1) return undefined
  if (!isTable(registrations, isRegistration) || !isTable(servers, isStoredTokens)) return undefined
  return { registrations, servers }
}

function isTable<T>(value: unknown, isItem: (item: unknown) => item is T): value is Record<string, T> {
  return isJsonObject(value) && Object.values(value).every(isItem)
}

function isRegistration(value: unknown): value is Registration {
  return isJsonObject(value) && hasTexts(value, ['client_id', 'token_endpoint_auth_method', 'redirect_uri'])
    && mayHaveTexts(value, ['client_secret', 'scope', 'registration_client_uri', 'registration_access_token'])
    && isDate(value['client_secret_expires_at'])
}

function isStoredTokens(value: unknown): value is StoredTokens {
  return isJsonObject(value) && hasTexts(value, ['issuer', 'token_endpoint', 'access_token', 'token_type'])
    && mayHaveTexts(value, ['revocation_endpoint', 'resource', 'refresh_token', 'scope'])
    && isDate(value['expires_at']) && (value['dpop_key'] === undefined || isJsonObject(value['dpop_key']))
    && isRegistration(value['registration'])
    && Array.isArray(value['requested_scopes']) && value['requested_scopes'].every(scope => typeof scope === 'string')
}

function hasTexts(value: JsonObject, names: readonly string[]): boolean {
  return names.every(name => typeof value[name] === 'string')
}

function mayHaveTexts(value: JsonObject, names: readonly string[]): boolean {
  return names.every(name => value[name] === undefined || typeof value[name] === 'string')
}

/** Absent, or seconds that are a date to JavaScript, which ends in the year 275760. */
function isDate(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Math.abs(value) <= 8.64e12)
}
