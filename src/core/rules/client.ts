/** Rules of the client: what it checks before it trusts a server with a user, a code or a token. */
import type { Rule } from '../../base/rules/rule.ts'

export const endpointIsSecure: Rule = {
  id: 'endpoint-is-secure',
  clause: 'OAuth 2.1 section 1.5',
  error: 'client_error',
  says: '{received} cannot be trusted: {expected}',
  requires: 'An endpoint uses https, or http on loopback. A server on the internet names no endpoint in a private network.',
  otherwise: 'Codes and tokens would travel in clear text, or metadata could direct the client into its own network (SSRF).',
  remedy: 'Serve the endpoint over https. During development, use localhost for everything.',
}

export const storedEndpointIsNamed: Rule = {
  id: 'stored-endpoint-is-named',
  clause: 'RFC 8414 section 2',
  error: 'client_error',
  says: 'the stored endpoint {received} is not in the metadata of its authorization server',
  requires: 'An endpoint in the client storage is on the host of the issuer, or the issuer still names it in its metadata.',
  otherwise: 'Someone who can change the file could have the refresh token sent to a server of their own.',
  remedy: 'If the server has moved its endpoint, run --authorize. If not, someone changed the file: --remove-client, then --authorize.',
}

export const resourceMetadataMatches: Rule = {
  id: 'resource-metadata-matches',
  clause: 'RFC 9728 section 3.3',
  error: 'client_error',
  says: 'the protected resource metadata is for {received}, not for {expected}',
  requires: 'The resource in the metadata is the URL of the MCP server, with or without a trailing slash, or a parent of its '
    + 'path on the same origin, without query and fragment. RFC 9728 requires an identical URL, so the client notes any '
    + 'difference.',
  otherwise: 'A malicious server could get a token that was issued for another server, and use it there.',
  remedy: 'Connect to the URL that the metadata names, or correct resource in the metadata. localhost is not 127.0.0.1, and '
    + 'a trailing slash counts.',
}

export const authorizationServerIsNamed: Rule = {
  id: 'authorization-server-is-named',
  clause: 'MCP 2026-07-28 basic/authorization, Authorization Server Location',
  error: 'client_error',
  says: 'the protected resource metadata names no authorization server',
  requires: 'authorization_servers is an array with at least one issuer.',
  otherwise: 'The client would have to guess which authorization server to trust.',
  remedy: 'Add the issuer identifier of the authorization server to authorization_servers.',
}

export const issuerIsIdentical: Rule = {
  id: 'issuer-is-identical',
  clause: 'RFC 8414 section 3.3',
  error: 'client_error',
  says: 'the authorization server metadata names the issuer {received}, but the client looked it up for {expected}',
  requires: 'The issuer in the metadata is, byte for byte, the issuer from which the client built the URL of the metadata.',
  otherwise: 'An attacker could pass off their own endpoints as those of an honest server (mix-up attack).',
  remedy: 'Use the same string in authorization_servers and in issuer. Most often they differ by a trailing slash.',
}

export const metadataIsComplete: Rule = {
  id: 'metadata-is-complete',
  clause: 'RFC 8414 section 2',
  error: 'client_error',
  says: 'the authorization server metadata lacks {expected}',
  requires: 'The metadata names the authorization endpoint and the token endpoint.',
  otherwise: 'The client would not know where to send its requests.',
  remedy: 'Add the member to the metadata.',
}

export const pkceIsAdvertised: Rule = {
  id: 'pkce-is-advertised',
  clause: 'MCP 2026-07-28 basic/authorization, Authorization Code Protection',
  error: 'client_error',
  says: 'code_challenge_methods_supported is {received}, which does not include S256',
  requires: 'code_challenge_methods_supported in the metadata includes S256.',
  otherwise: 'If the server ignores the code_challenge, an attacker who intercepts the code can redeem it.',
  remedy: 'Support PKCE with S256, and advertise it in the metadata.',
}

export const registrationIsPossible: Rule = {
  id: 'registration-is-possible',
  clause: 'MCP 2026-07-28 basic/authorization/client-registration',
  error: 'client_error',
  says: '{received} has no registration_endpoint, and the client has no client_id for it',
  requires: 'The client has a client_id for the authorization server, or can register to get one.',
  otherwise: 'The client could not send an authorization request.',
  remedy: 'Register a client by hand at the authorization server and pass --client-id ID, with its secret in '
    + 'MCP_CLIENT_SECRET (or --client-secret) or with --private-key FILE. If the server supports metadata documents, pass '
    + '--client-metadata-url URL.',
}

export const credentialsBelongToIssuer: Rule = {
  id: 'credentials-belong-to-issuer',
  clause: 'MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding',
  error: 'client_error',
  says: 'the client_id belongs to {expected}, but the MCP server now names {received}',
  requires: 'The client sends credentials that were registered by hand only to the authorization server that issued them.',
  otherwise: 'An MCP server could have the secrets of the client sent to the authorization server of an attacker.',
  remedy: 'If you trust the new authorization server, register there. Then remove the old one with --remove-client.',
}

export const registrationIsAccepted: Rule = {
  id: 'registration-is-accepted',
  clause: 'RFC 7591 section 3.2.2',
  error: 'client_error',
  says: 'the authorization server refused the registration: {received}',
  requires: 'The registration endpoint registers the client.',
  otherwise: 'The client would have no client_id.',
  remedy: 'Read the error. If it names the redirect URI, allow http on loopback for application_type native. If registration '
    + 'is closed, pass --client-id or --client-metadata-url.',
}

export const registrationIsComplete: Rule = {
  id: 'registration-is-complete',
  clause: 'RFC 7591 section 3.2.1',
  error: 'client_error',
  says: 'the registration response lacks {expected}',
  requires: 'The registration response has a client_id, and a client_secret if the authentication method needs one.',
  otherwise: 'The client could not authenticate by the method that was registered.',
  remedy: 'Answer a registration as RFC 7591 section 3.2.1 requires.',
}

export const stateIsOurs: Rule = {
  id: 'state-is-ours',
  clause: 'RFC 6749 section 10.12',
  error: 'client_error',
  says: 'the state of the authorization response is not the state of the request',
  requires: 'The authorization response carries the state of the request, exactly once.',
  otherwise: "An attacker could log the user into the attacker's account (login CSRF).",
  remedy: 'Return state exactly as it was sent. If you pasted a URL, paste the one from the latest attempt.',
}

export const issuerOfResponseIsSent: Rule = {
  id: 'issuer-of-response-is-sent',
  clause: 'RFC 9207 section 2.4',
  error: 'client_error',
  says: 'the authorization response lacks iss, which the metadata promises',
  requires: 'A server that advertises authorization_response_iss_parameter_supported sends iss in every response.',
  otherwise: 'An attacker could remove iss and mix up two authorization servers (mix-up attack).',
  remedy: 'Send iss in success responses and in error responses.',
}

export const issuerOfResponseMatches: Rule = {
  id: 'issuer-of-response-matches',
  clause: 'RFC 9207 section 2.4',
  error: 'client_error',
  says: 'the authorization response comes from {received}, but the request went to {expected}',
  requires: 'iss in the authorization response is, byte for byte, the issuer to which the client sent the request.',
  otherwise: 'The client would send a code of an honest server to the token endpoint of an attacker (mix-up attack).',
  remedy: 'Send the issuer of the metadata as iss, byte for byte.',
}

export const authorizationIsGranted: Rule = {
  id: 'authorization-is-granted',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'client_error',
  says: 'the authorization server refused: {received}',
  requires: 'The authorization response carries a code.',
  otherwise: 'The client would have nothing to exchange for tokens.',
  remedy: 'Read the error. access_denied means that the user, or a policy of the authorization server, said no.',
}

export const tokensAreGranted: Rule = {
  id: 'tokens-are-granted',
  clause: 'RFC 6749 section 5.2',
  error: 'client_error',
  says: 'the token endpoint refused: {received}',
  requires: 'The token endpoint answers with tokens.',
  otherwise: 'The client would have no token to call the server with.',
  remedy: 'Read the error. Its code says what the token endpoint rejected (RFC 6749 section 5.2).',
}

export const tokensAreRevoked: Rule = {
  id: 'tokens-are-revoked',
  clause: 'RFC 7009 section 2.2.1',
  error: 'client_error',
  says: 'the authorization server did not revoke the tokens: {received}',
  requires: 'A client keeps its tokens while the revocation endpoint asks it to try again later (503 and its like).',
  otherwise: 'The tokens would stay valid, and nobody could revoke them any more.',
  remedy: 'Run the command again later.',
}

export const tokenResponseIsComplete: Rule = {
  id: 'token-response-is-complete',
  clause: 'RFC 6749 section 5.1',
  error: 'client_error',
  says: 'the token response has no usable {expected}',
  requires: 'The token response has access_token and token_type as strings, and expires_in, if it is there, as a number.',
  otherwise: 'The client would store a malformed response as if it were a token.',
  remedy: 'Answer as RFC 6749 section 5.1 requires.',
}

export const tokenTypeIsUsable: Rule = {
  id: 'token-type-is-usable',
  clause: 'RFC 6749 section 7.1',
  error: 'client_error',
  says: 'the token_type is {received}, but this client can use {expected}',
  requires: 'The client uses a token only if it understands the token_type, which is case-insensitive.',
  otherwise: 'The client would send a token that is bound to a key without its proof.',
  remedy: 'Issue the token_type that the client requested.',
}

export const stepUpIsBounded: Rule = {
  id: 'step-up-is-bounded',
  clause: 'MCP 2026-07-28 basic/authorization, Step-Up Authorization Flow',
  error: 'client_error',
  says: 'the server still requires {expected} after {received} new authorizations',
  requires: 'The client repeats a request after at most two new authorizations.',
  otherwise: 'Client and server could send the user to the consent page forever.',
  remedy: 'Grant the scope that the challenge names, or do not require it.',
}
