/** Parses and validates the stored state. */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import type { ClientState, Registration, StoredTokens } from '../../core/client/seams/storage.ts'

export const emptyState: ClientState = { registrations: {}, servers: {} }

/** Returns the state, or undefined if any part of the text is not valid. */
export function parseState(text: string): ClientState | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  const { version = 1, registrations, servers } = value
  // A later version may store more. This version would misread it, and lose it with the next write.
  if (version !== 1) return undefined
  if (!isTable(registrations, isRegistration) || !isTable(servers, isStoredTokens)) return undefined
  return { registrations, servers }
}

function isTable<T>(value: unknown, isItem: (item: unknown) => item is T): value is Record<string, T> {
  return isJsonObject(value) && Object.values(value).every(isItem)
}

function isRegistration(value: unknown): value is Registration {
  return isJsonObject(value)
    && hasStrings(value, ['client_id', 'token_endpoint_auth_method', 'redirect_uri'])
    && hasOptionalStrings(value, ['client_secret', 'scope', 'registration_client_uri', 'registration_access_token'])
    && isOptionalDate(value['client_secret_expires_at'])
}

function isStoredTokens(value: unknown): value is StoredTokens {
  return isJsonObject(value)
    && hasStrings(value, ['issuer', 'token_endpoint', 'access_token', 'token_type'])
    && hasOptionalStrings(value, ['revocation_endpoint', 'resource', 'refresh_token', 'scope'])
    && isOptionalDate(value['expires_at'])
    && (value['dpop_key'] === undefined || isJsonObject(value['dpop_key']))
    && isRegistration(value['registration'])
    && Array.isArray(value['requested_scopes']) && value['requested_scopes'].every(scope => typeof scope === 'string')
}

function hasStrings(value: JsonObject, names: readonly string[]): boolean {
  return names.every(name => typeof value[name] === 'string')
}

function hasOptionalStrings(value: JsonObject, names: readonly string[]): boolean {
  return names.every(name => value[name] === undefined || typeof value[name] === 'string')
}

/** Absent, or seconds within the range of a JavaScript Date, which ends in the year 275760. */
function isOptionalDate(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Math.abs(value) <= 8.64e12)
}
