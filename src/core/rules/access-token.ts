/** Rules of the access token at the resource server. */
import { endAndPresent, type Rule } from '../../base/rules/rule.ts'

const again = 'Refresh the access token, or start a new authorization request.'

export const accessTokenIsSent: Rule = {
  id: 'access-token-is-sent',
  clause: 'RFC 6750 section 3',
  error: 'invalid_token',
  says: 'an access token is needed',
  requires: 'A request to the MCP server carries an access token.',
  otherwise: 'The tools would be open to anybody.',
  remedy: 'Follow resource_metadata of the WWW-Authenticate header to the authorization server and get a token.',
}

export const accessTokenIsInTheHeader: Rule = {
  id: 'access-token-is-in-the-header',
  clause: 'OAuth 2.1 section 5.1',
  error: 'invalid_request',
  says: 'an access token must not be sent in the query',
  requires: 'The access token is sent in the Authorization header, never in the URL.',
  otherwise: 'URLs are kept in logs and histories and are handed on as referrers.',
  remedy: 'Send Authorization: Bearer <access token>.',
}

export const credentialsAreBearer: Rule = {
  id: 'credentials-are-bearer',
  clause: 'RFC 6750 section 2.1',
  error: 'invalid_token',
  says: 'the Authorization header must be Bearer (or DPoP) and one token',
  requires: 'credentials = "Bearer" 1*SP b64token; DPoP in the place of Bearer for a token that is bound to a key.',
  otherwise: 'A lenient parser and a strict one see two different tokens.',
  remedy: 'Send Authorization: Bearer <access token>, nothing after it.',
}

export const jwtIsWellFormed: Rule = {
  id: 'jwt-is-well-formed',
  clause: 'RFC 7515 section 5.2',
  error: 'invalid_token',
  says: 'the token is not a well-formed JWT: {received}',
  requires: 'A JWT is three parts of canonical base64url, and its header and payload are JSON objects that name no member twice.',
  otherwise: 'One signature would cover many spellings, and two parsers would read two different claims.',
  remedy: again,
}

export const jwtAlgorithmIsHs256: Rule = {
  id: 'jwt-algorithm-is-hs256',
  clause: 'RFC 8725 section 3.1',
  error: 'invalid_token',
  says: 'the token must be signed with HS256',
  requires: 'The algorithm is fixed by the verifier: alg is HS256 and is not chosen by the token.',
  otherwise: 'A token with alg none, or with a public key taken for a secret, would pass.',
  remedy: again,
}

export const jwtHasNoCriticalHeader: Rule = {
  id: 'jwt-has-no-critical-header',
  clause: 'RFC 7515 section 4.1.11',
  error: 'invalid_token',
  says: 'the token names critical header parameters that are not understood',
  requires: 'A JWT with crit is refused, since no extension is understood here.',
  otherwise: 'A condition that the issuer calls critical would be passed over.',
  remedy: again,
}

export const jwtSignatureVerifies: Rule = {
  id: 'jwt-signature-verifies',
  clause: 'RFC 7515 section 5.2',
  error: 'invalid_token',
  says: 'the signature of the token does not verify',
  requires: 'The signature was made with the key of this server.',
  otherwise: 'Anybody could write his own token.',
  remedy: 'Refresh the access token or authorize again; a server without a fixed JWT_SECRET_KEY makes a new key at each start.',
}

export const jwtTypeIsAccessToken: Rule = {
  id: 'jwt-type-is-access-token',
  clause: 'RFC 9068 section 4',
  error: 'invalid_token',
  says: 'typ must be at+jwt',
  requires: 'The typ header is at+jwt.',
  otherwise: 'A JWT made for another purpose with the same key would serve as an access token.',
  remedy: again,
}

export const accessTokenClaimsAreTyped: Rule = {
  id: 'access-token-claims-are-typed',
  clause: 'RFC 9068 section 2.2',
  error: 'invalid_token',
  says: 'the claim {received} is missing or has the wrong type',
  requires: 'iss, sub, aud, client_id, scope and jti are strings, exp and iat are numbers.',
  otherwise: 'A claim of another type slips through comparisons; a token without exp never ends.',
  remedy: again,
}

export const accessTokenIssuerIsOurs: Rule = {
  id: 'access-token-issuer-is-ours',
  clause: 'RFC 9068 section 4',
  error: 'invalid_token',
  says: 'the token was issued by another authorization server',
  requires: 'iss is the issuer identifier of this authorization server, character by character.',
  otherwise: 'Of two servers that share a secret each would accept the tokens of the other.',
  remedy: 'Use the token at the server that its authorization server belongs to.',
}

export const accessTokenAudienceIsOurs: Rule = {
  id: 'access-token-audience-is-ours',
  clause: 'RFC 8707 section 2',
  error: 'invalid_token',
  says: 'the token was issued for another resource',
  requires: 'aud is the resource identifier of this MCP server.',
  otherwise: 'A malicious server could pass on the tokens it receives and act as the user elsewhere.',
  remedy: 'Ask for a token with the resource of the protected resource metadata of this server.',
}

export const accessTokenIsFresh: Rule = {
  id: 'access-token-is-fresh',
  clause: 'RFC 7519 section 4.1.4',
  error: 'invalid_token',
  says: 'the access token has expired',
  requires: 'The present lies before exp, give or take 30 s of clock skew.',
  otherwise: 'A stolen token would work for ever.',
  remedy: again,
  words: endAndPresent,
}

export const accessTokenIsFromThePast: Rule = {
  id: 'access-token-is-from-the-past',
  clause: 'RFC 7519 section 4.1.5',
  error: 'invalid_token',
  says: 'the access token is not valid yet',
  requires: 'nbf and iat do not lie in the future, give or take 30 s of clock skew.',
  otherwise: 'A token could be prepared for a time at which its grant is gone.',
  remedy: 'Set the clocks, then ask for a new token.',
}

export const accessTokenIsNotRevoked: Rule = {
  id: 'access-token-is-not-revoked',
  clause: 'RFC 7009 section 2',
  error: 'invalid_token',
  says: 'the access token is revoked',
  requires: 'Neither the token, nor its grant, nor its client has been revoked.',
  otherwise: 'Logging out would do nothing until the token expires.',
  remedy: 'Start a new authorization request.',
}

export const scopeIsSufficient: Rule = {
  id: 'scope-is-sufficient',
  clause: 'RFC 6750 section 3.1',
  error: 'insufficient_scope',
  says: 'this needs {expected}',
  requires: 'The token has every scope that the method which runs needs.',
  otherwise: 'A token granted for reading could be used for acting.',
  remedy: 'Start a new authorization request for the granted scopes and those that the challenge names; a refresh '
    + 'cannot widen a grant.',
}
