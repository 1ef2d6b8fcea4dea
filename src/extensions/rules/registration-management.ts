/** Rules of registration management (RFC 7592). */
import type { Rule } from '../../base/rules/rule.ts'

export const registrationAccessTokenMatches: Rule = {
  id: 'registration-access-token-matches',
  clause: 'RFC 7592 section 2',
  error: 'invalid_token',
  says: 'the registration access token does not fit this client',
  requires: 'A registration is read, changed or deleted with the registration access token of that very client.',
  otherwise: 'Anybody could change where the codes of a client go.',
  remedy: 'Send the registration_access_token of the registration response as a bearer token.',
}

export const clientIdIsUnchanged: Rule = {
  id: 'client-id-is-unchanged',
  clause: 'RFC 7592 section 2.2',
  error: 'invalid_client_metadata',
  says: 'client_id and client_secret must be those of the registration',
  requires: 'An update names the client_id of the registration, and the client_secret only as it is.',
  otherwise: 'A client could take the identity of another, or choose a weak secret.',
  remedy: 'Send the client_id that was registered, and no client_secret but the registered one.',
}
