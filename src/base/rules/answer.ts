/** Rules of every answer that the client reads. */
import type { Rule } from './rule.ts'

export const answerIsBounded: Rule = {
  id: 'answer-is-bounded',
  clause: 'RFC 9700 section 4.16',
  error: 'client_error',
  says: '{received} sent more than {expected} bytes',
  requires: 'An answer stays within a size that any legitimate one has.',
  otherwise: 'An endless answer would fill the memory.',
  remedy: 'Send less.',
}

export const documentIsJson: Rule = {
  id: 'document-is-json',
  clause: 'RFC 8414 section 3.2',
  error: 'client_error',
  says: '{received} answered with {expected} where JSON was expected',
  requires: 'A metadata document and an answer of the token or registration endpoint is a JSON object of type application/json.',
  otherwise: 'A login page or an error page of a proxy would be taken for the answer.',
  remedy: 'Answer with application/json. HTML usually means that a catch-all route or a proxy answers in place of the endpoint.',
}
