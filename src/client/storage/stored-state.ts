/** Reads the text of stored state. */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import type { ClientState, Registration, StoredTokens } from '../../core/client/storage.ts'

export const emptyState: ClientState = { registrations: {}, servers: {} }

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
