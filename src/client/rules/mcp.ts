/** Rules of the MCP messages that the client reads. */
import type { Rule } from '../../base/rules/rule.ts'

export const answerIsJsonRpc: Rule = {
  id: 'answer-is-json-rpc',
  clause: 'MCP 2026-07-28 basic, Messages',
  error: 'client_error',
  says: 'the MCP server answered {received}',
  requires: 'The MCP server answers a request with one JSON-RPC response of the same id, as JSON or in an event stream.',
  otherwise: 'The client could take the response to one request for the response to another.',
  remedy: 'Check that the URL is the URL of the MCP endpoint.',
}

export const resultTypeIsKnown: Rule = {
  id: 'result-type-is-known',
  clause: 'MCP 2026-07-28 basic, ResultType',
  error: 'client_error',
  says: 'the result has the resultType {received}, which this client does not know',
  requires: 'The client knows the resultType. If it is absent, it means complete.',
  otherwise: 'The client would take an unfinished result for the final one.',
  remedy: 'Use resultType complete, unless the client declared an extension that defines another one.',
}

export const protocolVersionIsShared: Rule = {
  id: 'protocol-version-is-shared',
  clause: 'MCP 2026-07-28 basic/versioning',
  error: 'client_error',
  says: 'the server speaks {received}, this client {expected}',
  requires: 'Client and server have a protocol version in common.',
  otherwise: 'They would read the same messages by different rules.',
  remedy: 'Update the older of the two.',
}
