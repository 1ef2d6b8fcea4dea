/** Rules that every request meets before a handler sees it, and those of bodies and parameters. */
import type { Rule } from './rule.ts'

export const requestTargetIsAPath: Rule = {
  id: 'request-target-is-a-path',
  clause: 'RFC 9112 section 3.2.1',
  error: 'invalid_request',
  says: 'the request target must be a path',
  requires: 'The request target is in origin-form: one leading slash, a path, perhaps a query.',
  otherwise: 'A proxy in front and this server could read two different paths out of one request.',
  remedy: 'Send the path alone in the request line and the host in the Host header.',
}

export const hostIsSentOnce: Rule = {
  id: 'host-is-sent-once',
  clause: 'RFC 9112 section 3.2',
  error: 'invalid_request',
  says: 'the Host header must be sent exactly once',
  requires: 'A request has exactly one Host header.',
  otherwise: 'Of two lines Node keeps the first and a proxy may keep the second: the checked host is not the routed one.',
  remedy: 'Send one Host header.',
}

export const httpVersionIsOne: Rule = {
  id: 'http-version-is-one',
  clause: 'RFC 9110 section 2.5',
  error: 'invalid_request',
  says: 'this server speaks HTTP/1.1, not HTTP/{received}',
  requires: 'The request line names HTTP/1.0 or HTTP/1.1.',
  otherwise: 'A proxy would frame the message by the rules of another version than this server.',
  remedy: 'Send the request as HTTP/1.1.',
}

export const transferCodingIsChunked: Rule = {
  id: 'transfer-coding-is-chunked',
  clause: 'RFC 9112 section 6.1',
  error: 'invalid_request',
  says: 'Transfer-Encoding may be chunked, in HTTP/1.1, and nothing else',
  requires: 'Transfer-Encoding is chunked or absent, and absent in HTTP/1.0, which does not know it.',
  otherwise: 'A proxy and this server could see the end of the body at two places, and the rest as another request.',
  remedy: 'Send Content-Length, or Transfer-Encoding: chunked alone.',
}

export const expectationIsKnown: Rule = {
  id: 'expectation-is-known',
  clause: 'RFC 9110 section 10.1.1',
  error: 'invalid_request',
  status: 417,
  says: 'the expectation {received} cannot be met; 100-continue can',
  requires: 'An Expect header says 100-continue.',
  otherwise: 'The client would believe that the server does what it does not know.',
  remedy: 'Leave the Expect header out.',
}

export const addressIsWithinLimits: Rule = {
  id: 'address-is-within-limits',
  clause: 'RFC 6585 section 4',
  error: 'too_many_requests',
  says: 'too many requests of this kind from this address: try again in {expected} s',
  requires: 'One address sends no more registrations, authorization requests and refused requests with credentials in a '
    + 'minute than RATE_LIMIT_REGISTRATIONS_PER_MINUTE, RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE and '
    + 'RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE say.',
  otherwise: 'One machine could press the new registrations of all others out of the store, or guess without end.',
  remedy: 'Wait as long as Retry-After says. Behind a proxy set SERVER_BEHIND_PROXY, so that each client has its own address.',
}

export const authorizationIsSentOnce: Rule = {
  id: 'authorization-is-sent-once',
  clause: 'RFC 9110 section 5.3',
  error: 'invalid_request',
  says: 'the Authorization header must be sent at most once',
  requires: 'A request has at most one Authorization header, since the field is no list.',
  otherwise: 'One component would verify the first credential and another would act on the second.',
  remedy: 'Send one Authorization header.',
}

export const contentTypeIsSentOnce: Rule = {
  id: 'content-type-is-sent-once',
  clause: 'RFC 9110 section 5.3',
  error: 'invalid_request',
  says: 'the Content-Type header must be sent at most once',
  requires: 'A request has at most one Content-Type header, since the field is no list.',
  otherwise: 'One component would read the body as a form and another as JSON.',
  remedy: 'Send one Content-Type header.',
}

export const hostIsServed: Rule = {
  id: 'host-is-served',
  clause: 'MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint',
  error: 'access_denied',
  says: 'the host {received} is not served here',
  requires: 'The Host header names loopback, the host of SERVER_URL, or one of SERVER_ALLOWED_HOSTS.',
  otherwise: 'A web page whose name is rebound to 127.0.0.1 could talk to this server as if it were its own.',
  remedy: 'Connect by the host of SERVER_URL, or add the host to SERVER_ALLOWED_HOSTS.',
}

export const originIsAllowed: Rule = {
  id: 'origin-is-allowed',
  clause: 'MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint',
  error: 'access_denied',
  says: 'the origin {received} is not allowed here',
  requires: 'An Origin header names loopback, the origin of SERVER_URL, or one of SERVER_ALLOWED_ORIGINS.',
  otherwise: 'Any web page that the user visits could send requests to the MCP server of his machine.',
  remedy: 'Serve the page from an allowed origin, or add its origin to SERVER_ALLOWED_ORIGINS.',
}

export const pathIsKnown: Rule = {
  id: 'path-is-known',
  clause: 'RFC 9110 section 15.5.5',
  error: 'not_found',
  says: 'there is nothing at this path',
  requires: 'The path is one of those that src/routes.ts lists.',
  otherwise: 'Clients probe well-known paths: a page in place of a 404 is taken for metadata.',
  remedy: 'Take the endpoints from the metadata at /.well-known/oauth-authorization-server.',
}

export const methodIsAllowed: Rule = {
  id: 'method-is-allowed',
  clause: 'RFC 9110 section 15.5.6',
  error: 'method_not_allowed',
  says: 'the method {received} is not allowed here; {expected} is',
  requires: 'The endpoint is called with a method that it has.',
  otherwise: 'A GET that changes something can be triggered by any link or image.',
  remedy: 'Use a method that the Allow header of the response names.',
}

export const bodyIsBounded: Rule = {
  id: 'body-is-bounded',
  clause: 'RFC 9110 section 15.5.14',
  error: 'content_too_large',
  says: 'the body is larger than {expected} bytes',
  requires: 'A request body stays within the size that its endpoint takes.',
  otherwise: 'A few clients could fill the memory of the server.',
  remedy: 'Send less.',
}

export const bodyIsNotEncoded: Rule = {
  id: 'body-is-not-encoded',
  clause: 'RFC 9110 section 8.4',
  error: 'unsupported_media_type',
  says: 'the content coding {received} is not taken',
  requires: 'A request body is sent as it is, without a Content-Encoding.',
  otherwise: 'A filter in front reads other content than this server, and a small body can grow without bounds.',
  remedy: 'Send the body without a Content-Encoding.',
}

export const bodyIsUtf8: Rule = {
  id: 'body-is-utf-8',
  clause: 'RFC 8259 section 8.1',
  error: 'invalid_request',
  says: 'the body is not valid UTF-8',
  requires: 'Text is UTF-8, and a charset that is named says so.',
  otherwise: 'Two parsers could read two different texts, and what was checked is not what is used.',
  remedy: 'Encode the body as UTF-8.',
}

export const bodyIsAForm: Rule = {
  id: 'body-is-a-form',
  clause: 'RFC 6749 section 3.2',
  error: 'invalid_request',
  says: 'the body must be application/x-www-form-urlencoded, not {received}',
  requires: 'Requests to the OAuth endpoints are sent in the application/x-www-form-urlencoded format.',
  otherwise: 'A body that two components parse differently passes checks that it should not pass.',
  remedy: 'Send the header Content-Type: application/x-www-form-urlencoded and the parameters as a form, not as JSON.',
}

export const bodyIsJson: Rule = {
  id: 'body-is-json',
  clause: 'RFC 7591 section 3.1',
  error: 'unsupported_media_type',
  says: 'the body must be application/json, not {received}',
  requires: 'Client metadata and JSON-RPC messages are sent as application/json.',
  otherwise: 'A web page may send text/plain to any host without asking it first (CORS).',
  remedy: 'Send the header Content-Type: application/json.',
}

export const jsonIsWellFormed: Rule = {
  id: 'json-is-well-formed',
  clause: 'RFC 8259 section 4',
  error: 'invalid_request',
  says: 'the JSON text cannot be used: {received}',
  requires: 'JSON parses, names no member twice and nests at most 32 levels.',
  otherwise: 'Of two members of one name parsers keep different ones: what was checked is not what is used.',
  remedy: 'Send one JSON text in which every member is named once.',
}

export const parametersAreNotRepeated: Rule = {
  id: 'parameters-are-not-repeated',
  clause: 'RFC 6749 section 3.1',
  error: 'invalid_request',
  says: 'the parameter {received} is sent more than once',
  requires: 'No parameter is included more than once.',
  otherwise: 'One component checks the first value and another uses the second.',
  remedy: 'Send the parameter once.',
}

export const parametersAreUtf8: Rule = {
  id: 'parameters-are-utf-8',
  clause: 'RFC 3629 section 3',
  error: 'invalid_request',
  says: 'the parameters are not UTF-8 in percent-encoding',
  requires: 'What is percent-encoded is UTF-8, and a percent sign begins an encoded octet.',
  otherwise: 'Octets that are not UTF-8 are replaced, so that two values become one, and what was checked is not what is used.',
  remedy: 'Encode every parameter as UTF-8 and then as application/x-www-form-urlencoded.',
}

export const parameterIsSent: Rule = {
  id: 'parameter-is-sent',
  clause: 'RFC 6749 section 5.2',
  error: 'invalid_request',
  says: 'the parameter {expected} is missing',
  requires: 'Every required parameter is sent, with a value: one without a value counts as omitted.',
  otherwise: 'A request would be judged by a guess.',
  remedy: 'Send the parameter.',
}

export const parameterIsBounded: Rule = {
  id: 'parameter-is-bounded',
  clause: 'RFC 9700 section 4.16',
  error: 'invalid_request',
  says: 'the parameter {received} is longer than {expected} characters',
  requires: 'A parameter stays within the length that anything legitimate needs.',
  otherwise: 'What is kept until the user decides could be made large enough to fill the memory.',
  remedy: 'Send less; state needs no more than a reference to what the client keeps itself.',
}

export const oneTimeUseCanBeRemembered: Rule = {
  id: 'one-time-use-can-be-remembered',
  clause: 'RFC 9449 section 11.1',
  error: 'temporarily_unavailable',
  says: 'too many proofs or assertions were used lately: try again in a minute',
  requires: 'Every proof or assertion that was used is remembered for as long as it could be used again.',
  otherwise: 'A flood of proofs would press the one out of memory that an attacker wants to send again.',
  remedy: 'Repeat the request later, with a new proof or assertion.',
}
