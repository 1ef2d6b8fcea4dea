/** Rules of private_key_jwt client authentication (RFC 7523 section 3, OpenID Connect Core 1.0 section 9). */
import { clientIsAuthenticated } from '../../core/rules/client-authentication.ts'
import type { Rule } from '../../base/rules/rule.ts'

const shownAs = clientIsAuthenticated

export const clientAssertionTypeIsJwt: Rule = {
  id: 'client-assertion-type-is-jwt',
  clause: 'RFC 7523 section 2.2',
  error: 'invalid_client',
  says: 'client_assertion_type must be {expected}',
  requires: 'A client_assertion comes with the client_assertion_type for JWTs.',
  otherwise: 'The server would parse an assertion of another type as a JWT.',
  remedy: 'Send client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
}

export const clientAssertionIsAJwt: Rule = {
  id: 'client-assertion-is-a-jwt',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'client_assertion is not a well-formed JWT',
  requires: 'The assertion is a JWT in compact form.',
  otherwise: 'There would be nothing to verify.',
  remedy: 'Sign a JWT with the private key of the client.',
}

export const clientAssertionNamesClient: Rule = {
  id: 'client-assertion-names-client',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'iss and sub of client_assertion, and client_id, must name the same client',
  requires: 'iss and sub are the client_id. If client_id is sent as a parameter, it is the same.',
  otherwise: 'The assertion of one client could authenticate another.',
  remedy: 'Put the client_id into iss and sub.',
  shownAs,
}

export const clientAssertionSignatureVerifies: Rule = {
  id: 'client-assertion-signature-verifies',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'the signature of client_assertion does not verify with a key of the client',
  requires: 'The assertion was signed with a key from the jwks or jwks_uri of the client, by an algorithm of that key.',
  otherwise: 'Anybody could act as the client.',
  remedy: 'Sign with a key from the registered jwks or jwks_uri. After a key rotation, name the new key with kid.',
  shownAs,
}

export const clientAssertionIsForUs: Rule = {
  id: 'client-assertion-is-for-us',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'aud of client_assertion must be {expected}',
  requires: 'aud names this authorization server, by its issuer identifier or its token endpoint.',
  otherwise: 'A malicious authorization server could replay an assertion that it received.',
  remedy: 'Put the issuer from the metadata into aud, as a single string.',
  shownAs,
}

export const clientAssertionIsFresh: Rule = {
  id: 'client-assertion-is-fresh',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'exp of client_assertion must be in the future, by at most ten minutes',
  requires: 'exp is in the future, by at most ten minutes. nbf and iat, if present, are not in the future.',
  otherwise: 'A leaked assertion would work forever.',
  remedy: 'Make a new assertion for each request, with exp one minute ahead.',
  shownAs,
}

export const clientAssertionIsUnused: Rule = {
  id: 'client-assertion-is-unused',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'jti of client_assertion is missing or was used before',
  requires: 'The assertion has a jti that this server has not seen before.',
  otherwise: 'An attacker who captures an assertion could replay it.',
  remedy: 'Make a new assertion for each request, with a random jti.',
  shownAs,
}

export const clientKeysAreAvailable: Rule = {
  id: 'client-keys-are-available',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client',
  says: 'the keys of the client cannot be read: {received}',
  requires: 'jwks_uri answers with a JSON Web Key Set.',
  otherwise: 'The server could not verify any assertion of the client.',
  remedy: 'Serve the key set at jwks_uri as JSON, from a public address, without a redirect.',
  shownAs,
}

export const clientKeysAreSent: Rule = {
  id: 'client-keys-are-sent',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: 'private_key_jwt requires either jwks or jwks_uri',
  requires: 'A client that authenticates with private_key_jwt registers its public keys by value or by reference, but not both.',
  otherwise: 'The server could not verify its assertions, or would have two key sets that disagree.',
  remedy: 'Send the public keys in jwks, or their URL in jwks_uri.',
}
