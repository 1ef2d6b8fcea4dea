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

export const contentCodingIsReadable: Rule = {
  id: 'content-coding-is-readable',
  clause: 'RFC 9110 section 8.4',
  error: 'client_error',
  says: '{received} answered with the content coding {expected}, which this client cannot undo',
  requires: 'A response has no content coding, as the client asks (Accept-Encoding: identity), or gzip, deflate or br.',
  otherwise: 'The client would take compressed bytes for text.',
  remedy: 'Send the response without a content coding. Usually it is a proxy in front of the server that compresses.',
}

export const redirectStaysOnOrigin: Rule = {
  id: 'redirect-stays-on-origin',
  clause: 'RFC 9110 section 15.4',
  error: 'client_error',
  says: '{received}',
  requires: 'A redirect leads to the same origin. After a POST its status is 307 or 308.',
  otherwise: 'The client would send codes and tokens wherever a response points.',
  remedy: 'If you trust the URL in Location, pass it as --server-url, or let the metadata name it. Otherwise correct the redirect.',
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
