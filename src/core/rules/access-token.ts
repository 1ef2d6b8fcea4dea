/** Rules of the access token at the resource server. */
import { expiryLabels, type Rule } from '../../base/rules/rule.ts'

const refreshOrReauthorize = 'Refresh the access token, or start a new authorization request.'

export const accessTokenIsSent: Rule = {
  id: 'access-token-is-sent',
  clause: 'RFC 6750 section 3',
  error: 'invalid_token',
  says: 'an access token is required',
  requires: 'A request to the MCP server carries an access token.',
  otherwise: 'Anybody could use the tools.',
  remedy: 'Follow resource_metadata in the WWW-Authenticate header to the authorization server, and get a token there.',
}

export const accessTokenIsInTheHeader: Rule = {
  id: 'access-token-is-in-the-header',
  clause: 'OAuth 2.1 section 5.1',
  error: 'invalid_request',
  says: 'an access token must not be sent in the query',
  requires: 'The access token is sent in the Authorization header, never in the URL.',
  otherwise: 'URLs end up in logs and browser histories, and leak in the Referer header.',
  remedy: 'Send Authorization: Bearer <access token>.',
}

export const credentialsAreBearer: Rule = {
  id: 'credentials-are-bearer',
  clause: 'RFC 6750 section 2.1',
  error: 'invalid_token',
  says: 'the Authorization header must be Bearer (or DPoP) and one token',
  requires: 'credentials = "Bearer" 1*SP b64token. A token that is bound to a key is sent with DPoP instead of Bearer.',
  otherwise: 'A lenient parser and a strict one would see two different tokens.',
  remedy: 'Send Authorization: Bearer <access token>, with nothing after the token.',
}

export const jwtIsWellFormed: Rule = {
  id: 'jwt-is-well-formed',
  clause: 'RFC 7515 section 5.2',
  error: 'invalid_token',
  says: 'the token is not a well-formed JWT: {received}',
  requires: 'A JWT is three parts of canonical base64url. Its header and payload are JSON objects that repeat no member name.',
  otherwise: 'Many spellings would share one signature, and two parsers could read two different claims.',
  remedy: refreshOrReauthorize,
}

export const jwtAlgorithmIsHs256: Rule = {
  id: 'jwt-algorithm-is-hs256',
  clause: 'RFC 8725 section 3.1',
  error: 'invalid_token',
  says: 'the token must be signed with HS256',
  requires: 'alg is HS256. The verifier fixes the algorithm, and the token has no say in it.',
  otherwise: 'A token with alg none, or one verified with a public key as the HMAC secret, would pass (algorithm confusion).',
  remedy: refreshOrReauthorize,
}

export const jwtHasNoCriticalHeader: Rule = {
  id: 'jwt-has-no-critical-header',
  clause: 'RFC 7515 section 4.1.11',
  error: 'invalid_token',
  says: 'the token names critical header parameters that this server does not support',
  requires: 'A JWT has no crit header, because this server supports no extension.',
  otherwise: 'The server would ignore a condition that the issuer declared critical.',
  remedy: refreshOrReauthorize,
}

export const jwtSignatureVerifies: Rule = {
  id: 'jwt-signature-verifies',
  clause: 'RFC 7515 section 5.2',
  error: 'invalid_token',
  says: 'the signature of the token does not verify',
  requires: 'The token was signed with a key of this server.',
  otherwise: 'Anybody could forge a token.',
  remedy: 'Refresh the access token or authorize again. A server without a fixed JWT_SECRET_KEY makes a new key at every start.',
}

export const jwtTypeIsAccessToken: Rule = {
  id: 'jwt-type-is-access-token',
  clause: 'RFC 9068 section 4',
  error: 'invalid_token',
  says: 'typ must be at+jwt',
  requires: 'The typ header is at+jwt.',
  otherwise: 'A JWT that was signed with the same key for another purpose would pass as an access token.',
  remedy: refreshOrReauthorize,
}

export const accessTokenClaimsAreTyped: Rule = {
  id: 'access-token-claims-are-typed',
  clause: 'RFC 9068 section 2.2',
  error: 'invalid_token',
  says: 'the claim {received} is missing or has the wrong type',
  requires: 'iss, sub, aud, client_id, scope and jti are strings. exp and iat are numbers.',
  otherwise: 'A claim of the wrong type can slip through a comparison, and a token without exp never expires.',
  remedy: refreshOrReauthorize,
}

export const accessTokenIssuerIsOurs: Rule = {
  id: 'access-token-issuer-is-ours',
  clause: 'RFC 9068 section 4',
  error: 'invalid_token',
  says: 'the token was issued by another authorization server',
  requires: 'iss is the issuer identifier of this authorization server, character by character.',
  otherwise: 'Two servers that share a secret would each accept tokens issued by the other.',
  remedy: 'Use the token at the server that its authorization server protects.',
}

export const accessTokenAudienceIsOurs: Rule = {
  id: 'access-token-audience-is-ours',
  clause: 'RFC 8707 section 2',
  error: 'invalid_token',
  says: 'the token was issued for another resource',
  requires: 'aud is the resource identifier of this MCP server.',
  otherwise: 'A malicious server could replay the tokens it receives, and act as the user elsewhere.',
  remedy: 'Request a token for the resource that the protected resource metadata of this server names.',
}

export const accessTokenIsFresh: Rule = {
  id: 'access-token-is-fresh',
  clause: 'RFC 7519 section 4.1.4',
  error: 'invalid_token',
  says: 'the access token has expired',
  requires: 'exp is in the future, with 30 s allowed for clock skew.',
  otherwise: 'A stolen token would work forever.',
  remedy: refreshOrReauthorize,
  labels: expiryLabels,
}

export const accessTokenIsFromThePast: Rule = {
  id: 'access-token-is-from-the-past',
  clause: 'RFC 7519 section 4.1.5',
  error: 'invalid_token',
  says: 'the access token is not valid yet',
  requires: 'nbf and iat are not in the future, with 30 s allowed for clock skew.',
  otherwise: 'A token could be prepared in advance and used after its grant has ended.',
  remedy: 'Set the clocks, then request a new token.',
}

export const accessTokenIsNotRevoked: Rule = {
  id: 'access-token-is-not-revoked',
  clause: 'RFC 7009 section 2',
  error: 'invalid_token',
  says: 'the access token has been revoked',
  requires: 'Neither the token, nor its grant, nor its client has been revoked.',
  otherwise: 'Revoking access would have no effect until the token expires.',
  remedy: 'Start a new authorization request.',
}

export const scopeIsSufficient: Rule = {
  id: 'scope-is-sufficient',
  clause: 'RFC 6750 section 3.1',
  error: 'insufficient_scope',
  says: 'this request requires the scope {expected}',
  requires: 'The token has every scope that the called method needs.',
  otherwise: 'A client that was allowed to read could also act.',
  remedy: 'Start a new authorization request for the granted scopes plus those in the challenge. A refresh cannot widen a grant.',
}
