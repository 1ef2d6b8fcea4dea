/** Client authentication (RFC 6749 section 2.3 and section 3.2.1) with the method that the client registered. */
import { isUtf8 } from 'node:buffer'
import type { Request } from '../../base/http/message.ts'
import type { Parameters } from '../../base/http/parameters.ts'
import { constantTimeEqual, sha256 } from '../../base/protocol/crypto.ts'
import type { AuthenticationMethod, Client } from '../../base/store/records.ts'
import type { Context, PresentedCredential, Services } from '../context/context.ts'
import {
  authenticationMethodIsRegistered, basicCredentialsAreWellFormed, clientIsKnown, clientSecretMatches,
  oneAuthenticationMethodIsUsed,
} from '../rules/client-authentication.ts'
import { findClient } from './find-client.ts'

/** The methods of the core. `Extensions.clientAuthentication` adds others. */
const coreMethods: readonly AuthenticationMethod[] = ['none', 'client_secret_post', 'client_secret_basic']

interface Credentials {
  readonly method: AuthenticationMethod
  readonly client_id: string
  readonly client_secret?: string | undefined
  /** The credential of a method that an extension adds. */
  readonly presented?: PresentedCredential
}

export async function authenticateClient(request: Request, form: Parameters, context: Context): Promise<Client> {
  const { method, client_id, client_secret, presented } = readCredentials(request, form, context)
  const client = await findClient(client_id, context)
  // The secret of an unknown client is compared too, so that response times do not reveal which clients exist.
  const secretMatches = client_secret !== undefined
    && constantTimeEqual(sha256(client_secret), client?.client_secret_hash ?? impossibleHash)
  context.check(clientIsKnown, client !== undefined, client_id)
  const registered = client.metadata.token_endpoint_auth_method
  // A client that registered no method has a secret, and may send it either way (RFC 7591 section 2: Basic by default).
  const allowed = registered === undefined ? client_secret !== undefined : method === registered
  context.check(authenticationMethodIsRegistered, allowed, method, registered ?? 'client_secret_basic')
  await presented?.verify(client, context)
  context.check(clientSecretMatches, client_secret === undefined || secretMatches)
  return client
}

/** Every method that a client can register. */
export function authenticationMethods({ clientAuthentication }: Services): readonly AuthenticationMethod[] {
  return [...coreMethods, ...[...clientAuthentication.values()].map(({ method }) => method)]
}

/** As long as a SHA-256 in base64url, but no hash encodes to it. */
const impossibleHash = '-'.repeat(43)

/** Whether the client cannot authenticate, so that anybody can use its client_id (RFC 6749 section 2.1). */
export function isPublicClient({ metadata }: Client): boolean {
  return metadata.token_endpoint_auth_method === 'none'
}

function readCredentials(request: Request, form: Parameters, context: Context): Credentials {
  const { authorization } = request.headers
  const client_secret = form.get('client_secret')
  const extensions = [...context.clientAuthentication].filter(([parameter]) => form.get(parameter) !== undefined)
  const used = [authorization, client_secret, ...extensions].filter(credential => credential !== undefined)
  context.check(oneAuthenticationMethodIsUsed, used.length <= 1)
  if (extensions[0]) {
    const [parameter, { method, read }] = extensions[0]
    const presented = read(form.required(parameter), form, context)
    return { method, client_id: presented.client_id, presented }
  }
  if (authorization === undefined) {
    const client_id = form.required('client_id')
    return { method: client_secret === undefined ? 'none' : 'client_secret_post', client_id, client_secret }
  }
  const basic = decodeBasic(authorization)
  context.check(basicCredentialsAreWellFormed, basic !== undefined)
  const client_id = form.get('client_id') ?? basic.client_id
  context.check(oneAuthenticationMethodIsUsed, client_id === basic.client_id)
  // Some libraries always send Basic. Without a password it proves nothing, like a client_id in the body.
  return basic.client_secret === '' ? { method: 'none', client_id } : { method: 'client_secret_basic', ...basic }
}

/** RFC 6749 section 2.3.1: the client form-encodes both parts before it joins them with a colon and encodes them as base64. */
function decodeBasic(authorization: string): { client_id: string; client_secret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes)) return undefined
  const pair = bytes.toString()
  const colon = pair.indexOf(':')
  const client_id = formDecode(pair.slice(0, colon))
  const client_secret = formDecode(pair.slice(colon + 1))
  return colon > 0 && client_id && client_secret !== undefined ? { client_id, client_secret } : undefined
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
