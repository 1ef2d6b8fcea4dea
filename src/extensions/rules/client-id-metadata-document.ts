/** Rules of a client_id that is the URL of a document (draft-ietf-oauth-client-id-metadata-document-00). */
import type { Rule } from '../../base/rules/rule.ts'

const draft = 'draft-ietf-oauth-client-id-metadata-document-00'

export const clientIdUrlIsValid: Rule = {
  id: 'client-id-url-is-valid',
  clause: `${draft} section 3`,
  error: 'invalid_client',
  status: 400,
  says: 'the client_id cannot be the URL of a metadata document: {received}',
  requires: 'The client_id is an https URL with a path and without dot segments, fragment, user name or password. It is written '
    + 'exactly as a URL parser normalizes it.',
  otherwise: 'One client could go by many client_ids, or aim this server at something that is not a document.',
  remedy: 'Use a short https URL with a path, such as https://app.example.com/oauth/client.json.',
}

export const clientDocumentIsAvailable: Rule = {
  id: 'client-document-is-available',
  clause: `${draft} section 6.5`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client is not available: {received}',
  requires: 'The URL answers 200 with at most 5 KB, without a redirect, from a public address. A host name is refused if any '
    + 'of its addresses is loopback, private, link-local or otherwise special.',
  otherwise: 'Anybody could make this server send requests into its own network (SSRF).',
  remedy: 'Serve the document publicly at exactly this URL. During development, OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK=true '
    + 'allows documents on this machine.',
}

export const documentIsReachable: Rule = {
  id: 'document-is-reachable',
  clause: 'RFC 9110 section 15.6.4',
  error: 'temporarily_unavailable',
  says: 'the metadata document or the keys of the client cannot be read right now: {received}',
  requires: 'When the server needs the metadata document or the key set of a client, it can fetch it within 5 seconds.',
  otherwise: 'A client that is told it is unknown discards its tokens, although it only has to try again.',
  remedy: 'Repeat the request later. Let the document be cached (Cache-Control: max-age), so that it is fetched less often.',
}

export const clientDocumentIsJson: Rule = {
  id: 'client-document-is-json',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client cannot be used: {received}',
  requires: 'The document is a JSON object with the media type application/json.',
  otherwise: 'An attacker who can post text on a web page could pass that page off as client metadata.',
  remedy: 'Serve the document as application/json.',
}

export const clientDocumentNamesItself: Rule = {
  id: 'client-document-names-itself',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document names the client_id {received}, but its URL is {expected}',
  requires: 'client_id in the document is, character by character, the URL that the document was fetched from.',
  otherwise: 'A copy of the document at another URL would look like the same client to the user.',
  remedy: 'Set client_id in the document to the URL exactly as clients send it.',
}

export const clientDocumentIsComplete: Rule = {
  id: 'client-document-is-complete',
  clause: 'MCP 2026-07-28 basic/authorization/client-registration, Implementation Requirements',
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client lacks {expected}',
  requires: 'The document has client_id, client_name and redirect_uris.',
  otherwise: 'The server could not tell the user who is asking, and would not know where it may send the code.',
  remedy: 'Add the missing member to the document.',
}

export const clientDocumentDescribesAClient: Rule = {
  id: 'client-document-describes-a-client',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client is not valid: {received}',
  requires: 'The members of the document are client metadata (RFC 7591 section 2) and follow the rules of registration. '
    + 'Grant types and response types that this server does not support are ignored.',
  otherwise: 'A client could use a document to bypass the rules of registration.',
  remedy: 'Correct the member that the error names.',
}

export const clientDocumentHasNoSecret: Rule = {
  id: 'client-document-has-no-secret',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'a metadata document cannot use {received}',
  requires: 'The client is public or authenticates with private_key_jwt, and its document contains no shared secret.',
  otherwise: 'Anybody can read the document, and the secret in it.',
  remedy: 'Use token_endpoint_auth_method none, or private_key_jwt with jwks or jwks_uri.',
}
