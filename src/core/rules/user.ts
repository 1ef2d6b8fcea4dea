/** Rules of sign-in and of the forms that a signed-in user sends, in the order in which they are checked. */
import type { Rule } from '../../base/rules/rule.ts'

export const formIsFromThisSite: Rule = {
  id: 'form-is-from-this-site',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this form was sent by a page of another site',
  requires: 'The Origin and Sec-Fetch-Site headers of a form, if the browser sends them, name this site.',
  otherwise: 'Any page the user visits could sign them out, sign them in as somebody else (login CSRF), or decide for them.',
  remedy: 'Open the page on this server and submit the form there.',
}

export const formBelongsToBrowser: Rule = {
  id: 'form-belongs-to-browser',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this form was made for another browser, or before somebody signed in or out',
  requires: 'The csrf_token of a form was issued to this browser and this session.',
  otherwise: 'A forged form could act on behalf of the user (CSRF).',
  remedy: 'Allow cookies for this host, open the page again and submit the form there.',
}

export const returnToIsLocal: Rule = {
  id: 'return-to-is-local',
  clause: 'RFC 9700 section 4.11.2',
  error: 'invalid_request',
  says: 'return_to must be a page of this server that sign-in can return to',
  requires: 'After sign-in, the browser goes only to the authorization endpoint, the account page or the home page.',
  otherwise: 'A link to this server could end on a copy of it that asks for the password again (open redirector).',
  remedy: 'Start again from the client, or from the home page.',
}

export const signInAttemptsAreBounded: Rule = {
  id: 'sign-in-attempts-are-bounded',
  clause: 'RFC 6819 section 5.1.4.2.3',
  error: 'too_many_requests',
  says: 'too many attempts to sign in: try again in {expected} seconds',
  requires: 'Within 15 minutes there are at most 10 failures for one user name and 100 attempts from one address, and only a few '
    + 'attempts run at once.',
  otherwise: 'An attacker could guess the password of one user, or try common passwords on all of them.',
  remedy: 'Wait for as long as Retry-After says.',
}

export const userIsAuthenticated: Rule = {
  id: 'user-is-authenticated',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.3',
  error: 'access_denied',
  says: 'the user name or the password is wrong',
  requires: 'A user signs in with their user name and password. The two demo users need no password.',
  otherwise: 'Anybody could authorize clients on behalf of the user.',
  remedy: 'Try again. The server does not tell which of the two is wrong, so that nobody can find out who has an account.',
}
