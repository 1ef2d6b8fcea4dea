/** Dynamic client registration (RFC 7591, MCP 2026-07-28 basic/authorization/client-registration). */
import { readJsonObject, send } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { formatScope } from '../../base/protocol/scope.ts'
import { registrationIsAccepted, registrationIsComplete, registrationIsPossible } from '../rules/client.ts'
import { coreAuthenticationMethods, methodFor } from './client-authentication.ts'
import type { AuthorizationServer } from './discovery.ts'
import { checkAnswer } from './oauth-error.ts'
import type { Registration } from './seams/storage.ts'
import { isTokenText } from './token-request.ts'

/** The methods for which the client can register: those that need no key. */
const methods = [...coreAuthenticationMethods.keys()]

const clientName = 'MCP authorization client'

/**
 * Registers the client (RFC 7591 section 3.1). `scopes` is empty unless an earlier registration did not cover them: a
 * client that names its first scopes may not be allowed to request others later.
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
  if (response.status === 200) trace.note('the server answers a registration with 200: RFC 7591 section 3.2.1 says 201')
  const registration = readRegistration(readJsonObject(response, trace), server, redirect_uri, scopes, trace)
  trace.note(`client_id ${registration.client_id}, authentication ${registration.token_endpoint_auth_method}`)
  return registration
}

function clientMetadata(server: AuthorizationServer, redirect_uri: string, scopes: readonly string[]) {
  const { token_endpoint_auth_methods_supported, grant_types_supported = ['authorization_code', 'refresh_token'] } = server
  return {
    client_name: clientName,
    redirect_uris: [redirect_uri],
    // A server that does not know a grant type may refuse the registration (RFC 7591 section 3.2.2).
    grant_types: ['authorization_code', 'refresh_token'].filter(type => grant_types_supported.includes(type)),
    response_types: ['code'],
    token_endpoint_auth_method: methods.find(method => token_endpoint_auth_methods_supported.includes(method)) ?? 'none',
    // MCP 2026-07-28, Application Type and Redirect URI Constraints: without it, OpenID Connect assumes web.
    application_type: 'native',
    software_id: 'mcp-authorization',
    ...(scopes.length === 0 ? {} : { scope: formatScope(scopes) }),
  }
}

/** RFC 7591 section 3.2.1: the response, not the request, says what was registered. */
function readRegistration(
  response: JsonObject, server: AuthorizationServer, redirect_uri: string, scopes: readonly string[], trace: Trace,
): Registration {
  const { client_id, client_secret, client_secret_expires_at, scope } = response
  const { registration_client_uri, registration_access_token } = response
  trace.check(registrationIsComplete, typeof client_id === 'string' && client_id !== '', undefined, 'client_id')
  const named = response['token_endpoint_auth_method']
  const method = typeof named === 'string' ? named : methodFor(client_secret, server)
  const supported = `a token_endpoint_auth_method that this client supports (${methods.join(', ')})`
  trace.check(registrationIsComplete, methods.includes(method), method, supported)
  const isComplete = method === 'none' || typeof client_secret === 'string'
  trace.check(registrationIsComplete, isComplete, method, 'client_secret')
  const isManageable = typeof registration_client_uri === 'string' && isTokenText(registration_access_token)
  return {
    client_id,
    token_endpoint_auth_method: method,
    redirect_uri,
    ...(typeof client_secret === 'string' && method !== 'none' ? { client_secret } : {}),
    ...(typeof client_secret === 'string' ? secretExpiry(client_secret_expires_at) : {}),
    ...(typeof scope === 'string' ? { scope } : {}),
    ...(scopes.length === 0 ? {} : { requested_scope: formatScope(scopes) }),
    ...(isManageable ? { registration_client_uri, registration_access_token } : {}),
  }
}

/**
 * The end of a client secret, in seconds; 0 means that it has none (RFC 7591 section 3.2.1). Some servers send milliseconds,
 * and -1 or the largest number that they know for a secret that does not expire.
 */
export function secretExpiry(value: unknown): Pick<Registration, 'client_secret_expires_at'> {
  if (typeof value !== 'number') return {}
  const seconds = value > latestSeconds ? value / 1000 : value
  return { client_secret_expires_at: seconds >= 0 && seconds <= latestSeconds ? Math.floor(seconds) : 0 }
}

/** The year 5138. No secret expires later, and a date in milliseconds is always larger. */
const latestSeconds = 1e11
