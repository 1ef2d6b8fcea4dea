/** Rules of registration management (RFC 7592). */
import type { Rule } from '../../base/rules/rule.ts'

export const registrationAccessTokenMatches: Rule = {
  id: 'registration-access-token-matches',
  clause: 'RFC 7592 section 2',
  error: 'invalid_token',
  says: 'the registration access token does not belong to this client',
  requires: 'A registration is read, changed or deleted with the registration access token of that client.',
  otherwise: 'Anybody could change where the codes of a client are sent.',
  remedy: 'Send the registration_access_token from the registration response as a bearer token.',
}

export const clientIdIsUnchanged: Rule = {
  id: 'client-id-is-unchanged',
  clause: 'RFC 7592 section 2.2',
  error: 'invalid_client_metadata',
  says: 'client_id and client_secret must be those of the registration',
  requires: 'An update names the client_id of the registration. If it names a client_secret, it is the current one.',
  otherwise: 'A client could take over the identity of another, or choose a weak secret.',
  remedy: 'Send the registered client_id, and no client_secret other than the registered one.',
}
