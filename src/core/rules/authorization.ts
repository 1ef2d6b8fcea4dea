/** Rules of the authorization endpoint, in the order in which they are checked. */
import type { Rule } from '../../base/rules/rule.ts'

export const clientIsRegistered: Rule = {
  id: 'client-is-registered',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'invalid_client',
  status: 400,
  says: 'client_id is not registered here',
  requires: 'The client_id of an authorization request is registered with this server.',
  otherwise: 'The server would not know where it may send the code.',
  remedy: 'Forget the stored registration and register again. This server keeps registrations in memory, so a restart '
    + 'forgets them.',
}

export const redirectUriIsRegistered: Rule = {
  id: 'redirect-uri-is-registered',
  clause: 'OAuth 2.1 section 2.3.1',
  error: 'invalid_request',
  says: 'redirect_uri is not registered for this client',
  requires: 'The redirect_uri is, character by character, one that the client registered. Only the port of an http '
    + 'loopback redirect URI may differ (RFC 8252 section 7.3).',
  otherwise: 'A forged request would deliver the code to an attacker.',
  remedy: 'Register exactly this redirect URI. localhost, 127.0.0.1 and [::1] are three different hosts. A trailing slash '
    + 'counts, and so does the port of an https URI.',
}

export const redirectUriIsClear: Rule = {
  id: 'redirect-uri-is-clear',
  clause: 'OAuth 2.1 section 4.1.1',
  error: 'invalid_request',
  says: 'redirect_uri is missing, and the client registered more than one',
  requires: 'A request may omit redirect_uri only if the client registered exactly one.',
  otherwise: 'The server would have to guess where to send the code.',
  remedy: 'Send redirect_uri.',
}

export const responseTypeIsCode: Rule = {
  id: 'response-type-is-code',
  clause: 'OAuth 2.1 section 4.1.1',
  error: 'unsupported_response_type',
  says: 'response_type must be code, not {received}',
  requires: 'The response type is code.',
  otherwise: 'The implicit grant puts access tokens into URLs, browser histories and logs.',
  remedy: 'Use response_type=code with PKCE.',
}

export const requestObjectIsNotUsed: Rule = {
  id: 'request-object-is-not-used',
  clause: 'RFC 9101 section 5',
  error: 'invalid_request',
  says: 'request and request_uri are not supported',
  requires: 'The request uses plain parameters, without a request object.',
  otherwise: 'Anybody could make this server fetch any address, including those of its own network (SSRF).',
  remedy: 'Send the parameters in the query.',
}

export const clientMayUseCodeGrant: Rule = {
  id: 'client-may-use-code-grant',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'unauthorized_client',
  says: 'the client is not registered for the authorization code grant',
  requires: 'The client registered the grant type authorization_code.',
  otherwise: 'A client could use a grant for which its redirect URIs were never validated.',
  remedy: 'Register with authorization_code in grant_types (the default).',
}

export const codeChallengeIsSent: Rule = {
  id: 'code-challenge-is-sent',
  clause: 'RFC 7636 section 4.4.1',
  error: 'invalid_request',
  says: 'code_challenge is missing: PKCE is required',
  requires: 'Every authorization request carries a code_challenge.',
  otherwise: 'An attacker who intercepts the code can redeem it.',
  remedy: 'Send code_challenge=BASE64URL(SHA256(code_verifier)) and code_challenge_method=S256.',
}

export const codeChallengeMethodIsS256: Rule = {
  id: 'code-challenge-method-is-s256',
  clause: 'RFC 7636 section 4.2',
  error: 'invalid_request',
  says: 'code_challenge_method must be S256, not {received}',
  requires: 'The code_challenge_method is S256. If it is absent it means plain, which this server does not support.',
  otherwise: 'With plain, anybody who sees the authorization request knows the code_verifier.',
  remedy: 'Send code_challenge_method=S256, and BASE64URL(SHA256(code_verifier)) as the code_challenge.',
}

export const codeChallengeIsWellFormed: Rule = {
  id: 'code-challenge-is-well-formed',
  clause: 'RFC 7636 section 4.2',
  error: 'invalid_request',
  says: 'code_challenge must be 43 characters of base64url',
  requires: 'The code_challenge is a SHA-256 hash in unpadded base64url: 43 characters.',
  otherwise: 'No code_verifier could ever match, and the mistake would only show at the token endpoint.',
  remedy: 'Encode the 32 bytes of the hash, not its hexadecimal form, as base64url without padding.',
}

export const resourceIsOurs: Rule = {
  id: 'resource-is-ours',
  clause: 'RFC 8707 section 2',
  error: 'invalid_target',
  says: 'resource must be {expected}',
  requires: 'Every resource of the request is the MCP server of this installation.',
  otherwise: 'A token would be issued for a server that somebody else runs, and they could use it here.',
  remedy: 'Send the resource from the protected resource metadata unchanged, byte for byte.',
}

export const scopeIsSupported: Rule = {
  id: 'scope-is-supported',
  clause: 'RFC 6749 section 3.3',
  error: 'invalid_scope',
  says: 'scope must name at least one of {expected}',
  requires: 'The requested scope names a scope of this server. Unknown scopes beside it are ignored, and so are the standard OpenID '
    + 'Connect scopes.',
  otherwise: 'A client that requests the wrong scopes would get the default instead, without noticing.',
  remedy: 'Request scopes from scopes_supported, or omit scope.',
}

export const scopeIsWithinRegistration: Rule = {
  id: 'scope-is-within-registration',
  clause: 'RFC 7591 section 2',
  error: 'invalid_scope',
  says: 'the client registered only for {expected}',
  requires: 'At least one requested scope is within the scope that the client registered.',
  otherwise: 'The registered scope would limit nothing.',
  remedy: 'Register again with a wider scope, or without scope.',
}

export const promptNoneStandsAlone: Rule = {
  id: 'prompt-none-stands-alone',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.1',
  error: 'invalid_request',
  says: 'prompt=none cannot be combined with {received}',
  requires: 'If prompt contains none, it contains nothing else.',
  otherwise: 'The server would have to guess whether it may interact with the user.',
  remedy: 'Send prompt=none alone, or leave none out.',
}

export const userIsSignedIn: Rule = {
  id: 'user-is-signed-in',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.6',
  error: 'login_required',
  says: 'the user must sign in, but prompt=none forbids it',
  requires: 'A request with prompt=none comes from a browser in which the user is signed in.',
  otherwise: 'The server would answer on behalf of a user it has not identified.',
  remedy: 'Repeat the request without prompt=none.',
}

export const consentIsGiven: Rule = {
  id: 'consent-is-given',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.6',
  error: 'consent_required',
  says: 'the user must decide, but prompt=none forbids asking',
  requires: 'A request with prompt=none asks for no more than the user already allowed this client, and no other program can '
    + 'impersonate the client (RFC 8252 section 8.6).',
  otherwise: 'A hidden frame could obtain a code without the user seeing anything.',
  remedy: 'Repeat the request without prompt=none.',
}

export const consentIsOpen: Rule = {
  id: 'consent-is-open',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this consent page was already answered, has expired, or is not from this server',
  requires: 'A decision belongs to a consent page that this server showed and that is still unanswered.',
  otherwise: 'A forged or replayed form would approve a request that the user never saw.',
  remedy: 'Start again from the client.',
}

export const consentBelongsToBrowser: Rule = {
  id: 'consent-belongs-to-browser',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this consent page was shown to another browser',
  requires: 'A decision comes from the browser that was shown the page.',
  otherwise: 'An attacker could trick a victim into approving a request that the attacker started (CSRF).',
  remedy: 'Allow cookies for this host and start again from the client.',
}

export const consentBelongsToUser: Rule = {
  id: 'consent-belongs-to-user',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this consent page was shown to another user, or to one who has signed out since',
  requires: 'A decision comes from the user who was shown the page and is still signed in.',
  otherwise: 'On a shared browser, one user could decide for another.',
  remedy: 'Sign in as the user who should decide, and start again from the client.',
}

export const consentIsWithinRequest: Rule = {
  id: 'consent-is-within-request',
  clause: 'RFC 6749 section 3.3',
  error: 'access_denied',
  says: 'the scope {received} was not offered on the page',
  requires: 'A decision may drop scopes that the client requested, but not add any.',
  otherwise: 'A tampered form would grant more than the user was shown.',
  remedy: 'Start again from the client, and request the scopes it needs there.',
}

export const scopeIsKept: Rule = {
  id: 'scope-is-kept',
  clause: 'RFC 6749 section 3.3',
  error: 'access_denied',
  says: 'the user allowed none of the requested scopes',
  requires: 'At least one of the requested scopes stays checked.',
  otherwise: 'The client would get a token that can do nothing, and only find out later.',
  remedy: 'Tell the user what the scopes are for, and ask again only when they want it.',
}

export const userApproved: Rule = {
  id: 'user-approved',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'access_denied',
  says: 'the user denied the request',
  requires: 'The user approved the request.',
  otherwise: 'The client would have access that nobody consented to.',
  remedy: 'Tell the user what was not granted, and ask again only when they want it.',
}

export const dpopJktIsAThumbprint: Rule = {
  id: 'dpop-jkt-is-a-thumbprint',
  clause: 'RFC 9449 section 10',
  error: 'invalid_request',
  says: 'dpop_jkt must be the SHA-256 thumbprint of a key in base64url, 43 characters',
  requires: 'dpop_jkt is a JWK SHA-256 Thumbprint (RFC 7638) in base64url.',
  otherwise: 'The user would approve a code that is bound to a key that cannot exist.',
  remedy: 'Send the thumbprint of the public key that will sign the proof of the token request.',
}
