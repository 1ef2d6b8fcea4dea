/** Dynamic Client Registration (RFC 7591 section 3). */
import { json, mediaType, type Reply, type Request } from '../../base/http/message.ts'
import { randomToken, sha256 } from '../../base/protocol/crypto.ts'
import { isJsonObject, parseJson, presentMembers, type JsonObject } from '../../base/protocol/json.ts'
import { bodyIsJson, jsonIsWellFormed } from '../../base/rules/http.ts'
import type { Client, ClientMetadata } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import { clientMetadataIsAnObject } from '../rules/registration.ts'
import { readClientMetadata } from './client-metadata.ts'

/** For responses that contain a secret (RFC 7591 section 3.2.1). `pragma` is for HTTP/1.0 caches. */
export const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' }

export async function register(request: Request, context: Context): Promise<Reply> {
  const metadata = readClientMetadata(await readMetadataBody(request, context), context)
  const registration_access_token = randomToken()
  const client_secret = hasSecret(metadata) ? randomToken() : undefined
  const client: Client = {
    client_id: randomToken(16),
    client_id_issued_at: Math.floor(context.now()),
    ...(client_secret === undefined ? {} : { client_secret_hash: sha256(client_secret) }),
    registration_access_token_hash: sha256(registration_access_token),
    metadata,
  }
  await context.store.addClient(client)
  context.audit('client registered', { client_id: client.client_id, client_name: metadata.client_name })
  return json(201, {
    ...describeClient(client, context),
    ...(client_secret === undefined ? {} : { client_secret }),
    registration_access_token,
  }, noStore)
}

/** Whether a client authenticates with a secret, which is the default (RFC 7591 section 2). */
export function hasSecret({ token_endpoint_auth_method: method }: ClientMetadata): boolean {
  return method !== 'none' && method !== 'private_key_jwt'
}

/** The members of a request, which must be a JSON object with the right Content-Type (RFC 7591 section 3.1). */
export async function readMetadataBody(request: Request, context: Context): Promise<JsonObject> {
  const type = mediaType(request.headers)
  context.check(bodyIsJson, type === 'application/json', type || 'nothing')
  const parsed = parseJson(await request.text())
  context.check(jsonIsWellFormed, 'value' in parsed, 'problem' in parsed ? parsed.problem : undefined)
  context.check(clientMetadataIsAnObject, isJsonObject(parsed.value))
  return presentMembers(parsed.value)
}

/** The client information response (RFC 7591 section 3.2.1, RFC 7592 section 3) without its secrets. */
export function describeClient(client: Client, { config }: Context): Record<string, unknown> {
  const { client_id, client_id_issued_at, client_secret_hash, metadata } = client
  return {
    client_id,
    client_id_issued_at,
    // RFC 7591 section 3.2.1: required with client_secret. 0 means that the secret does not expire.
    ...(client_secret_hash === undefined ? {} : { client_secret_expires_at: 0 }),
    ...metadata,
    // RFC 7591 section 2: the default if the client names no method.
    token_endpoint_auth_method: metadata.token_endpoint_auth_method ?? 'client_secret_basic',
    registration_client_uri: `${config.issuer}/oauth/register/${client_id}`,
  }
}
