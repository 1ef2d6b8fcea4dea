/** Rules of Dynamic Client Registration (RFC 7591) and of redirect URIs. */
import type { Rule } from '../../base/rules/rule.ts'

export const clientMetadataIsAnObject: Rule = {
  id: 'client-metadata-is-an-object',
  clause: 'RFC 7591 section 3.1',
  error: 'invalid_client_metadata',
  says: 'client metadata must be a JSON object',
  requires: 'The body of a registration request is a JSON object.',
  otherwise: 'There is nothing to register.',
  remedy: 'Send the client metadata as the members of one JSON object.',
}

export const clientMetadataIsTyped: Rule = {
  id: 'client-metadata-is-typed',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: '{received} must be {expected}',
  requires: 'Each member of the client metadata that this server knows has the type and the size that RFC 7591 gives it.',
  otherwise: 'A value of another type reaches code, or a page, that expects text.',
  remedy: 'Correct the member that the error names.',
}

export const redirectUrisAreSent: Rule = {
  id: 'redirect-uris-are-sent',
  clause: 'RFC 7591 section 2',
  error: 'invalid_redirect_uri',
  says: 'redirect_uris must be an array of 1 to 20 strings, 8192 characters in all',
  requires: 'A client that uses the authorization code grant registers its redirect URIs, at most 20 and 8192 characters in all.',
  otherwise: 'There is nothing to compare a redirect URI with, and codes go wherever a request says.',
  remedy: 'Register every redirect URI that the client will use; the port of a loopback one may vary later.',
}

export const redirectUriIsSafe: Rule = {
  id: 'redirect-uri-is-safe',
  clause: 'RFC 8252 section 8.3',
  error: 'invalid_redirect_uri',
  says: '{received} cannot be a redirect URI: {expected}',
  requires: 'A redirect URI is https, or http to 127.0.0.1, [::1] or localhost, or has a private-use scheme; it is '
    + 'absolute, has no fragment and no user name, and is printable ASCII.',
  otherwise: 'The code would travel in clear text, or be handed to a script or to another application.',
  remedy: 'Use https for a web application, http://127.0.0.1/... or a private-use scheme for a native one.',
}

export const redirectUriFitsApplicationType: Rule = {
  id: 'redirect-uri-fits-application-type',
  clause: 'OpenID Connect Dynamic Client Registration 1.0 section 2',
  error: 'invalid_redirect_uri',
  says: 'application_type web needs https redirect URIs that are not loopback: {received}',
  requires: 'A client of application_type web has https redirect URIs on a host of its own.',
  otherwise: 'A web application whose codes go to the machine of the user hands them to whatever listens there.',
  remedy: 'Register with application_type native when the client runs on the machine of the user.',
}

export const grantTypesAreSupported: Rule = {
  id: 'grant-types-are-supported',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: 'grant_types may name {expected}: {received}',
  requires: 'A client registers grant types that the metadata of this server lists.',
  otherwise: 'The client would believe in a grant that every token request then refuses.',
  remedy: 'Leave the unsupported grant type out.',
}

export const grantTypesFitResponseTypes: Rule = {
  id: 'grant-types-fit-response-types',
  clause: 'RFC 7591 section 2.1',
  error: 'invalid_client_metadata',
  says: 'grant_types and response_types do not fit together',
  requires: 'The response type code is registered exactly when the grant type authorization_code is.',
  otherwise: 'The registration contradicts itself and every later request is refused.',
  remedy: 'Register authorization_code together with code, or leave both out of the request.',
}

export const responseTypesAreSupported: Rule = {
  id: 'response-types-are-supported',
  clause: 'OAuth 2.1 section 10.1',
  error: 'invalid_client_metadata',
  says: 'response_types may name code: {received}',
  requires: 'The response type is code; OAuth 2.1 has no implicit grant.',
  otherwise: 'Access tokens would be put into URLs.',
  remedy: 'Use the authorization code grant with PKCE.',
}

export const authenticationMethodIsSupported: Rule = {
  id: 'authentication-method-is-supported',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: 'token_endpoint_auth_method may be {expected}: {received}',
  requires: 'A client registers a method of client authentication that this server has.',
  otherwise: 'An unknown method taken for none would leave a confidential client without authentication.',
  remedy: 'Choose a method that token_endpoint_auth_methods_supported lists.',
}

export const clientCredentialsAreConfidential: Rule = {
  id: 'client-credentials-are-confidential',
  clause: 'RFC 6749 section 4.4',
  error: 'invalid_client_metadata',
  says: 'the client credentials grant needs a client that authenticates',
  requires: 'A client that registers client_credentials has a secret or a key.',
  otherwise: 'Whoever knows the client_id, which is no secret, would get the tokens of the client.',
  remedy: 'Register with client_secret_basic, client_secret_post or private_key_jwt.',
}

export const scopeCanBeRegistered: Rule = {
  id: 'scope-can-be-registered',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: 'scope must name at least one of {expected}: {received}',
  requires: 'A registered scope names at least one scope of this server.',
  otherwise: 'The client could never be granted anything.',
  remedy: 'Leave scope out, or name scopes that scopes_supported lists.',
}
