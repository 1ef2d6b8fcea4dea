/** Rules of a client_id that is the URL of a document (draft-ietf-oauth-client-id-metadata-document-00). */
import type { Rule } from '../../base/rules/rule.ts'

const draft = 'draft-ietf-oauth-client-id-metadata-document-00'

export const clientIdUrlIsValid: Rule = {
  id: 'client-id-url-is-valid',
  clause: `${draft} section 3`,
  error: 'invalid_client',
  status: 400,
  says: 'the client_id cannot be the URL of a metadata document: {received}',
  requires: 'Such a client_id is an https URL with a path, without dot segments, fragment, user name or password, written '
    + 'as every URL parser would write it.',
  otherwise: 'One client could have many names, or aim this server at something that is not a document.',
  remedy: 'Use a short https URL with a path, such as https://app.example.com/oauth/client.json.',
}

export const clientDocumentIsAvailable: Rule = {
  id: 'client-document-is-available',
  clause: `${draft} section 6.5`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client is not available: {received}',
  requires: 'The URL answers 200 with at most 5 KB, without a redirect, from an address on the internet. A name of '
    + 'which any address is loopback, private, link-local or otherwise special is refused.',
  otherwise: 'Anybody could aim this server at the network it runs in.',
  remedy: 'Serve the document at this very URL to everybody. During development OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK=true '
    + 'allows documents on this machine.',
}

export const documentIsReachable: Rule = {
  id: 'document-is-reachable',
  clause: 'RFC 9110 section 15.6.4',
  error: 'temporarily_unavailable',
  says: 'the metadata document or the keys of the client cannot be read now: {received}',
  requires: 'The document of a client, or its key set, can be fetched within 5 seconds when it is needed.',
  otherwise: 'A client told that it is unknown throws its tokens away, when it only has to try again.',
  remedy: 'Repeat the request later. Let the document be cached (Cache-Control: max-age), so that it is needed less often.',
}

export const clientDocumentIsJson: Rule = {
  id: 'client-document-is-json',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client cannot be used: {received}',
  requires: 'The document is a JSON object of the media type application/json.',
  otherwise: 'A page on which somebody may leave text would pass as the metadata of a client.',
  remedy: 'Serve the document as application/json.',
}

export const clientDocumentNamesItself: Rule = {
  id: 'client-document-names-itself',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document names the client_id {received}, but its URL is {expected}',
  requires: 'client_id in the document is, character by character, the URL from which the document was fetched.',
  otherwise: 'A copy of the document elsewhere would be the same client to the eye, and another to the server.',
  remedy: 'Put the URL into client_id of the document exactly as clients send it.',
}

export const clientDocumentIsComplete: Rule = {
  id: 'client-document-is-complete',
  clause: 'MCP 2026-07-28 basic/authorization/client-registration, Implementation Requirements',
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client lacks {expected}',
  requires: 'The document has client_id, client_name and redirect_uris.',
  otherwise: 'The user could not be told who asks, nor the server know where the code may go.',
  remedy: 'Add the member to the document.',
}

export const clientDocumentDescribesAClient: Rule = {
  id: 'client-document-describes-a-client',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'the metadata document of the client is not valid: {received}',
  requires: 'The members of the document are client metadata as RFC 7591 section 2 defines them, within the rules of '
    + 'registration. Grant types and response types that only other servers support are passed over.',
  otherwise: 'A document would be the way around what a registration has to keep.',
  remedy: 'Correct the member that the error names.',
}

export const clientDocumentHasNoSecret: Rule = {
  id: 'client-document-has-no-secret',
  clause: `${draft} section 4.1`,
  error: 'invalid_client',
  status: 400,
  says: 'a metadata document cannot use {received}',
  requires: 'The client is public, or authenticates with private_key_jwt; the document carries no shared secret.',
  otherwise: 'Everybody can read the document, and so the secret.',
  remedy: 'Use token_endpoint_auth_method none, or private_key_jwt with jwks or jwks_uri.',
}
