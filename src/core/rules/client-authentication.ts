/** Rules of client authentication, at the token, revocation and introspection endpoints. */
import type { Rule } from '../../base/rules/rule.ts'

export const clientIsAuthenticated: Rule = {
  id: 'client-is-authenticated',
  clause: 'RFC 6749 section 3.2.1',
  error: 'invalid_client',
  says: 'client authentication failed: unknown client, or credentials other than those it registered',
  requires: 'The client exists and authenticates as it registered.',
  otherwise: 'Anybody could redeem codes and tokens that were issued to another client.',
  remedy: 'If this server no longer knows the client, register again: it keeps registrations in memory. Otherwise, send the '
    + 'credentials from the registration response, by the method that it names.',
}

export const clientIsKnown: Rule = {
  id: 'client-is-known',
  clause: 'RFC 6749 section 5.2',
  error: 'invalid_client',
  says: 'client_id is unknown',
  requires: 'The client_id is registered with this server.',
  otherwise: 'The server would issue tokens to a client that nobody registered.',
  remedy: 'Forget the stored registration and register again.',
  shownAs: clientIsAuthenticated,
}

export const clientSecretMatches: Rule = {
  id: 'client-secret-matches',
  clause: 'RFC 6749 section 2.3.1',
  error: 'invalid_client',
  says: 'client_secret is missing or wrong',
  requires: 'A confidential client sends the client_secret that was issued to it.',
  otherwise: 'Anybody who knows the public client_id could act as the client.',
  remedy: 'Send the client_secret from the registration response. With Basic, form-encode it first.',
  shownAs: clientIsAuthenticated,
}

export const authenticationMethodIsRegistered: Rule = {
  id: 'authentication-method-is-registered',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client',
  says: 'the client registered {expected} but used {received}',
  requires: 'A client authenticates with the method that it registered. If it registered none, it may use Basic or the body.',
  otherwise: 'An attacker who obtained a secret could use it with a weaker method.',
  remedy: 'Use the token_endpoint_auth_method of the registration response.',
  shownAs: clientIsAuthenticated,
}

export const oneAuthenticationMethodIsUsed: Rule = {
  id: 'one-authentication-method-is-used',
  clause: 'RFC 6749 section 2.3',
  error: 'invalid_request',
  says: 'credentials were sent both in the Authorization header and in the body',
  requires: 'A client uses one authentication method per request.',
  otherwise: 'The two credentials could name two clients, and each component could trust a different one.',
  remedy: 'Send the credentials once. A client_id in the body next to Basic must be the same.',
}

export const basicCredentialsAreWellFormed: Rule = {
  id: 'basic-credentials-are-well-formed',
  clause: 'RFC 6749 section 2.3.1',
  error: 'invalid_client',
  says: 'the Basic credentials cannot be decoded',
  requires: 'Basic credentials are canonical base64 of the form-encoded client_id, a colon and the form-encoded client_secret, '
    + 'which is empty for a public client.',
  otherwise: 'Lenient decoding would give one credential many spellings.',
  remedy: 'Form-encode client_id and client_secret, join them with a colon, and encode the result as base64 with padding.',
}

export const clientIsConfidential: Rule = {
  id: 'client-is-confidential',
  clause: 'RFC 7662 section 2.1',
  error: 'invalid_client',
  says: 'only a client that authenticates may introspect tokens',
  requires: 'Token introspection requires client authentication, so a public client cannot use it.',
  otherwise: 'Anybody could try out tokens to find those that are active (token scanning).',
  remedy: 'Register a client with client_secret_basic, client_secret_post or private_key_jwt.',
}
