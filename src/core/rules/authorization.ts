/** Rules of the authorization endpoint, in the order in which they are checked. */
import type { Rule } from '../../base/rules/rule.ts'

export const clientIsRegistered: Rule = {
  id: 'client-is-registered',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'invalid_client',
  status: 400,
  says: 'client_id is not registered here',
  requires: 'The client_id of an authorization request is registered with this server.',
  otherwise: 'Nobody has said where the codes of such a client may go.',
  remedy: 'Forget the stored registration and register again: this server keeps registrations in memory, so a restart '
    + 'forgets them.',
}

export const redirectUriIsRegistered: Rule = {
  id: 'redirect-uri-is-registered',
  clause: 'OAuth 2.1 section 2.3.1',
  error: 'invalid_request',
  says: 'redirect_uri is not registered for this client',
  requires: 'The redirect_uri is, character by character, one that the client registered; only the port of an http '
    + 'loopback redirect URI may differ (RFC 8252 section 7.3).',
  otherwise: 'A forged request would send the code of the user to the attacker.',
  remedy: 'Register this very redirect URI. localhost, 127.0.0.1 and [::1] are three different hosts. A slash counts, and so '
    + 'does the port of https.',
}

export const redirectUriIsClear: Rule = {
  id: 'redirect-uri-is-clear',
  clause: 'OAuth 2.1 section 4.1.1',
  error: 'invalid_request',
  says: 'redirect_uri is missing, and the client registered more than one',
  requires: 'A request without redirect_uri comes from a client that registered exactly one.',
  otherwise: 'The server would have to guess where the code goes.',
  remedy: 'Send redirect_uri.',
}

export const responseTypeIsCode: Rule = {
  id: 'response-type-is-code',
  clause: 'OAuth 2.1 section 4.1.1',
  error: 'unsupported_response_type',
  says: 'response_type must be code, not {received}',
  requires: 'The response type is code.',
  otherwise: 'The implicit grant puts access tokens into URLs, histories and logs.',
  remedy: 'Use response_type=code with PKCE.',
}

export const requestObjectIsNotUsed: Rule = {
  id: 'request-object-is-not-used',
  clause: 'RFC 9101 section 5',
  error: 'invalid_request',
  says: 'request and request_uri are not supported',
  requires: 'The request is made of plain parameters, without a request object.',
  otherwise: 'Fetching a request_uri lets anybody send this server to any address, its own network included.',
  remedy: 'Send the parameters in the query.',
}

export const clientMayUseCodeGrant: Rule = {
  id: 'client-may-use-code-grant',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'unauthorized_client',
  says: 'the client is not registered for the authorization code grant',
  requires: 'The client registered the grant type authorization_code.',
  otherwise: 'A client could use a grant for which its redirect URIs were never judged.',
  remedy: 'Register with grant_types authorization_code (the default).',
}

export const codeChallengeIsSent: Rule = {
  id: 'code-challenge-is-sent',
  clause: 'RFC 7636 section 4.4.1',
  error: 'invalid_request',
  says: 'code_challenge is missing: PKCE is required',
  requires: 'Every authorization request carries a code_challenge.',
  otherwise: 'Whoever gets hold of the code can redeem it.',
  remedy: 'Send code_challenge=BASE64URL(SHA256(code_verifier)) and code_challenge_method=S256.',
}

export const codeChallengeMethodIsS256: Rule = {
  id: 'code-challenge-method-is-s256',
  clause: 'RFC 7636 section 4.2',
  error: 'invalid_request',
  says: 'code_challenge_method must be S256, not {received}',
  requires: 'The code_challenge_method is S256. An absent one means plain, which this server does not take.',
  otherwise: 'With plain, whoever sees the authorization request knows the verifier.',
  remedy: 'Send code_challenge_method=S256, and BASE64URL(SHA-256(code_verifier)) as the code_challenge.',
}

export const codeChallengeIsWellFormed: Rule = {
  id: 'code-challenge-is-well-formed',
  clause: 'RFC 7636 section 4.2',
  error: 'invalid_request',
  says: 'code_challenge must be 43 characters of base64url',
  requires: 'The code_challenge is the unpadded base64url form of a SHA-256 hash, 43 characters.',
  otherwise: 'No verifier could ever match it, and the mistake would show only at the token endpoint.',
  remedy: 'Encode the 32 bytes of the hash (not its hexadecimal form) as base64url without padding.',
}

export const resourceIsOurs: Rule = {
  id: 'resource-is-ours',
  clause: 'RFC 8707 section 2',
  error: 'invalid_target',
  says: 'resource must be {expected}',
  requires: 'The resource is the MCP server of this installation.',
  otherwise: 'A token would be issued for a server that another party runs, who could then use it here.',
  remedy: 'Send the resource member of the protected resource metadata as it stands, byte for byte.',
}

export const scopeIsSupported: Rule = {
  id: 'scope-is-supported',
  clause: 'RFC 6749 section 3.3',
  error: 'invalid_scope',
  says: 'scope must be made of {expected}',
  requires: 'The requested scope names scopes of this server; the well-known OpenID Connect scopes are ignored.',
  otherwise: 'A typing error would silently become a token that can do nothing.',
  remedy: 'Ask for scopes that scopes_supported lists, or leave scope out.',
}

export const scopeIsWithinRegistration: Rule = {
  id: 'scope-is-within-registration',
  clause: 'RFC 7591 section 2',
  error: 'invalid_scope',
  says: 'the client registered for {expected} only',
  requires: 'At least one requested scope lies within the scope that the client registered.',
  otherwise: 'The registered scope would bound nothing.',
  remedy: 'Register again with a wider scope, or with none.',
}

export const promptNoneStandsAlone: Rule = {
  id: 'prompt-none-stands-alone',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.1',
  error: 'invalid_request',
  says: 'prompt=none cannot be combined with {received}',
  requires: 'The prompt none comes with no other.',
  otherwise: 'The server would have to guess whether the user may be asked.',
  remedy: 'Send prompt=none alone, or leave none out.',
}

export const userIsSignedIn: Rule = {
  id: 'user-is-signed-in',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.6',
  error: 'login_required',
  says: 'the user has to sign in, which prompt=none forbids',
  requires: 'A request with prompt=none comes from a browser in which the user is signed in.',
  otherwise: 'The server would answer for a user whom it does not know.',
  remedy: 'Repeat the request without prompt=none.',
}

export const consentIsGiven: Rule = {
  id: 'consent-is-given',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.6',
  error: 'consent_required',
  says: 'the user has to decide, which prompt=none forbids',
  requires: 'A request with prompt=none asks for what the user allowed this very client before, and the client can be told '
    + 'from every other (RFC 8252 section 8.6).',
  otherwise: 'A hidden frame could obtain a code without the user seeing anything.',
  remedy: 'Repeat the request without prompt=none.',
}

export const consentIsOpen: Rule = {
  id: 'consent-is-open',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this consent page has been answered, has expired or is not from here',
  requires: 'A decision names a consent page that this server showed and that has not been answered.',
  otherwise: 'A forged or repeated form would approve a request that the user never saw.',
  remedy: 'Start again from the client.',
}

export const consentBelongsToBrowser: Rule = {
  id: 'consent-belongs-to-browser',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this consent page was shown to another browser',
  requires: 'A decision comes from the browser that was shown the page.',
  otherwise: 'An attacker could have his victim approve the request of the attacker (cross-site request forgery).',
  remedy: 'Allow cookies for this host and start again from the client.',
}

export const consentBelongsToUser: Rule = {
  id: 'consent-belongs-to-user',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this consent page was shown to another user, or to one who has signed out since',
  requires: 'A decision comes from the user who was shown the page, while he is signed in.',
  otherwise: 'Whoever uses the browser next would decide for the user before him, or the other way round.',
  remedy: 'Start again from the client, signed in as the user who is to decide.',
}

export const consentIsWithinRequest: Rule = {
  id: 'consent-is-within-request',
  clause: 'RFC 6749 section 3.3',
  error: 'access_denied',
  says: 'the scope {received} is not one that the page offered',
  requires: 'A decision keeps scopes that the client asked for, and adds none.',
  otherwise: 'An altered form would grant more than the user was shown.',
  remedy: 'Start again from the client, and ask there for what is needed.',
}

export const scopeIsKept: Rule = {
  id: 'scope-is-kept',
  clause: 'RFC 6749 section 3.3',
  error: 'access_denied',
  says: 'the user allowed none of the scopes that were asked for',
  requires: 'At least one of the requested scopes stays ticked.',
  otherwise: 'The client would get a token that can do nothing, and learn of it only later.',
  remedy: 'Tell the user what the scopes are for, and ask again when he wishes it.',
}

export const userApproved: Rule = {
  id: 'user-approved',
  clause: 'RFC 6749 section 4.1.2.1',
  error: 'access_denied',
  says: 'the user denied the request',
  requires: 'The user approved the request.',
  otherwise: 'There would be no consent.',
  remedy: 'Tell the user what was not granted; ask again only when he wishes it.',
}

export const dpopJktIsAThumbprint: Rule = {
  id: 'dpop-jkt-is-a-thumbprint',
  clause: 'RFC 9449 section 10',
  error: 'invalid_request',
  says: 'dpop_jkt must be the SHA-256 thumbprint of a key in base64url, 43 characters',
  requires: 'dpop_jkt is a JWK SHA-256 Thumbprint (RFC 7638) in base64url.',
  otherwise: 'The code would be bound to a key that cannot exist, and the user asked for nothing.',
  remedy: 'Send the thumbprint of the public key with which the proof of the token request will be signed.',
}
