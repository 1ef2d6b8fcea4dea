/**
 * The schema of the stored state. What is written passes through it as what is read does, so the client never writes what
 * it cannot read back. A record that does not fit is left out; it costs no other record.
 */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import type { ClientState, Registration, StoredTokens } from '../../core/client/seams/storage.ts'

export const emptyState: ClientState = { registrations: {}, servers: {} }

interface ReadState {
  readonly state: ClientState
  /** The records that are not valid, as people read it. */
  readonly problems: readonly string[]
}

/** Returns what is valid of the text, or undefined if it is not the state of a client at all. */
export function parseState(text: string): ReadState | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  const { version = 1, registrations, servers } = value
  // A later version may store more. This version would misread it, and lose it with the next write.
  if (version !== 1 || !isJsonObject(registrations) || !isJsonObject(servers)) return undefined
  return validState({ registrations, servers })
}

export function formatState(state: ClientState): string {
  // Through JSON first: it has no infinity, and drops what is undefined.
  const { registrations, servers } = validState(JSON.parse(JSON.stringify(state)) as Tables).state
  return `${JSON.stringify({ version: 1, registrations, servers }, undefined, 2)}\n`
}

interface Tables {
  readonly registrations: JsonObject
  readonly servers: JsonObject
}

function validState({ registrations, servers }: Tables): ReadState {
  const problems: string[] = []
  const validTable = <T>(table: JsonObject, kind: string, read: (value: unknown) => T | undefined): Record<string, T> => {
    const entries = Object.entries(table).map(([key, value]) => [key, read(value)] as const)
    problems.push(...entries.filter(([, record]) => record === undefined).map(([key]) => `the ${kind} ${key}`))
    return Object.fromEntries(entries.filter((entry): entry is [string, T & {}] => entry[1] !== undefined))
  }
  const state = {
    registrations: validTable(registrations, 'registration at', readRegistration),
    servers: validTable(servers, 'tokens for', readTokens),
  }
  return { state, problems }
}

type Check = (value: unknown) => boolean

const isText: Check = value => typeof value === 'string'
const isFilled: Check = value => typeof value === 'string' && value !== ''
/** Seconds within the range of a JavaScript Date, which ends in the year 275760. */
const isDate: Check = value => typeof value === 'number' && Math.abs(value) <= 8.64e12

const registrationMembers: Members = {
  required: { client_id: isFilled, token_endpoint_auth_method: isFilled, redirect_uri: isText },
  optional: {
    client_secret: isFilled, client_secret_expires_at: isDate, scope: isText, requested_scope: isText,
    registration_client_uri: isFilled, registration_access_token: isFilled,
  },
}

const tokensMembers: Members = {
  required: {
    issuer: isUrl, token_endpoint: isUrl, access_token: isFilled, token_type: isFilled,
    registration: value => readRegistration(value) !== undefined,
    requested_scopes: value => Array.isArray(value) && value.every(isText),
  },
  optional: {
    revocation_endpoint: isUrl, resource: isFilled, refresh_token: isFilled, scope: isText, expires_at: isDate, dpop_key: isJsonObject,
  },
}

interface Members {
  readonly required: Readonly<Record<string, Check>>
  readonly optional: Readonly<Record<string, Check>>
}

function readRegistration(value: unknown): Registration | undefined {
  return readMembers(value, registrationMembers) as Registration | undefined
}

function readTokens(value: unknown): StoredTokens | undefined {
  const tokens = readMembers(value, tokensMembers) as StoredTokens | undefined
  return tokens && { ...tokens, registration: readRegistration(tokens.registration)! }
}

/** The record without the optional members that are not valid, or undefined if a required one is not. */
function readMembers(value: unknown, { required, optional }: Members): JsonObject | undefined {
  if (!isJsonObject(value) || Object.entries(required).some(([name, isValid]) => !isValid(value[name]))) return undefined
  return Object.fromEntries(Object.entries(value).filter(([name, member]) => !Object.hasOwn(optional, name) || optional[name]!(member)))
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value)
}
