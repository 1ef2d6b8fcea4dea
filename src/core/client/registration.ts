/** How the client gets a client_id (MCP 2026-07-28 basic/authorization/client-registration). */
import { formatScope, includesScope, parseScope } from '../../base/protocol/scope.ts'
import { registrationIsAccepted, registrationIsComplete, registrationIsPossible } from '../rules/client.ts'
import type { AuthorizationServer } from './discovery.ts'
import { checkEndpoint } from './endpoint.ts'
import { checkAnswer, looseJson, readJsonObject, send } from './wire/http.ts'
import type { Registration } from './storage.ts'
import { isTokenText } from './token-request.ts'
import type { Trace } from './wire/trace.ts'

/** The methods of client authentication that this client has, the one that needs no secret first. */
const ownMethods = ['none', 'client_secret_basic', 'client_secret_post'] as const

const clientName = 'MCP authorization client'

/** Whether a stored registration still serves: its secret is alive, and it is for this redirect URI. */
export function isUsable(registration: Registration, redirect_uri: string, now: number): boolean {
  const { client_secret_expires_at = 0 } = registration
  const alive = client_secret_expires_at === 0 || client_secret_expires_at > now
  return alive && registration.redirect_uri === redirect_uri
}

/** Whether the scope to which the server bounded the client, if it did, is wide enough. */
export function coversScopes({ scope }: Registration, scopes: readonly string[]): boolean {
  const needed = scopes.filter(name => name !== 'offline_access')
  return scope === undefined || includesScope(parseScope(scope) ?? [], needed)
}

/**
 * Registers the client dynamically (RFC 7591 section 3.1). `scopes` are named where an earlier registration was too
 * narrow for them; else none is, so that what the client may ask for later is not bounded by what it asks for first.
 */
export async function registerClient(
  server: AuthorizationServer, redirect_uri: string, scopes: readonly string[], trace: Trace,
): Promise<Registration> {
  trace.step('Register the client', 'RFC 7591 section 3.1')
  const { registration_endpoint, issuer } = server
  trace.check(registrationIsPossible, registration_endpoint !== undefined, issuer)
  const response = await send({
    method: 'POST',
    url: registration_endpoint,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(clientMetadata(server, redirect_uri, scopes)),
  }, trace)
  checkAnswer(registrationIsAccepted, response.status === 201 || response.status === 200, response, trace)
  const registration = readRegistration(readJsonObject(response, trace), server, redirect_uri, trace)
  trace.note(`client_id ${registration.client_id}, authentication ${registration.token_endpoint_auth_method}`)
  return registration
}

/**
 * Asks the server, where it can be asked, for the registration as it is now (RFC 7592 section 2.1): there a client
 * that it has forgotten shows before a browser is opened and ends on a page. Undefined where it is forgotten.
 */
export async function confirmRegistration(stored: Registration, trace: Trace): Promise<Registration | undefined> {
  const { registration_client_uri: url, registration_access_token: token } = stored
  if (url === undefined || token === undefined) return stored
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
  const response = await send({ method: 'GET', url, headers }, trace)
  if (response.status === 401 || response.status === 404) return undefined
  if (response.status !== 200) return stored
  // A secret and a token that the answer replaces are given up at once.
  const { client_secret, client_secret_expires_at, registration_access_token } = looseJson(response)
  return {
    ...stored,
    ...(typeof client_secret === 'string' && stored.client_secret !== undefined ? { client_secret } : {}),
    ...(typeof client_secret_expires_at === 'number' ? { client_secret_expires_at } : {}),
    ...(isTokenText(registration_access_token) ? { registration_access_token } : {}),
  }
}

/** Servers that know fewer grant types refuse a registration that names more (RFC 7591 section 3.2.2). */
function clientMetadata(server: AuthorizationServer, redirect_uri: string, scopes: readonly string[]) {
  const { grant_types_supported = ['authorization_code', 'refresh_token'] } = server
  return {
    client_name: clientName,
    redirect_uris: [redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'].filter(type => grant_types_supported.includes(type)),
    response_types: ['code'],
    token_endpoint_auth_method: chooseMethod(server),
    // MCP 2026-07-28, Application Type and Redirect URI Constraints: absent, OpenID Connect takes it for web.
    application_type: 'native',
    software_id: 'mcp-authorization',
    ...(scopes.length === 0 ? {} : { scope: formatScope(scopes) }),
  }
}

function chooseMethod({ token_endpoint_auth_methods_supported }: AuthorizationServer): string {
  return ownMethods.find(method => token_endpoint_auth_methods_supported.includes(method)) ?? 'none'
}

/** RFC 7591 section 3.2.1: the response, not the request, says what was registered. */
function readRegistration(
  response: Readonly<Record<string, unknown>>, server: AuthorizationServer, redirect_uri: string, trace: Trace,
): Registration {
  const { client_id, client_secret, client_secret_expires_at, scope } = response
  const { registration_client_uri, registration_access_token } = response
  trace.check(registrationIsComplete, typeof client_id === 'string' && client_id !== '', undefined, 'client_id')
  const named = response['token_endpoint_auth_method']
  const method = typeof named === 'string' ? named : methodWithoutName(client_secret, server)
  const usable = `a token_endpoint_auth_method that this client has (${ownMethods.join(', ')})`
  trace.check(registrationIsComplete, isOwnMethod(method), method, usable)
  const complete = method === 'none' || typeof client_secret === 'string'
  trace.check(registrationIsComplete, complete, method, 'client_secret')
  if (typeof registration_client_uri === 'string') checkEndpoint(registration_client_uri, server.issuer, trace)
  const manageable = typeof registration_client_uri === 'string' && isTokenText(registration_access_token)
  return {
    client_id,
    token_endpoint_auth_method: method,
    redirect_uri,
    ...(typeof client_secret === 'string' && method !== 'none' ? { client_secret } : {}),
    ...(typeof client_secret_expires_at === 'number' ? { client_secret_expires_at } : {}),
    ...(typeof scope === 'string' ? { scope } : {}),
    ...(manageable ? { registration_client_uri, registration_access_token } : {}),
  }
}

function isOwnMethod(method: string): boolean {
  return (ownMethods as readonly string[]).includes(method)
}

/** A server that does not say which method it registered leaves the client to judge by the secret and the metadata. */
function methodWithoutName(client_secret: unknown, server: AuthorizationServer): string {
  const { token_endpoint_auth_methods_supported: supported } = server
  if (typeof client_secret !== 'string') return 'none'
  return ownMethods.find(method => method !== 'none' && supported.includes(method)) ?? 'client_secret_basic'
}
