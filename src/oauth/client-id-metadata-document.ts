/**
 * Client ID Metadata Documents: the client_id is the URL of the metadata of the client, and whoever controls the URL is
 * the client (draft-ietf-oauth-client-id-metadata-document-00, MCP 2026-07-28 basic/authorization/client-registration).
 */
import { isLoopbackHost } from '../config.ts'
import type { Context } from '../context.ts'
import type { FetchedDocument } from '../http/fetch-document.ts'
import { parseJson } from '../http/json.ts'
import { isJsonType } from '../http/message.ts'
import { isJsonObject, type JsonObject } from '../mcp/json-rpc.ts'
import {
  clientDocumentHasNoSecret, clientDocumentIsAvailable, clientDocumentIsComplete, clientDocumentIsJson,
  clientDocumentNamesItself, clientIdUrlIsValid,
} from '../rules/client-id-metadata-document.ts'
import type { Client } from '../store/records.ts'
import { readClientMetadata } from './client-metadata.ts'
import { readDocument } from './document.ts'

/** The size that the draft recommends as the limit, in bytes (section 6.6). */
const sizeLimit = 5_120

export function isClientIdUrl(client_id: string): boolean {
  return /^https?:\/\//i.test(client_id)
}

/** The client that the document describes. */
export async function findDocumentedClient(client_id: string, context: Context): Promise<Client> {
  const problem = clientIdUrlProblem(client_id, context.config.allowLoopbackDocuments)
  context.check(clientIdUrlIsValid, problem === undefined, problem)
  const read = (document: FetchedDocument): Client => readClient(document, client_id, context)
  return readDocument(client_id, sizeLimit, clientDocumentIsAvailable, read, context)
}

/** draft section 3. The URL is written as a parser writes it, so that a client has one name. */
function clientIdUrlProblem(client_id: string, allowLoopback: boolean): string | undefined {
  if (!URL.canParse(client_id)) return 'it is not a URL'
  const { href, protocol, hostname, pathname, username, password } = new URL(client_id)
  if (protocol !== 'https:' && !(allowLoopback && isLoopbackHost(hostname))) return 'it is not https'
  if (pathname === '/') return 'it has no path'
  if (client_id.includes('#')) return 'it has a fragment'
  if (username !== '' || password !== '') return 'it has a user name'
  return href === client_id ? undefined : `it is not written as ${href}`
}

function readClient({ contentType, body }: FetchedDocument, client_id: string, context: Context): Client {
  context.check(clientDocumentIsJson, isJsonType(contentType), `its type is ${contentType || 'not given'}`)
  const parsed = parseJson(body)
  const document = 'value' in parsed ? parsed.value : undefined
  context.check(clientDocumentIsJson, isJsonObject(document), 'problem' in parsed ? parsed.problem : 'it is not a JSON object')
  context.check(clientDocumentNamesItself, document['client_id'] === client_id, document['client_id'], client_id)
  for (const name of ['client_name', 'redirect_uris']) {
    context.check(clientDocumentIsComplete, document[name] !== undefined, undefined, name)
  }
  const shared = sharedSecretOf(document)
  context.check(clientDocumentHasNoSecret, shared === undefined, shared)
  return {
    client_id,
    client_id_issued_at: Math.floor(context.now()),
    metadata: readClientMetadata({ token_endpoint_auth_method: 'none', ...document }, context),
  }
}

/** draft section 4.1: no method that is built on a shared secret. */
function sharedSecretOf(document: JsonObject): string | undefined {
  const method = document['token_endpoint_auth_method']
  if (typeof method === 'string' && method.startsWith('client_secret_')) return method
  return ['client_secret', 'client_secret_expires_at'].find(name => name in document)
}
