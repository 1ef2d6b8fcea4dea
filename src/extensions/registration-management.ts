/** Reading, updating and deleting a registration with its registration access token (RFC 7592). */
import { empty, json, type Reply, type Request } from '../base/http/message.ts'
import { constantTimeEqual, randomToken, sha256 } from '../base/protocol/crypto.ts'
import type { Client } from '../base/store/records.ts'
import type { Context } from '../core/context/context.ts'
import { readClientMetadata } from '../core/oauth/client-metadata.ts'
import { describeClient, hasSecret, noStore, readMetadataBody } from '../core/oauth/register.ts'
import { clientIdIsUnchanged, registrationAccessTokenMatches } from './rules/registration-management.ts'

/** RFC 7592 section 2.1. */
export async function readRegistration(request: Request, context: Context): Promise<Reply> {
  const { client, registration_access_token } = await authenticate(request, context)
  return json(200, { ...describeClient(client, context), registration_access_token }, noStore)
}

/** RFC 7592 section 2.2: the metadata in the request replaces all registered metadata. */
export async function updateRegistration(request: Request, context: Context): Promise<Reply> {
  const { client, registration_access_token } = await authenticate(request, context)
  const body = await readMetadataBody(request, context)
  const secret = body['client_secret']
  const sameSecret = secret === undefined || (typeof secret === 'string' && client.client_secret_hash === sha256(secret))
  context.check(clientIdIsUnchanged, body['client_id'] === client.client_id && sameSecret, body['client_id'], client.client_id)
  const metadata = readClientMetadata(body, context)

  const { client_secret_hash: known, ...kept } = client
  const needsSecret = hasSecret(metadata)
  // A client that changes from `none` to a secret gets one now. A client that has a secret keeps it.
  const client_secret = needsSecret && known === undefined ? randomToken() : undefined
  const client_secret_hash = client_secret === undefined ? known : sha256(client_secret)
  const updated: Client = {
    ...kept, metadata, ...(needsSecret && client_secret_hash !== undefined ? { client_secret_hash } : {}),
  }
  await context.store.replaceClient(updated)
  context.audit('client updated', { client_id: client.client_id, client_name: metadata.client_name })
  return json(200, {
    ...describeClient(updated, context),
    ...(client_secret === undefined ? {} : { client_secret }),
    registration_access_token,
  }, noStore)
}

/** RFC 7592 section 2.3: deleting a client revokes its grants and tokens. */
export async function deleteRegistration(request: Request, context: Context): Promise<Reply> {
  const { client } = await authenticate(request, context)
  await context.store.removeClient(client.client_id)
  context.audit('client deleted', { client_id: client.client_id })
  return empty(204, noStore)
}

/** An unknown client and a wrong token get the same error (RFC 7592 section 2.1), so nobody can probe for clients. */
async function authenticate(
  request: Request, context: Context,
): Promise<{ client: Client; registration_access_token: string }> {
  const registration_access_token = /^Bearer +([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const client = await context.store.findClient(request.parameter)
  const matches = client?.registration_access_token_hash !== undefined && registration_access_token !== undefined
    && constantTimeEqual(sha256(registration_access_token), client.registration_access_token_hash)
  context.check(registrationAccessTokenMatches, matches)
  return { client, registration_access_token }
}
