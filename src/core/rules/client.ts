/** Rules that the client enforces: what it must check before it trusts a server with a user, a code or a token. */
import type { Rule } from '../../base/rules/rule.ts'

export const endpointIsSecure: Rule = {
  id: 'endpoint-is-secure',
  clause: 'OAuth 2.1 section 1.5',
  error: 'client_error',
  says: '{received} cannot be trusted: {expected}',
  requires: 'An endpoint is https, or http on loopback; a server on the internet names no endpoint in a private network.',
  otherwise: 'Codes and tokens would travel in clear text, or metadata could aim the client at the network it runs in.',
  remedy: 'Serve the endpoint over https. During development use localhost for all of it.',
}

export const resourceMetadataMatches: Rule = {
  id: 'resource-metadata-matches',
  clause: 'RFC 9728 section 3.3',
  error: 'client_error',
  says: 'the protected resource metadata speaks of {received}, not of {expected}',
  requires: 'The resource of the metadata is the URL of the MCP server, with or without the slash at its end, or a parent of its '
    + 'path on the same origin, without query and fragment. RFC 9728 wants the two identical: what differs is noted.',
  otherwise: 'A malicious server could have a token issued for another one and use it there.',
  remedy: 'Connect by the URL that the metadata names, or correct resource in the metadata: localhost is not 127.0.0.1, '
    + 'and a slash counts.',
}

export const authorizationServerIsNamed: Rule = {
  id: 'authorization-server-is-named',
  clause: 'MCP 2026-07-28 basic/authorization, Authorization Server Location',
  error: 'client_error',
  says: 'the protected resource metadata names no authorization server',
  requires: 'authorization_servers is an array with at least one issuer.',
  otherwise: 'The client would have to guess whom to trust with the user.',
  remedy: 'Put the issuer identifier of the authorization server into authorization_servers.',
}

export const issuerIsIdentical: Rule = {
  id: 'issuer-is-identical',
  clause: 'RFC 8414 section 3.3',
  error: 'client_error',
  says: 'the authorization server metadata names the issuer {received}, but was looked up for {expected}',
  requires: 'The issuer in the metadata is, byte for byte, the issuer from which its URL was made.',
  otherwise: 'An attacker could pass his endpoints off as those of an honest server (mix-up).',
  remedy: 'Use one string in authorization_servers and in issuer: most often they differ by a slash at the end.',
}

export const metadataIsComplete: Rule = {
  id: 'metadata-is-complete',
  clause: 'RFC 8414 section 2',
  error: 'client_error',
  says: 'the authorization server metadata lacks {expected}',
  requires: 'The metadata names the authorization endpoint and the token endpoint.',
  otherwise: 'There would be nowhere to go.',
  remedy: 'Add the member to the metadata.',
}

export const pkceIsAdvertised: Rule = {
  id: 'pkce-is-advertised',
  clause: 'MCP 2026-07-28 basic/authorization, Authorization Code Protection',
  error: 'client_error',
  says: 'code_challenge_methods_supported is {received}, which does not promise S256',
  requires: 'code_challenge_methods_supported of the metadata contains S256.',
  otherwise: 'A server that ignores the code_challenge lets whoever intercepts the code redeem it.',
  remedy: 'Support PKCE with S256 and say so in the metadata.',
}

export const registrationIsPossible: Rule = {
  id: 'registration-is-possible',
  clause: 'MCP 2026-07-28 basic/authorization/client-registration',
  error: 'client_error',
  says: '{received} has no registration_endpoint and there is no client_id for it',
  requires: 'The client has a client_id for the authorization server, or can register to get one.',
  otherwise: 'No authorization request can be made.',
  remedy: 'Register a client by hand at the authorization server and name it: --client-id ID, with its secret in '
    + 'MCP_CLIENT_SECRET (or --client-secret) or with --private-key FILE. Where the server takes metadata documents: '
    + '--client-metadata-url URL.',
}

export const credentialsBelongToIssuer: Rule = {
  id: 'credentials-belong-to-issuer',
  clause: 'MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding',
  error: 'client_error',
  says: 'the client_id belongs to {expected}, but the MCP server now names {received}',
  requires: 'Credentials that were registered beforehand are shown to the one authorization server that issued them.',
  otherwise: 'An MCP server could have the secrets of the client sent to an authorization server of an attacker.',
  remedy: 'Register at the new authorization server, if it is trustworthy; then remove the old one with --remove-client.',
}

export const registrationIsAccepted: Rule = {
  id: 'registration-is-accepted',
  clause: 'RFC 7591 section 3.2.2',
  error: 'client_error',
  says: 'the authorization server refused the registration: {received}',
  requires: 'The registration endpoint registers the client.',
  otherwise: 'There is no client_id with which to ask.',
  remedy: 'Read the error. Where it names the redirect URI, allow http on loopback for application_type native. Where '
    + 'registration is closed, name a client by --client-id or --client-metadata-url.',
}

export const registrationIsComplete: Rule = {
  id: 'registration-is-complete',
  clause: 'RFC 7591 section 3.2.1',
  error: 'client_error',
  says: 'the registration response lacks {expected}',
  requires: 'The registration response carries a client_id, and a client_secret where its method needs one.',
  otherwise: 'The client could not authenticate as it was registered.',
  remedy: 'Answer a registration as RFC 7591 section 3.2.1 says.',
}

export const stateIsOurs: Rule = {
  id: 'state-is-ours',
  clause: 'RFC 6749 section 10.12',
  error: 'client_error',
  says: 'the state of the authorization response is not that of the request',
  requires: 'The authorization response carries the state of the request, once.',
  otherwise: 'An attacker could log the user into an account of the attacker (cross-site request forgery).',
  remedy: 'Return state exactly as it was sent. If you pasted a URL, paste that of the latest attempt.',
}

export const issuerOfResponseIsSent: Rule = {
  id: 'issuer-of-response-is-sent',
  clause: 'RFC 9207 section 2.4',
  error: 'client_error',
  says: 'the authorization response lacks iss, which the metadata promises',
  requires: 'A server that announces authorization_response_iss_parameter_supported sends iss with every response.',
  otherwise: 'An attacker could strip iss and mix up two authorization servers.',
  remedy: 'Send iss with success and with error responses.',
}

export const issuerOfResponseMatches: Rule = {
  id: 'issuer-of-response-matches',
  clause: 'RFC 9207 section 2.4',
  error: 'client_error',
  says: 'the authorization response comes from {received}, the request went to {expected}',
  requires: 'iss of the authorization response is, byte for byte, the issuer to which the request was sent.',
  otherwise: 'A code of an honest server would be sent to the token endpoint of an attacker (mix-up).',
  remedy: 'Send the issuer of the metadata as iss, without changing a character.',
}

export const authorizationIsGranted: Rule = {
  id: 'authorization-is-granted',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'client_error',
  says: 'the authorization server refused: {received}',
  requires: 'The authorization response carries a code.',
  otherwise: 'There is nothing to exchange for tokens.',
  remedy: 'Read the error; with access_denied the user, or a policy of the authorization server, said no.',
}

export const tokensAreGranted: Rule = {
  id: 'tokens-are-granted',
  clause: 'RFC 6749 section 5.2',
  error: 'client_error',
  says: 'the token endpoint refused: {received}',
  requires: 'The token endpoint answers with tokens.',
  otherwise: 'There is nothing to call the server with.',
  remedy: 'Read the error: its code says what the token endpoint found wrong (RFC 6749 section 5.2).',
}

export const tokenResponseIsComplete: Rule = {
  id: 'token-response-is-complete',
  clause: 'RFC 6749 section 5.1',
  error: 'client_error',
  says: 'the token response has no usable {expected}',
  requires: 'The token response carries access_token and token_type as strings, and expires_in, if at all, as a number.',
  otherwise: 'A malformed answer would be stored as if it were a token.',
  remedy: 'Answer as RFC 6749 section 5.1 says.',
}

export const tokenTypeIsUsable: Rule = {
  id: 'token-type-is-usable',
  clause: 'RFC 6749 section 7.1',
  error: 'client_error',
  says: 'the token_type is {received}; this client can use {expected}',
  requires: 'A client uses a token only when it understands its type (compared without regard to case).',
  otherwise: 'A token bound to a key would be sent without its proof.',
  remedy: 'Issue a token_type that the client asked for.',
}

export const stepUpIsBounded: Rule = {
  id: 'step-up-is-bounded',
  clause: 'MCP 2026-07-28 basic/authorization, Step-Up Authorization Flow',
  error: 'client_error',
  says: 'the server still asks for {expected} after {received} new authorizations',
  requires: 'A request is repeated after at most two new authorizations.',
  otherwise: 'Client and server would send the user round for ever.',
  remedy: 'Grant the scope that the challenge names, or do not demand it.',
}
