/** Rules of private_key_jwt client authentication (RFC 7523 section 3, OpenID Connect Core 1.0 section 9). */
import { clientIsAuthenticated } from '../../core/rules/client-authentication.ts'
import type { Rule } from '../../base/rules/rule.ts'

const shownAs = clientIsAuthenticated

export const clientAssertionTypeIsJwt: Rule = {
  id: 'client-assertion-type-is-jwt',
  clause: 'RFC 7523 section 2.2',
  error: 'invalid_client',
  says: 'client_assertion_type must be {expected}',
  requires: 'A client_assertion comes with the client_assertion_type of a JWT.',
  otherwise: 'A text of another kind would be read as a JWT.',
  remedy: 'Send client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
}

export const clientAssertionIsAJwt: Rule = {
  id: 'client-assertion-is-a-jwt',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'client_assertion is not a well-formed JWT',
  requires: 'The assertion is a JWT in compact form.',
  otherwise: 'There is nothing to verify.',
  remedy: 'Sign a JWT with the private key of the client.',
}

export const clientAssertionNamesClient: Rule = {
  id: 'client-assertion-names-client',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'iss and sub of client_assertion, and client_id, must be the same client',
  requires: 'iss and sub are the client_id, as is a client_id beside the assertion.',
  otherwise: 'The assertion of one client would authenticate another.',
  remedy: 'Put the client_id into iss and sub.',
  shownAs,
}

export const clientAssertionSignatureVerifies: Rule = {
  id: 'client-assertion-signature-verifies',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'the signature of client_assertion does not verify with a key of the client',
  requires: 'A key of jwks or jwks_uri of the client made the signature, by an algorithm of that key.',
  otherwise: 'Anybody could act as the client.',
  remedy: 'Sign with a key that the registered jwks or jwks_uri has; after a change of keys name the new one by kid.',
  shownAs,
}

export const clientAssertionIsForUs: Rule = {
  id: 'client-assertion-is-for-us',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'aud of client_assertion must be {expected}',
  requires: 'aud is this authorization server: its issuer identifier or its token endpoint.',
  otherwise: 'A malicious authorization server could pass on the assertion that it was sent.',
  remedy: 'Put the issuer of the metadata into aud, as one string.',
  shownAs,
}

export const clientAssertionIsFresh: Rule = {
  id: 'client-assertion-is-fresh',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'exp of client_assertion must lie ahead, at most ten minutes',
  requires: 'The assertion has an exp that lies ahead, by ten minutes at the most, and no nbf or iat in the future.',
  otherwise: 'An assertion that leaked would serve for ever.',
  remedy: 'Make an assertion for each request, with exp a minute ahead.',
  shownAs,
}

export const clientAssertionIsUnused: Rule = {
  id: 'client-assertion-is-unused',
  clause: 'RFC 7523 section 3',
  error: 'invalid_client',
  says: 'jti of client_assertion is missing or was used before',
  requires: 'The assertion has a jti, and it has not been seen.',
  otherwise: 'An assertion that was overheard could be used again.',
  remedy: 'Make an assertion for each request, with a random jti.',
  shownAs,
}

export const clientKeysAreAvailable: Rule = {
  id: 'client-keys-are-available',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client',
  says: 'the keys of the client cannot be read: {received}',
  requires: 'jwks_uri answers with a JSON Web Key Set.',
  otherwise: 'No assertion of the client could be verified.',
  remedy: 'Serve the key set at jwks_uri as JSON, from an address on the internet, without a redirect.',
  shownAs,
}

export const clientKeysAreSent: Rule = {
  id: 'client-keys-are-sent',
  clause: 'RFC 7591 section 2',
  error: 'invalid_client_metadata',
  says: 'private_key_jwt needs either jwks or jwks_uri, and nothing takes both',
  requires: 'A client that authenticates with private_key_jwt registers its public keys, by value or by reference, not both.',
  otherwise: 'Its assertions could never be verified, or by two sets of keys that differ.',
  remedy: 'Send jwks with the public keys, or jwks_uri where they are.',
}
