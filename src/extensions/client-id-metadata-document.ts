/**
 * Client ID Metadata Documents: the client_id is the URL of the client metadata, and control of that URL is what identifies
 * the client (draft-ietf-oauth-client-id-metadata-document-00, MCP 2026-07-28 basic/authorization/client-registration).
 */
import type { FetchedDocument } from '../base/http/fetch-document.ts'
import { isJsonType } from '../base/http/message.ts'
import { OAuthError } from '../base/protocol/errors.ts'
import { isJsonObject, parseJson, presentMembers, type JsonObject } from '../base/protocol/json.ts'
import type { Client, ClientMetadata } from '../base/store/records.ts'
import type { Context } from '../core/context/context.ts'
import { readClientMetadata } from '../core/oauth/client-metadata.ts'
import { documentUrlProblem, readDocument } from './document.ts'
import {
  clientDocumentDescribesAClient, clientDocumentHasNoSecret, clientDocumentIsAvailable, clientDocumentIsComplete,
  clientDocumentIsJson, clientDocumentNamesItself, clientIdUrlIsValid,
} from './rules/client-id-metadata-document.ts'

/** In bytes: the limit that section 6.6 of the draft recommends. */
const sizeLimit = 5_120

/** The client that the document describes. It is built from the document for each request, and never stored. */
export async function findDocumentedClient(client_id: string, context: Context): Promise<Client> {
  const problem = clientIdUrlProblem(client_id, context)
  context.check(clientIdUrlIsValid, problem === undefined, problem)
  return readDocument(client_id, {
    sizeLimit, rule: clientDocumentIsAvailable, read: document => readClient(document, client_id, context),
  }, context)
}

/** Section 3 of the draft. */
function clientIdUrlProblem(client_id: string, context: Context): string | undefined {
  return documentUrlProblem(client_id, context) ?? (new URL(client_id).pathname === '/' ? 'it has no path' : undefined)
}

function readClient({ contentType, body }: FetchedDocument, client_id: string, context: Context): Client {
  context.check(clientDocumentIsJson, isJsonType(contentType), `its Content-Type is ${contentType || 'missing'}`)
  const parsed = parseJson(body)
  const value = 'value' in parsed ? parsed.value : undefined
  context.check(clientDocumentIsJson, isJsonObject(value), 'problem' in parsed ? parsed.problem : 'it is not a JSON object')
  const document = presentMembers(value)
  context.check(clientDocumentNamesItself, document['client_id'] === client_id, document['client_id'], client_id)
  context.check(clientDocumentIsComplete, typeof document['client_name'] === 'string', undefined, 'client_name')
  context.check(clientDocumentIsComplete, document['redirect_uris'] !== undefined, undefined, 'redirect_uris')
  const secretMember = findSharedSecret(document)
  context.check(clientDocumentHasNoSecret, secretMember === undefined, secretMember)
  return { client_id, client_id_issued_at: Math.floor(context.now()), metadata: readMetadata(document, context) }
}

/** Section 4.1 of the draft: no authentication with a shared secret, which anybody could read in the document. */
function findSharedSecret(document: JsonObject): string | undefined {
  const method = document['token_endpoint_auth_method']
  if (typeof method === 'string' && method.startsWith('client_secret_')) return method
  return ['client_secret', 'client_secret_expires_at'].find(name => name in document)
}

/**
 * Validates the metadata with the rules of registration. Their error codes exist only at the registration endpoint, so here
 * they all become one rule.
 */
function readMetadata(document: JsonObject, context: Context): ClientMetadata {
  try {
    // RFC 7591 section 2 defaults to a client secret, but a document cannot have one.
    return readClientMetadata({ token_endpoint_auth_method: 'none', ...document }, context)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    context.fail(clientDocumentDescribesAClient, error.message)
  }
}
