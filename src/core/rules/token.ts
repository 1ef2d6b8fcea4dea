/** Rules of the token endpoint: the grants, and the tokens issued from them. */
import { expiryLabels, type Rule } from '../../base/rules/rule.ts'

export const grantTypeIsSupported: Rule = {
  id: 'grant-type-is-supported',
  clause: 'RFC 6749 section 5.2',
  error: 'unsupported_grant_type',
  says: 'grant_type must be {expected}, not {received}',
  requires: 'The grant type is one that grant_types_supported lists.',
  otherwise: 'A grant such as the password grant would hand the password of the user to the client.',
  remedy: 'Use authorization_code with PKCE, then refresh_token.',
}

export const clientMayUseGrantType: Rule = {
  id: 'client-may-use-grant-type',
  clause: 'RFC 6749 section 5.2',
  error: 'unauthorized_client',
  says: 'the client is not registered for the grant type {received}',
  requires: 'The client registered the grant type that it uses.',
  otherwise: 'A stolen credential could do more than the client was ever registered for.',
  remedy: 'Register with this grant type in grant_types.',
}

export const codeIsKnown: Rule = {
  id: 'code-is-known',
  clause: 'RFC 6749 section 5.2',
  error: 'invalid_grant',
  says: 'code is unknown, or was issued to another client',
  requires: 'This server issued the code and still remembers it.',
  otherwise: 'A made-up code would yield tokens.',
  remedy: 'Start a new authorization request. A restart of this server forgets all codes.',
}

export const codeBelongsToClient: Rule = {
  id: 'code-belongs-to-client',
  clause: 'RFC 6749 section 4.1.3',
  error: 'invalid_grant',
  says: 'code was issued to another client',
  requires: 'The code was issued to the client that redeems it.',
  otherwise: 'A client could redeem a code that was stolen from another client (code injection).',
  remedy: 'Send the client_id of the authorization request.',
  shownAs: codeIsKnown,
}

export const codeIsFresh: Rule = {
  id: 'code-is-fresh',
  clause: 'RFC 6749 section 4.1.2',
  error: 'invalid_grant',
  says: 'code has expired',
  requires: 'The code is redeemed within its lifetime (OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES).',
  otherwise: 'A code that leaked into a log or a browser history could be redeemed long afterwards.',
  remedy: 'Start a new authorization request, and redeem the code as soon as it arrives.',
  labels: expiryLabels,
}

export const redirectUriIsTheSame: Rule = {
  id: 'redirect-uri-is-the-same',
  clause: 'RFC 6749 section 4.1.3',
  error: 'invalid_grant',
  says: 'redirect_uri differs from that of the authorization request',
  requires: 'If the token request has a redirect_uri, it is identical to that of the authorization request.',
  otherwise: 'A code obtained through a manipulated redirect URI could be redeemed.',
  remedy: 'Send the same redirect_uri in both requests, with the same port.',
}

export const codeVerifierIsWellFormed: Rule = {
  id: 'code-verifier-is-well-formed',
  clause: 'RFC 7636 section 4.1',
  error: 'invalid_grant',
  says: 'code_verifier must be 43 to 128 unreserved characters',
  requires: 'The code_verifier has 43 to 128 characters from A-Z a-z 0-9 - . _ ~.',
  otherwise: 'An attacker could guess a short code_verifier from its code_challenge.',
  remedy: 'Make the code_verifier from 32 random bytes in base64url.',
}

export const codeVerifierMatches: Rule = {
  id: 'code-verifier-matches',
  clause: 'RFC 7636 section 4.6',
  error: 'invalid_grant',
  says: 'code_verifier does not match the code_challenge',
  requires: 'BASE64URL(SHA256(code_verifier)) is the code_challenge of the authorization request.',
  otherwise: 'An attacker who intercepts the code can redeem it.',
  remedy: 'Send the code_verifier that belongs to this authorization request. Every request has its own.',
}

export const codeIsUnused: Rule = {
  id: 'code-is-unused',
  clause: 'RFC 6749 section 4.1.2',
  error: 'invalid_grant',
  says: 'code was used before; the tokens issued from it have been revoked',
  requires: 'A code is redeemed only once.',
  otherwise: 'A code that is redeemed twice was stolen, by the first caller or by this one (code replay).',
  remedy: 'Start a new authorization request. Redeem each code once, in one process, and do not retry.',
}

export const refreshTokenIsKnown: Rule = {
  id: 'refresh-token-is-known',
  clause: 'RFC 6749 section 6',
  error: 'invalid_grant',
  says: 'refresh_token is unknown, revoked, or was issued to another client',
  requires: 'This server issued the refresh token and has not revoked it.',
  otherwise: 'A made-up refresh token would yield access tokens.',
  remedy: 'Start a new authorization request. A restart of this server forgets all refresh tokens.',
}

export const refreshTokenBelongsToClient: Rule = {
  id: 'refresh-token-belongs-to-client',
  clause: 'RFC 6749 section 6',
  error: 'invalid_grant',
  says: 'refresh_token was issued to another client',
  requires: 'The refresh token was issued to the client that presents it.',
  otherwise: 'Any client could use a stolen refresh token.',
  remedy: 'Send the client_id to which the refresh token was issued.',
  shownAs: refreshTokenIsKnown,
}

export const refreshTokenIsFresh: Rule = {
  id: 'refresh-token-is-fresh',
  clause: 'RFC 9700 section 4.14.2',
  error: 'invalid_grant',
  says: 'refresh_token has expired',
  requires: 'The refresh token is used within the lifetime of its grant (OAUTH_REFRESH_TOKEN_EXPIRE_DAYS). Rotation does '
    + 'not extend it.',
  otherwise: 'A forgotten grant would live forever.',
  remedy: 'Start a new authorization request.',
  labels: expiryLabels,
}

export const refreshTokenIsUnused: Rule = {
  id: 'refresh-token-is-unused',
  clause: 'OAuth 2.1 section 4.3.1',
  error: 'invalid_grant',
  says: 'refresh_token was used before; the grant has been revoked',
  requires: 'A refresh token is used once. For OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS the same client may repeat the request '
    + 'and gets the same successor, as long as that successor is unused.',
  otherwise: 'A thief could use a stolen refresh token alongside its owner without being noticed.',
  remedy: 'Store the new refresh token before you use it, and let only one process refresh at a time.',
}

export const refreshIsNotTooOften: Rule = {
  id: 'refresh-is-not-too-often',
  clause: 'RFC 6585 section 4',
  error: 'too_many_requests',
  says: 'this grant was refreshed too often; try again in {expected} seconds',
  requires: 'A grant is refreshed at most 60 times a minute.',
  otherwise: 'A client in a loop, or a thief who races the owner, would keep the server busy with one grant.',
  remedy: 'Use the access token until it expires. Refresh once for all processes of the client.',
}

export const scopeIsNotWidened: Rule = {
  id: 'scope-is-not-widened',
  clause: 'RFC 6749 section 6',
  error: 'invalid_scope',
  says: 'scope must not exceed what was granted: {expected}',
  requires: 'A refresh requests no scope beyond the grant.',
  otherwise: 'A client could give itself access that the user never approved.',
  remedy: 'Omit scope to keep what was granted, or start a new authorization request for more.',
}

export const resourceIsTheGranted: Rule = {
  id: 'resource-is-the-granted',
  clause: 'RFC 8707 section 2.2',
  error: 'invalid_target',
  says: 'resource must be {expected}',
  requires: 'If the token request has a resource, or several, each is the one that was granted.',
  otherwise: 'A client could get a token for a resource the user never approved.',
  remedy: 'Send the resource of the authorization request: the one in the protected resource metadata.',
}

export const tokenBelongsToClient: Rule = {
  id: 'token-belongs-to-client',
  clause: 'RFC 7009 section 2.1',
  error: 'invalid_grant',
  says: 'the token was issued to another client',
  requires: 'A client revokes only tokens that were issued to it.',
  otherwise: 'One client could sign out the users of another.',
  remedy: 'Send the token with the client_id to which it was issued.',
}

export const dpopKeyIsTheSame: Rule = {
  id: 'dpop-key-is-the-same',
  clause: 'RFC 9449 section 5',
  error: 'invalid_grant',
  says: 'the proof was signed with a key other than that of the grant',
  requires: 'A code that was requested with dpop_jkt, and a refresh token of a public client, are used with the key that '
    + 'they are bound to.',
  otherwise: 'A thief could use a stolen code or refresh token with a key of their own.',
  remedy: 'Keep the key for the whole lifetime of the grant.',
}
