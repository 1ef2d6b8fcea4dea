/** Rules of client authentication, at the token, revocation and introspection endpoints. */
import type { Rule } from '../../base/rules/rule.ts'

export const clientIsAuthenticated: Rule = {
  id: 'client-is-authenticated',
  clause: 'RFC 6749 section 3.2.1',
  error: 'invalid_client',
  says: 'client authentication failed: unknown client, or not the credentials that it registered',
  requires: 'The client exists and authenticates as it registered.',
  otherwise: 'Anybody could redeem what was issued to somebody else.',
  remedy: 'If the stored registration is lost here (this server keeps registrations in memory), register again; else '
    + 'send the credentials of the registration response by the method that it names.',
}

export const clientIsKnown: Rule = {
  id: 'client-is-known',
  clause: 'RFC 6749 section 5.2',
  error: 'invalid_client',
  says: 'client_id is unknown',
  requires: 'The client_id is registered with this server.',
  otherwise: 'There is nobody to issue a token to.',
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
  remedy: 'Send the client_secret of the registration response; in Basic, percent-encode it first.',
  shownAs: clientIsAuthenticated,
}

export const authenticationMethodIsRegistered: Rule = {
  id: 'authentication-method-is-registered',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client',
  says: 'the client registered {expected} and used {received}',
  requires: 'A client authenticates by the method that it registered. One that named none may use Basic or the body.',
  otherwise: 'A secret that leaked from one place could be used by the weaker method.',
  remedy: 'Obey token_endpoint_auth_method of the registration response.',
  shownAs: clientIsAuthenticated,
}

export const oneAuthenticationMethodIsUsed: Rule = {
  id: 'one-authentication-method-is-used',
  clause: 'RFC 6749 section 2.3',
  error: 'invalid_request',
  says: 'credentials are sent both in the Authorization header and in the body',
  requires: 'A client uses one method of authentication in a request.',
  otherwise: 'Two credentials can name two clients, and each component believes in another.',
  remedy: 'Send the credentials once; a client_id beside Basic must be the same one.',
}

export const basicCredentialsAreWellFormed: Rule = {
  id: 'basic-credentials-are-well-formed',
  clause: 'RFC 6749 section 2.3.1',
  error: 'invalid_client',
  says: 'the Basic credentials cannot be decoded',
  requires: 'Basic credentials are canonical base64 of the form-encoded client_id, a colon and the form-encoded client_secret.',
  otherwise: 'Loose decoding gives one credential many spellings.',
  remedy: 'Form-encode client_id and client_secret, join them with a colon, and encode as base64 with padding.',
}

export const clientIsConfidential: Rule = {
  id: 'client-is-confidential',
  clause: 'RFC 7662 section 2.1',
  error: 'invalid_client',
  says: 'introspection needs a client that authenticates',
  requires: 'Token introspection is authorized: a public client, which cannot authenticate, has no access to it.',
  otherwise: 'Anybody could find out by trying which tokens are alive.',
  remedy: 'Register a client with client_secret_basic, client_secret_post or private_key_jwt.',
}
