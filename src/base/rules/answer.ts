/** Rules of every response that the client reads. */
import type { Rule } from './rule.ts'

export const answerIsBounded: Rule = {
  id: 'answer-is-bounded',
  clause: 'RFC 9700 section 4.16',
  error: 'client_error',
  says: '{received} sent more than {expected} bytes',
  requires: 'A response stays within a size limit that is far above any legitimate response.',
  otherwise: 'An endless response would fill the memory.',
  remedy: 'Send a smaller response.',
}

export const documentIsJson: Rule = {
  id: 'document-is-json',
  clause: 'RFC 8414 section 3.2',
  error: 'client_error',
  says: '{received} answered with {expected} instead of JSON',
  requires: 'A metadata document, and a response of the token or registration endpoint, is a JSON object of type '
    + 'application/json.',
  otherwise: 'The client would take a login page, or the error page of a proxy, for the response.',
  remedy: 'Answer with application/json. HTML usually means that a catch-all route or a proxy answers instead of the endpoint.',
}
