/** Management of a dynamic registration (RFC 7592). */
import { looseJson, send } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import type { Registration } from '../../core/client/seams/storage.ts'
import { isTokenText } from '../../core/client/token-request.ts'

/**
 * Reads the current registration (RFC 7592 section 2.1). Returns undefined if the server has forgotten it. Otherwise the user
 * would find that out only in the browser, on an error page.
 */
export async function confirmRegistration(stored: Registration, trace: Trace): Promise<Registration | undefined> {
  const { registration_client_uri: url, registration_access_token: token } = stored
  if (url === undefined || token === undefined) return stored
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
  const response = await send({ method: 'GET', url, headers }, trace)
  if (response.status === 401 || response.status === 404) return undefined
  if (response.status !== 200) return stored
  // The response may replace the secret and the access token; the old ones no longer work.
  const { client_secret, client_secret_expires_at, registration_access_token } = looseJson(response)
  return {
    ...stored,
    ...(typeof client_secret === 'string' && stored.client_secret !== undefined ? { client_secret } : {}),
    ...(typeof client_secret_expires_at === 'number' ? { client_secret_expires_at } : {}),
    ...(isTokenText(registration_access_token) ? { registration_access_token } : {}),
  }
}

/** Deletes the registration (RFC 7592 section 2.3). Only clients that registered themselves have the URI and the token for it. */
export async function deleteRegistration(stored: Registration, trace: Trace): Promise<void> {
  const { registration_client_uri: url, registration_access_token: token } = stored
  if (url === undefined || token === undefined) return
  trace.step('Delete the registration', 'RFC 7592 section 2.3')
  try {
    await send({ method: 'DELETE', url, headers: { authorization: `Bearer ${token}` } }, trace)
  } catch {
    trace.note('the authorization server cannot be reached and keeps the registration; it is deleted here only')
  }
}
