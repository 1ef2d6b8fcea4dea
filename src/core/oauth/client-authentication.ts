/** Client authentication (RFC 6749 section 2.3 and section 3.2.1), by the method that the client registered. */
import { isUtf8 } from 'node:buffer'
import type { Context } from '../context/context.ts'
import { constantTimeEqual, sha256 } from '../../base/protocol/crypto.ts'
import type { Request } from '../../base/http/message.ts'
import type { Parameters } from '../../base/http/parameters.ts'
import {
  authenticationMethodIsRegistered, basicCredentialsAreWellFormed, clientIsKnown, clientSecretMatches,
  oneAuthenticationMethodIsUsed,
} from '../rules/client-authentication.ts'
import type { AuthenticationMethod, Client } from '../../base/store/records.ts'
import { readClientAssertion, verifyClientAssertion, type ClientAssertion } from '../../extensions/client-assertion.ts'
import { findClient } from './find-client.ts'

interface Credentials {
  readonly method: AuthenticationMethod
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly assertion?: ClientAssertion
}

export async function authenticateClient(request: Request, form: Parameters, context: Context): Promise<Client> {
  const { method, client_id, client_secret, assertion } = readCredentials(request, form, context)
  const client = await findClient(client_id, context)
  // Before anything is refused, so that the time does not tell an unknown client from a wrong secret.
  const secretMatches = client_secret !== undefined
    && constantTimeEqual(sha256(client_secret), client?.client_secret_hash ?? hashOfNoSecret)
  context.check(clientIsKnown, client !== undefined, client_id)
  const registered = client.metadata.token_endpoint_auth_method
  // A client that named no method has a secret and may send it either way (RFC 7591 section 2: Basic by default).
  const allowed = registered === undefined ? client_secret !== undefined : method === registered
  context.check(authenticationMethodIsRegistered, allowed, method, registered ?? 'client_secret_basic')
  if (assertion) await verifyClientAssertion(assertion, client, context)
  context.check(clientSecretMatches, client_secret === undefined || secretMatches)
  return client
}

/** As long as the SHA-256 of a secret, and that of none. */
const hashOfNoSecret = '-'.repeat(43)

/** Whether the client has no way to authenticate, so that anybody can send its client_id (RFC 6749 section 2.1). */
export function isPublicClient({ metadata }: Client): boolean {
  return metadata.token_endpoint_auth_method === 'none'
}

function readCredentials(request: Request, form: Parameters, context: Context): Credentials {
  const { authorization } = request.headers
  const client_secret = form.get('client_secret')
  const client_assertion = form.get('client_assertion')
  const secrets = [authorization, client_secret, client_assertion].filter(secret => secret !== undefined)
  context.check(oneAuthenticationMethodIsUsed, secrets.length <= 1)
  if (client_assertion !== undefined) {
    const assertion = readClientAssertion(client_assertion, form.get('client_assertion_type'), form.get('client_id'), context)
    return { method: 'private_key_jwt', client_id: assertion.client_id, assertion }
  }
  if (authorization === undefined) {
    const client_id = form.required('client_id')
    return { method: client_secret === undefined ? 'none' : 'client_secret_post', client_id, client_secret }
  }
  const basic = decodeBasic(authorization)
  context.check(basicCredentialsAreWellFormed, basic !== undefined)
  const client_id = form.get('client_id') ?? basic.client_id
  context.check(oneAuthenticationMethodIsUsed, client_id === basic.client_id)
  return { method: 'client_secret_basic', ...basic }
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined by a colon and encoded as base64. */
function decodeBasic(authorization: string): { client_id: string; client_secret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes)) return undefined
  const pair = bytes.toString()
  const colon = pair.indexOf(':')
  const client_id = formDecode(pair.slice(0, colon))
  const client_secret = formDecode(pair.slice(colon + 1))
  return colon > 0 && client_id && client_secret ? { client_id, client_secret } : undefined
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
