/** Rules of signing in and of the forms that a signed-in user sends, in the order in which they are checked. */
import type { Rule } from '../../base/rules/rule.ts'

export const formIsFromThisSite: Rule = {
  id: 'form-is-from-this-site',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this form was sent by a page of another site',
  requires: 'The Origin and Sec-Fetch-Site headers of a form, where the browser sends them, name this site.',
  otherwise: 'Any page that the user visits could sign him out, sign him in as somebody else, or decide for him.',
  remedy: 'Open the page at this server and send the form from there.',
}

export const formBelongsToBrowser: Rule = {
  id: 'form-belongs-to-browser',
  clause: 'RFC 6749 section 10.12',
  error: 'access_denied',
  says: 'this form was made for another browser, or before somebody signed in or out',
  requires: 'The csrf_token of a form was made for this browser and this session.',
  otherwise: 'A forged form would act in the name of the user (cross-site request forgery).',
  remedy: 'Allow cookies for this host, open the page again and send the form from there.',
}

export const returnToIsLocal: Rule = {
  id: 'return-to-is-local',
  clause: 'RFC 9700 section 4.11.2',
  error: 'invalid_request',
  says: 'return_to is no page of this server that one can return to',
  requires: 'After the sign-in the browser goes to the authorization endpoint, to the account or to the first page, '
    + 'and nowhere else.',
  otherwise: 'A link to this server could end at a copy of it that asks for the password once more (open redirector).',
  remedy: 'Start again from the client, or from the first page.',
}

export const signInAttemptsAreBounded: Rule = {
  id: 'sign-in-attempts-are-bounded',
  clause: 'RFC 6819 section 5.1.4.2.3',
  error: 'too_many_requests',
  says: 'there were too many attempts to sign in; the next can be made in {expected} seconds',
  requires: 'Within 15 minutes there are at most 10 failures of a user name and 100 attempts from an address, and few run '
    + 'at once.',
  otherwise: 'Passwords could be guessed, one after the other or all users at once.',
  remedy: 'Wait until the time of the Retry-After header has passed.',
}

export const userIsAuthenticated: Rule = {
  id: 'user-is-authenticated',
  clause: 'OpenID Connect Core 1.0 section 3.1.2.3',
  error: 'access_denied',
  says: 'the user name or the password is wrong',
  requires: 'A user signs in with his user name and his password; the two users of a demonstration need no password.',
  otherwise: 'Anybody could allow clients in the name of the user.',
  remedy: 'Try again. Which of the two is wrong is not told, so that nobody can find out who has an account.',
}
