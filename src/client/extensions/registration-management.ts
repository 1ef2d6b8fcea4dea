/** Management of a dynamic registration (RFC 7592). */
import { looseJson, send } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import type { Registration } from '../../core/client/seams/storage.ts'
import { checkEndpoint } from '../../core/client/endpoint.ts'
import { secretExpiry } from '../../core/client/registration.ts'
import { isTokenText } from '../../core/client/token-request.ts'

/**
 * Reads the current registration (RFC 7592 section 2.1). Returns undefined if the server has forgotten it. Otherwise the user
 * would find that out only in the browser, on an error page.
 */
export async function confirmRegistration(stored: Registration, issuer: string, trace: Trace): Promise<Registration | undefined> {
  const { registration_client_uri: url, registration_access_token: token } = stored
  if (url === undefined || token === undefined || !isUsable(url, issuer, trace)) return stored
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
  const response = await send({ method: 'GET', url, headers }, trace)
  if (response.status === 401 || response.status === 404) return undefined
  if (response.status !== 200) return stored
  // The response may replace the secret and the access token; the old ones no longer work.
  const { client_secret, client_secret_expires_at, registration_access_token } = looseJson(response)
  return {
    ...stored,
    ...(typeof client_secret === 'string' && stored.client_secret !== undefined ? { client_secret } : {}),
    ...(stored.client_secret === undefined ? {} : secretExpiry(client_secret_expires_at)),
    ...(isTokenText(registration_access_token) ? { registration_access_token } : {}),
  }
}

/** Deletes the registration (RFC 7592 section 2.3). Only clients that registered themselves have the URI and the token for it. */
export async function deleteRegistration(stored: Registration, issuer: string, trace: Trace): Promise<void> {
  const { registration_client_uri: url, registration_access_token: token } = stored
  if (url === undefined || token === undefined || !isUsable(url, issuer, trace)) return
  trace.step('Delete the registration', 'RFC 7592 section 2.3')
  try {
    const { status } = await send({ method: 'DELETE', url, headers: { authorization: `Bearer ${token}` } }, trace)
    // RFC 7592 section 2.3: 204. A server that does not know the registration any more has nothing to delete.
    if (status >= 400 && status !== 401 && status !== 404) trace.note(`the server answered ${status} and keeps the registration; it is deleted here only`)
  } catch {
    trace.note('the authorization server cannot be reached and keeps the registration; it is deleted here only')
  }
}

/** An unusable URI costs the management of the registration, not the registration. */
function isUsable(url: string, issuer: string, trace: Trace): boolean {
  try {
    checkEndpoint(url, issuer, trace)
    return true
  } catch (error) {
    trace.note(`the registration cannot be managed: ${(error as Error).message}`)
    return false
  }
}
