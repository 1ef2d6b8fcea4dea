/**
 * Client ID Metadata Documents: the client_id is the URL of the metadata of the client, and whoever controls the URL is
 * the client (draft-ietf-oauth-client-id-metadata-document-00, MCP 2026-07-28 basic/authorization/client-registration).
 */
import type { FetchedDocument } from '../base/http/fetch-document.ts'
import { isJsonType } from '../base/http/message.ts'
import { OAuthError } from '../base/protocol/errors.ts'
import { isJsonObject, parseJson, type JsonObject } from '../base/protocol/json.ts'
import type { Client, ClientMetadata } from '../base/store/records.ts'
import type { Context } from '../core/context/context.ts'
import { readClientMetadata } from '../core/oauth/client-metadata.ts'
import { documentUrlProblem, readDocument } from './document.ts'
import {
  clientDocumentDescribesAClient, clientDocumentHasNoSecret, clientDocumentIsAvailable, clientDocumentIsComplete,
  clientDocumentIsJson, clientDocumentNamesItself, clientIdUrlIsValid,
} from './rules/client-id-metadata-document.ts'

/** The size that the draft recommends as the limit, in bytes (section 6.6). */
const sizeLimit = 5_120

/** The client that the document describes. It is made anew from the document each time, and never stored. */
export async function findDocumentedClient(client_id: string, context: Context): Promise<Client> {
  const problem = clientIdUrlProblem(client_id, context)
  context.check(clientIdUrlIsValid, problem === undefined, problem)
  return readDocument(client_id, {
    sizeLimit, rule: clientDocumentIsAvailable, read: document => readClient(document, client_id, context),
  }, context)
}

/** draft section 3. Dot segments are among what a URL parser would rewrite. */
function clientIdUrlProblem(client_id: string, context: Context): string | undefined {
  return documentUrlProblem(client_id, context) ?? (new URL(client_id).pathname === '/' ? 'it has no path' : undefined)
}

function readClient({ contentType, body }: FetchedDocument, client_id: string, context: Context): Client {
  context.check(clientDocumentIsJson, isJsonType(contentType), `its type is ${contentType || 'not given'}`)
  const parsed = parseJson(body)
  const document = 'value' in parsed ? parsed.value : undefined
  context.check(clientDocumentIsJson, isJsonObject(document), 'problem' in parsed ? parsed.problem : 'it is not a JSON object')
  context.check(clientDocumentNamesItself, document['client_id'] === client_id, document['client_id'], client_id)
  for (const name of ['client_name', 'redirect_uris']) {
    context.check(clientDocumentIsComplete, (document[name] ?? '') !== '', undefined, name)
  }
  const shared = sharedSecretOf(document)
  context.check(clientDocumentHasNoSecret, shared === undefined, shared)
  return { client_id, client_id_issued_at: Math.floor(context.now()), metadata: readMetadata(document, context) }
}

/** draft section 4.1: no method that is built on a shared secret. */
function sharedSecretOf(document: JsonObject): string | undefined {
  const method = document['token_endpoint_auth_method']
  if (typeof method === 'string' && method.startsWith('client_secret_')) return method
  return ['client_secret', 'client_secret_expires_at'].find(name => name in document)
}

/**
 * The metadata, by the rules of registration. Their error codes belong to the registration endpoint, which nobody called:
 * here they all mean that this is no client.
 */
function readMetadata(document: JsonObject, context: Context): ClientMetadata {
  // A registration without a method would get a secret (RFC 7591 section 2); here there is none to be had.
  const token_endpoint_auth_method = document['token_endpoint_auth_method'] ?? 'none'
  try {
    return readClientMetadata({ ...document, ...supportedParts(document, context), token_endpoint_auth_method }, context)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    context.fail(clientDocumentDescribesAClient, error.message)
  }
}

/** One document serves all authorization servers: what only others support is none of our business, and no mistake. */
function supportedParts({ grant_types, response_types }: JsonObject, { grants }: Context): JsonObject {
  return {
    ...(Array.isArray(grant_types) ? { grant_types: textsAmong(grant_types, [...grants.keys()]) } : {}),
    ...(Array.isArray(response_types) ? { response_types: textsAmong(response_types, ['code']) } : {}),
  }
}

/** What is no text is left for the rules to find. */
function textsAmong(list: readonly unknown[], supported: readonly string[]): readonly unknown[] {
  return list.filter(item => typeof item !== 'string' || supported.includes(item))
}
