/** Client authentication at the token endpoint: the methods of the core (RFC 6749 section 2.3). */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { AuthorizationServer } from './discovery.ts'
import type { AuthenticationMethod, AuthenticationMethods, Credentials } from './seams/client-authentication.ts'
import type { Registration } from './seams/storage.ts'

/** The client registers for the first of them that the server supports. */
export const coreAuthenticationMethods: AuthenticationMethods = new Map<string, AuthenticationMethod>([
  ['none', ({ client_id }) => ({ parameters: { client_id } })],
  ['client_secret_basic', ({ client_id, client_secret = '' }) => ({
    headers: { authorization: basicCredentials(client_id, client_secret) },
  })],
  ['client_secret_post', ({ client_id, client_secret }) => ({ parameters: { client_id, client_secret } })],
])

export function authenticate(registration: Registration, issuer: string, methods: AuthenticationMethods): Credentials {
  const { client_id, token_endpoint_auth_method } = registration
  const method = methods.get(token_endpoint_auth_method)
  if (method) return method(registration, issuer)
  throw new ClientError(`the client ${client_id} cannot authenticate by ${token_endpoint_auth_method}`, exitCodes.usage, {
    remedy: `Register it with one of these methods: ${[...methods.keys()].join(', ')}.`,
  })
}

/**
 * The method of a client for which no method was named: `none` without a secret, otherwise Basic, unless the server
 * supports only the secret in the body. Metadata without a list means Basic (RFC 8414 section 2).
 */
export function methodFor(
  client_secret: unknown, { token_endpoint_auth_methods_supported: supported }: AuthorizationServer,
): string {
  if (typeof client_secret !== 'string') return 'none'
  const isPostOnly = supported.includes('client_secret_post') && !supported.includes('client_secret_basic')
  return isPostOnly ? 'client_secret_post' : 'client_secret_basic'
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined, so a colon in them is unambiguous. */
function basicCredentials(client_id: string, client_secret: string): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(client_id)}:${encode(client_secret)}`).toString('base64')}`
}
