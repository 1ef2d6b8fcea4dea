/** Rules of the token endpoint: both grants, and the tokens they are given. */
import { endAndPresent, type Rule } from '../../base/rules/rule.ts'

export const grantTypeIsSupported: Rule = {
  id: 'grant-type-is-supported',
  clause: 'RFC 6749 section 5.2',
  error: 'unsupported_grant_type',
  says: 'grant_type may be {expected}, not {received}',
  requires: 'The grant type is one of those that grant_types_supported lists.',
  otherwise: 'The password grant and its kin hand the secrets of the user to the client.',
  remedy: 'Use authorization_code with PKCE, then refresh_token.',
}

export const clientMayUseGrantType: Rule = {
  id: 'client-may-use-grant-type',
  clause: 'RFC 6749 section 5.2',
  error: 'unauthorized_client',
  says: 'the client is not registered for the grant type {received}',
  requires: 'The client registered the grant type that it uses.',
  otherwise: 'A stolen credential would serve for more than its owner ever asked for.',
  remedy: 'Register with that grant type among grant_types.',
}

export const codeIsKnown: Rule = {
  id: 'code-is-known',
  clause: 'RFC 6749 section 5.2',
  error: 'invalid_grant',
  says: 'code is unknown, or was issued to another client',
  requires: 'The code was issued by this server and has not been forgotten.',
  otherwise: 'Tokens would be issued for nothing.',
  remedy: 'Start a new authorization request. A restart of this server forgets all codes.',
}

export const codeBelongsToClient: Rule = {
  id: 'code-belongs-to-client',
  clause: 'RFC 6749 section 4.1.3',
  error: 'invalid_grant',
  says: 'code was issued to another client',
  requires: 'The code was issued to the client that redeems it.',
  otherwise: 'A client could redeem a code that it found or was given (code injection).',
  remedy: 'Send the client_id of the authorization request.',
  shownAs: codeIsKnown,
}

export const codeIsFresh: Rule = {
  id: 'code-is-fresh',
  clause: 'RFC 6749 section 4.1.2',
  error: 'invalid_grant',
  says: 'code has expired',
  requires: 'The code is redeemed within its lifetime (OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES).',
  otherwise: 'A code that leaked into a log or a history could be redeemed long after.',
  remedy: 'Redeem the code at once; now start a new authorization request.',
  words: endAndPresent,
}

export const redirectUriIsTheSame: Rule = {
  id: 'redirect-uri-is-the-same',
  clause: 'RFC 6749 section 4.1.3',
  error: 'invalid_grant',
  says: 'redirect_uri is not that of the authorization request',
  requires: 'A redirect_uri in the token request is identical to that of the authorization request.',
  otherwise: 'A code obtained through a manipulated redirect URI could be redeemed.',
  remedy: 'Send the same redirect_uri twice, with the same port.',
}

export const codeVerifierIsWellFormed: Rule = {
  id: 'code-verifier-is-well-formed',
  clause: 'RFC 7636 section 4.1',
  error: 'invalid_grant',
  says: 'code_verifier must be 43 to 128 unreserved characters',
  requires: 'The code_verifier has 43 to 128 characters out of A-Z a-z 0-9 - . _ ~.',
  otherwise: 'A short verifier can be guessed from its challenge.',
  remedy: 'Make the verifier from 32 random bytes in base64url.',
}

export const codeVerifierMatches: Rule = {
  id: 'code-verifier-matches',
  clause: 'RFC 7636 section 4.6',
  error: 'invalid_grant',
  says: 'code_verifier does not match the code_challenge',
  requires: 'SHA-256 of the code_verifier, as base64url, is the code_challenge of the authorization request.',
  otherwise: 'Whoever intercepts a code can redeem it.',
  remedy: 'Send the verifier of this very authorization request: of two requests under way each has its own.',
}

export const codeIsUnused: Rule = {
  id: 'code-is-unused',
  clause: 'RFC 6749 section 4.1.2',
  error: 'invalid_grant',
  says: 'code was used before; the tokens that it gave are revoked',
  requires: 'A code is redeemed once.',
  otherwise: 'A code that comes twice was stolen, by the first caller or by this one.',
  remedy: 'Redeem a code once, in one process, and do not retry. Now start a new authorization request.',
}

export const refreshTokenIsKnown: Rule = {
  id: 'refresh-token-is-known',
  clause: 'RFC 6749 section 6',
  error: 'invalid_grant',
  says: 'refresh_token is unknown, revoked, or was issued to another client',
  requires: 'The refresh token was issued by this server and is not revoked.',
  otherwise: 'Tokens would be issued for nothing.',
  remedy: 'Start a new authorization request. A restart of this server forgets all refresh tokens.',
}

export const refreshTokenBelongsToClient: Rule = {
  id: 'refresh-token-belongs-to-client',
  clause: 'RFC 6749 section 6',
  error: 'invalid_grant',
  says: 'refresh_token was issued to another client',
  requires: 'The refresh token was issued to the client that presents it.',
  otherwise: 'A stolen refresh token could be used by any client.',
  remedy: 'Send the client_id to which the refresh token was issued.',
  shownAs: refreshTokenIsKnown,
}

export const refreshTokenIsFresh: Rule = {
  id: 'refresh-token-is-fresh',
  clause: 'RFC 9700 section 4.14.2',
  error: 'invalid_grant',
  says: 'refresh_token has expired',
  requires: 'The refresh token is presented within the lifetime of its grant (OAUTH_REFRESH_TOKEN_EXPIRE_DAYS), which '
    + 'rotation does not stretch.',
  otherwise: 'A forgotten grant would live for ever.',
  remedy: 'Start a new authorization request.',
  words: endAndPresent,
}

export const refreshTokenIsUnused: Rule = {
  id: 'refresh-token-is-unused',
  clause: 'OAuth 2.1 section 4.3.1',
  error: 'invalid_grant',
  says: 'refresh_token was used before; the grant is revoked',
  requires: 'A refresh token is used once. The same client may repeat it within '
    + 'OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS while its successor is unused, and gets the same successor.',
  otherwise: 'A stolen refresh token could be used beside its owner, unseen.',
  remedy: 'Store the new refresh token before using it, and let one process refresh at a time.',
}

export const scopeIsNotWidened: Rule = {
  id: 'scope-is-not-widened',
  clause: 'RFC 6749 section 6',
  error: 'invalid_scope',
  says: 'scope may not exceed what was granted: {expected}',
  requires: 'A refresh asks for no scope beyond the grant.',
  otherwise: 'A client could give itself what the user never approved.',
  remedy: 'Leave scope out to keep the grant, or start a new authorization request for more.',
}

export const resourceIsTheGranted: Rule = {
  id: 'resource-is-the-granted',
  clause: 'RFC 8707 section 2.2',
  error: 'invalid_target',
  says: 'resource must be {expected}',
  requires: 'A resource in the token request is the one that was granted.',
  otherwise: 'A token could be had for a server that the user never heard of.',
  remedy: 'Send the resource of the authorization request, which is that of the protected resource metadata.',
}

export const tokenBelongsToClient: Rule = {
  id: 'token-belongs-to-client',
  clause: 'RFC 7009 section 2.1',
  error: 'invalid_grant',
  says: 'the token was issued to another client',
  requires: 'A client revokes tokens that were issued to itself.',
  otherwise: 'A client could log out the users of another.',
  remedy: 'Send the token with the client_id to which it was issued.',
}

export const dpopKeyIsTheSame: Rule = {
  id: 'dpop-key-is-the-same',
  clause: 'RFC 9449 section 5',
  error: 'invalid_grant',
  says: 'the proof was made with another key than that of the grant',
  requires: 'A code that was asked for with dpop_jkt, and the refresh token of a public client, are used with the key that '
    + 'they are bound to.',
  otherwise: 'A stolen code or refresh token could be used with a key of the thief.',
  remedy: 'Keep the key for as long as the grant lives.',
}
