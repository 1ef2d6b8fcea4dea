/** Rules that every request meets before a handler runs, and the rules of bodies and parameters. */
import type { Rule } from './rule.ts'

export const requestTargetIsAPath: Rule = {
  id: 'request-target-is-a-path',
  clause: 'RFC 9112 section 3.2',
  error: 'invalid_request',
  says: 'the request target must be a path, or a URL of this server',
  requires: 'The request target is in origin-form: a path that starts with exactly one slash, and optionally a query. It may '
    + 'also be in absolute-form: an http or https URL, whose host then counts instead of the Host header.',
  otherwise: 'A proxy and this server could read two different paths from the same request.',
  remedy: 'Send only the path in the request line, and the host in the Host header.',
}

export const hostIsSentOnce: Rule = {
  id: 'host-is-sent-once',
  clause: 'RFC 9112 section 3.2',
  error: 'invalid_request',
  says: 'the Host header must be sent exactly once',
  requires: 'A request has exactly one Host header.',
  otherwise: 'Node keeps the first of two Host headers. If a proxy keeps the second, the checked host is not the routed one.',
  remedy: 'Send one Host header.',
}

export const httpVersionIsOne: Rule = {
  id: 'http-version-is-one',
  clause: 'RFC 9110 section 2.5',
  error: 'invalid_request',
  says: 'this server speaks HTTP/1.1, not HTTP/{received}',
  requires: 'The request line names HTTP/1.0 or HTTP/1.1.',
  otherwise: 'A proxy and this server could frame the same message by the rules of two different versions (request smuggling).',
  remedy: 'Send the request as HTTP/1.1.',
}

export const transferCodingIsChunked: Rule = {
  id: 'transfer-coding-is-chunked',
  clause: 'RFC 9112 section 6.1',
  error: 'invalid_request',
  says: 'Transfer-Encoding must be chunked, and only in HTTP/1.1',
  requires: 'Transfer-Encoding is chunked or absent. In HTTP/1.0, which does not define it, it is absent.',
  otherwise: 'A proxy and this server could disagree where the body ends, and the rest would pass as a second request '
    + '(request smuggling).',
  remedy: 'Send Content-Length, or Transfer-Encoding: chunked and no other coding.',
}

export const expectationIsKnown: Rule = {
  id: 'expectation-is-known',
  clause: 'RFC 9110 section 10.1.1',
  error: 'invalid_request',
  status: 417,
  says: 'the expectation {received} is not supported; only 100-continue is',
  requires: 'An Expect header says 100-continue.',
  otherwise: 'The client would rely on behavior that the server does not have.',
  remedy: 'Omit the Expect header.',
}

export const addressIsWithinLimits: Rule = {
  id: 'address-is-within-limits',
  clause: 'RFC 6585 section 4',
  error: 'too_many_requests',
  says: 'too many requests of this kind from this address: try again in {expected} s',
  requires: 'Per minute, one address sends at most RATE_LIMIT_REGISTRATIONS_PER_MINUTE registrations, '
    + 'RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE authorization requests, and RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE requests with '
    + 'credentials that are refused.',
  otherwise: 'One machine could evict the new registrations of everybody else from the store, or guess secrets without limit.',
  remedy: 'Wait for as long as Retry-After says. Behind a proxy, set SERVER_BEHIND_PROXY so that the server sees the address of '
    + 'each client.',
}

export const authorizationIsSentOnce: Rule = {
  id: 'authorization-is-sent-once',
  clause: 'RFC 9110 section 5.3',
  error: 'invalid_request',
  says: 'the Authorization header must be sent at most once',
  requires: 'A request has at most one Authorization header, because the field is not a list.',
  otherwise: 'One component would verify the first credential and another would act on the second.',
  remedy: 'Send one Authorization header.',
}

export const contentTypeIsSentOnce: Rule = {
  id: 'content-type-is-sent-once',
  clause: 'RFC 9110 section 8.3',
  error: 'invalid_request',
  says: 'Content-Type was sent with different values: {received}',
  requires: 'A request has one Content-Type, because the field is not a list. If it was sent twice, both values are the same.',
  otherwise: 'One component would read the body as a form and another as JSON.',
  remedy: 'Send one Content-Type header.',
}

export const hostIsServed: Rule = {
  id: 'host-is-served',
  clause: 'MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint',
  error: 'access_denied',
  says: 'the host {received} is not served here',
  requires: 'The Host header, or the host of a request target in absolute-form, is a loopback host, the host of SERVER_URL, or '
    + 'one of SERVER_ALLOWED_HOSTS.',
  otherwise: 'A web page could rebind its host name to 127.0.0.1 and talk to this server as its own origin (DNS rebinding).',
  remedy: 'Connect to the host of SERVER_URL, or add this host to SERVER_ALLOWED_HOSTS.',
}

export const originIsAllowed: Rule = {
  id: 'origin-is-allowed',
  clause: 'MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint',
  error: 'access_denied',
  says: 'the origin {received} is not allowed here',
  requires: 'An Origin header names a loopback origin, the origin of SERVER_URL, or one of SERVER_ALLOWED_ORIGINS.',
  otherwise: 'Any web page that the user visits could send requests to the MCP server on their machine.',
  remedy: 'Serve the page from an allowed origin, or add its origin to SERVER_ALLOWED_ORIGINS.',
}

export const pathIsKnown: Rule = {
  id: 'path-is-known',
  clause: 'RFC 9110 section 15.5.5',
  error: 'not_found',
  says: 'there is nothing at this path',
  requires: 'The path is one of those in src/routes.ts.',
  otherwise: 'Clients probe well-known paths, and would mistake a page that is not a 404 for metadata.',
  remedy: 'Take the endpoints from the metadata at /.well-known/oauth-authorization-server.',
}

export const methodIsAllowed: Rule = {
  id: 'method-is-allowed',
  clause: 'RFC 9110 section 15.5.6',
  error: 'method_not_allowed',
  says: 'the method {received} is not allowed here; use {expected}',
  requires: 'The request uses a method that the endpoint supports.',
  otherwise: 'Any link or image can trigger a GET, so a GET must not change anything (CSRF).',
  remedy: 'Use a method from the Allow header of the response.',
}

export const bodyIsBounded: Rule = {
  id: 'body-is-bounded',
  clause: 'RFC 9110 section 15.5.14',
  error: 'content_too_large',
  says: 'the body is larger than {expected} bytes',
  requires: 'A request body is no larger than its endpoint accepts.',
  otherwise: 'A few clients could exhaust the memory of the server.',
  remedy: 'Send a smaller body.',
}

export const bodyIsNotEncoded: Rule = {
  id: 'body-is-not-encoded',
  clause: 'RFC 9110 section 8.4',
  error: 'unsupported_media_type',
  says: 'the content coding {received} is not supported',
  requires: 'A request body has no Content-Encoding.',
  otherwise: 'A filter in front of this server would not see the content, and a small body could decompress to any size.',
  remedy: 'Send the body without a Content-Encoding.',
}

export const bodyIsUtf8: Rule = {
  id: 'body-is-utf-8',
  clause: 'RFC 8259 section 8.1',
  error: 'invalid_request',
  says: 'the body is not valid UTF-8',
  requires: 'The body is UTF-8. If Content-Type names a charset, it is utf-8.',
  otherwise: 'Two parsers could read two different texts, so the text that was checked is not the text that is used.',
  remedy: 'Encode the body as UTF-8.',
}

export const bodyIsAForm: Rule = {
  id: 'body-is-a-form',
  clause: 'RFC 6749 section 3.2',
  error: 'invalid_request',
  says: 'the body must be application/x-www-form-urlencoded, not {received}',
  requires: 'Requests to the OAuth endpoints use the application/x-www-form-urlencoded format.',
  otherwise: 'Two components could parse the same body differently, so one would check what the other does not use.',
  remedy: 'Send Content-Type: application/x-www-form-urlencoded, and the parameters as a form, not as JSON.',
}

export const bodyIsJson: Rule = {
  id: 'body-is-json',
  clause: 'RFC 7591 section 3.1',
  error: 'unsupported_media_type',
  says: 'the body must be application/json, not {received}',
  requires: 'Client metadata and JSON-RPC messages are sent as application/json.',
  otherwise: 'A web page may send text/plain to any host without a CORS preflight request.',
  remedy: 'Send Content-Type: application/json.',
}

export const jsonIsWellFormed: Rule = {
  id: 'json-is-well-formed',
  clause: 'RFC 8259 section 4',
  error: 'invalid_request',
  says: 'the body is not acceptable JSON: {received}',
  requires: 'The JSON parses, repeats no member name and nests at most 32 levels deep.',
  otherwise: 'Parsers disagree about which of two members with the same name they keep, so the value that was checked is not the '
    + 'value that is used.',
  remedy: 'Send valid JSON in which every member name is unique.',
}

export const parametersAreNotRepeated: Rule = {
  id: 'parameters-are-not-repeated',
  clause: 'RFC 6749 section 3.1',
  error: 'invalid_request',
  says: 'the parameter {received} was sent more than once',
  requires: 'No parameter is sent more than once, except for resource (RFC 8707 section 2).',
  otherwise: 'One component checks the first value and another uses the second (parameter pollution).',
  remedy: 'Send the parameter once.',
}

export const parametersAreUtf8: Rule = {
  id: 'parameters-are-utf-8',
  clause: 'RFC 3629 section 3',
  error: 'invalid_request',
  says: 'the parameters are not percent-encoded UTF-8',
  requires: 'Percent-encoded octets are valid UTF-8, and every percent sign begins an encoded octet.',
  otherwise: 'A decoder replaces invalid octets, so two different values become equal and the value that was checked is not the '
    + 'value that is used.',
  remedy: 'Encode every parameter as UTF-8 and then as application/x-www-form-urlencoded.',
}

export const parameterIsSent: Rule = {
  id: 'parameter-is-sent',
  clause: 'RFC 6749 section 5.2',
  error: 'invalid_request',
  says: 'the parameter {expected} is missing',
  requires: 'Every required parameter is sent. A parameter without a value counts as omitted.',
  otherwise: 'The server would have to guess what the client meant.',
  remedy: 'Send the parameter.',
}

export const parameterIsBounded: Rule = {
  id: 'parameter-is-bounded',
  clause: 'RFC 9700 section 4.16',
  error: 'invalid_request',
  says: 'the parameter {received} is longer than {expected} characters',
  requires: 'No parameter is longer than a legitimate request needs.',
  otherwise: 'The server keeps the request until the user decides, so oversized parameters could exhaust its memory.',
  remedy: 'Send a shorter value. For state, a reference to data that the client keeps is enough.',
}

export const oneTimeUseCanBeRemembered: Rule = {
  id: 'one-time-use-can-be-remembered',
  clause: 'RFC 9449 section 11.1',
  error: 'temporarily_unavailable',
  says: 'too many proofs or assertions were used recently: try again in a minute',
  requires: 'The server remembers every used proof and assertion for as long as it could be replayed.',
  otherwise: 'An attacker could flood the server with proofs until it forgets the one that they want to replay.',
  remedy: 'Repeat the request later with a new proof or assertion.',
}
