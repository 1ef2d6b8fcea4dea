/** Rules of Dynamic Client Registration (RFC 7591) and of redirect URIs. */
import type { Rule } from '../../base/rules/rule.ts'

export const clientMetadataIsAnObject: Rule = {
  id: 'client-metadata-is-an-object',
  clause: 'RFC 7591 section 3.1',
  error: 'invalid_client_metadata',
  says: 'client metadata must be a JSON object',
  requires: 'The body of a registration request is a JSON object.',
  otherwise: 'There would be no client metadata to validate.',
  remedy: 'Send the client metadata as members of one JSON object.',
}

export const clientMetadataIsTyped: Rule = {
  id: 'client-metadata-is-typed',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: '{received} must be {expected}',
  requires: 'Each member that decides what the client may do has the type that RFC 7591 defines, and a limited size. A URL that '
    + 'describes the client is not one that a browser would run. Other descriptions are dropped if they cannot be used.',
  otherwise: 'The client would be registered for something else than it asked for, or a script would run where it is shown.',
  remedy: 'Correct the member that the error names.',
}

export const redirectUrisAreSent: Rule = {
  id: 'redirect-uris-are-sent',
  clause: 'RFC 7591 section 2',
  error: 'invalid_redirect_uri',
  says: 'redirect_uris must be an array of 1 to 20 strings, with at most 8192 characters in total',
  requires: 'A client that uses the authorization code grant registers 1 to 20 redirect URIs, of 8192 characters in total.',
  otherwise: 'With nothing to compare against, the server would send codes wherever a request says.',
  remedy: 'Register every redirect URI that the client will use. The port of a loopback URI may vary later.',
}

export const redirectUriIsSafe: Rule = {
  id: 'redirect-uri-is-safe',
  clause: 'RFC 8252 section 8.3',
  error: 'invalid_redirect_uri',
  says: '{received} cannot be a redirect URI: {expected}',
  requires: 'A redirect URI is https, or http to 127.0.0.1, [::1] or localhost, or has a private-use scheme. It is '
    + 'absolute printable ASCII, without a fragment or a user name.',
  otherwise: 'The code would travel in cleartext, or reach a script or another application.',
  remedy: 'Use https for a web application. Use http://127.0.0.1/... or a private-use scheme for a native one.',
}

export const redirectUriFitsApplicationType: Rule = {
  id: 'redirect-uri-fits-application-type',
  clause: 'OpenID Connect Dynamic Client Registration 1.0 section 2',
  error: 'invalid_redirect_uri',
  says: 'application_type web requires https redirect URIs that are not loopback: {received}',
  requires: 'A client of application_type web has https redirect URIs on its own host.',
  otherwise: 'Any program that listens on the machine of the user could receive the codes of a web application.',
  remedy: 'Register with application_type native if the client runs on the machine of the user.',
}

export const grantTypesAreSupported: Rule = {
  id: 'grant-types-are-supported',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: 'grant_types must name at least one of {expected}, not only {received}',
  requires: 'A client registers a grant type that the metadata of this server lists. Others beside it are dropped, and the response '
    + 'says which remain.',
  otherwise: 'Registration would succeed, and every token request fail.',
  remedy: 'Register for authorization_code, or omit grant_types.',
}

export const grantTypesFitResponseTypes: Rule = {
  id: 'grant-types-fit-response-types',
  clause: 'RFC 7591 section 2.1',
  error: 'invalid_client_metadata',
  says: 'grant_types and response_types are inconsistent',
  requires: 'A client registers the response type code if and only if it registers the grant type authorization_code.',
  otherwise: 'Registration would succeed, and every later request fail.',
  remedy: 'Register authorization_code together with code, or omit both.',
}

export const responseTypesAreSupported: Rule = {
  id: 'response-types-are-supported',
  clause: 'OAuth 2.1 section 10.1',
  error: 'invalid_client_metadata',
  says: 'response_types must contain code, not only {received}',
  requires: 'A client that uses the authorization code grant registers the response type code. Others beside it are dropped: OAuth '
    + '2.1 has no implicit grant.',
  otherwise: 'Access tokens would end up in URLs.',
  remedy: 'Use the authorization code grant with PKCE.',
}

export const authenticationMethodIsSupported: Rule = {
  id: 'authentication-method-is-supported',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: 'token_endpoint_auth_method must be {expected}, not {received}',
  requires: 'A client registers a client authentication method that this server supports.',
  otherwise: 'If an unknown method were treated as none, a confidential client would go unauthenticated.',
  remedy: 'Choose a method from token_endpoint_auth_methods_supported.',
}

export const clientCredentialsAreConfidential: Rule = {
  id: 'client-credentials-are-confidential',
  clause: 'RFC 6749 section 4.4',
  error: 'invalid_client_metadata',
  says: 'the client credentials grant requires a client that authenticates',
  requires: 'A client that registers only client_credentials has a secret or a key. For a client without one, client_credentials is '
    + 'dropped beside other grant types.',
  otherwise: 'The client_id is public, and anybody who knows it would get the tokens of the client.',
  remedy: 'Register with client_secret_basic, client_secret_post or private_key_jwt.',
}
