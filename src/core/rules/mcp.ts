/** Rules of the MCP transport and its messages. "Modern" and "legacy" as in MCP 2026-07-28 basic/versioning. */
import { jsonRpcErrors } from '../../base/protocol/json-rpc.ts'
import type { Rule } from '../../base/rules/rule.ts'

const transport = 'MCP 2026-07-28 basic/transports/streamable-http'

export const messageIsJson: Rule = {
  id: 'message-is-json',
  clause: 'JSON-RPC 2.0 section 5.1',
  error: jsonRpcErrors.parseError,
  says: 'Parse error: {received}',
  requires: 'The body is valid JSON that repeats no member name.',
  otherwise: 'A gateway could authorize the first of two method members and the server run the second.',
  remedy: 'Send one JSON-RPC message as JSON.',
}

export const messageIsJsonRpc: Rule = {
  id: 'message-is-json-rpc',
  clause: 'MCP 2026-07-28 basic, Messages',
  error: jsonRpcErrors.invalidRequest,
  says: 'Invalid request: {received}',
  requires: 'A message is a JSON-RPC 2.0 request, notification or response. An id is a string or an integer, never null.',
  otherwise: 'The server could not tell requests from notifications, nor the client match responses to requests.',
  remedy: 'Correct the member that the error names.',
}

export const batchIsAllowed: Rule = {
  id: 'batch-is-allowed',
  clause: 'MCP 2025-06-18 basic/transports, Sending Messages to the Server',
  error: jsonRpcErrors.invalidRequest,
  says: 'Invalid request: {received}',
  requires: 'Only revision 2025-03-26 has JSON-RPC batches. A batch holds 1 to 50 messages and no initialize.',
  otherwise: 'A client could bypass request limits by packing many messages into one request.',
  remedy: 'Send each message in its own POST.',
}

export const methodFitsPath: Rule = {
  id: 'method-fits-path',
  clause: 'MCP 2026-07-28 basic/authorization',
  error: jsonRpcErrors.invalidRequest,
  says: 'Invalid request: this path accepts only {expected}',
  requires: 'A direct path runs only the method that it is named after.',
  otherwise: 'A method that requires a token could be posted to the path that requires none.',
  remedy: 'Post the message to /mcp, or to the path of its method.',
}

export const acceptIsServed: Rule = {
  id: 'accept-is-served',
  clause: `${transport}, Sending Messages`,
  error: 'not_acceptable',
  says: 'Accept must list application/json and text/event-stream',
  requires: 'The client accepts at least one of the two media types that this server responds with.',
  otherwise: 'The client could not read the response.',
  remedy: 'Send Accept: application/json, text/event-stream.',
}

export const protocolVersionIsSupported: Rule = {
  id: 'protocol-version-is-supported',
  clause: 'MCP 2026-07-28 basic/versioning, Protocol Version Negotiation',
  error: jsonRpcErrors.unsupportedProtocolVersion,
  says: 'Unsupported protocol version: {received}',
  requires: 'The protocol version is one that this server supports.',
  otherwise: 'Client and server would interpret the same message by different rules.',
  remedy: 'Choose a version from error.data.supported and repeat the request.',
  data: (requested, supported) => ({ supported, requested }),
}

export const headersMatchBody: Rule = {
  id: 'headers-match-body',
  clause: `${transport}, Server Validation`,
  error: jsonRpcErrors.headerMismatch,
  says: 'Header mismatch: {received}; the body says {expected}',
  requires: 'MCP-Protocol-Version, Mcp-Method, Mcp-Name and Mcp-Param-* agree with the body.',
  otherwise: 'A gateway that authorizes by header would let through a call other than the one in the body.',
  remedy: 'Derive the headers from the body once the body is final.',
}

export const requiredHeaderIsSent: Rule = {
  id: 'required-header-is-sent',
  clause: `${transport}, Server Validation`,
  error: jsonRpcErrors.headerMismatch,
  says: 'Header mismatch: the header {expected} is missing',
  requires: 'A modern request carries MCP-Protocol-Version and Mcp-Method. A tool call also carries Mcp-Name, and an Mcp-Param-* '
    + 'header for every parameter with x-mcp-header.',
  otherwise: 'A call could evade a gateway by omitting the header.',
  remedy: 'Send the header. For Mcp-Param-*, call tools/list first and mirror the parameters that have x-mcp-header.',
}

export const headerValueIsWellFormed: Rule = {
  id: 'header-value-is-well-formed',
  clause: `${transport}, Value Encoding`,
  error: jsonRpcErrors.headerMismatch,
  says: 'Header mismatch: the header {received} is not a valid value',
  requires: 'A mirrored value is printable ASCII, or =?base64?...?= around the canonical base64 of UTF-8.',
  otherwise: 'A gateway and this server could decode the same value differently.',
  remedy: 'Encode the value as the specification says. A plain value that looks like the encoding must be encoded too.',
}

export const requestMetadataIsSent: Rule = {
  id: 'request-metadata-is-sent',
  clause: 'MCP 2026-07-28 basic, _meta',
  error: jsonRpcErrors.invalidParams,
  says: 'Invalid params: _meta must have {expected}',
  requires: 'A modern request states its protocol version and its client capabilities in _meta.',
  otherwise: 'The server would have to remember them, but modern MCP is stateless.',
  remedy: 'Send both members of _meta with every request.',
}

export const methodIsImplemented: Rule = {
  id: 'method-is-implemented',
  clause: `${transport}, Protocol Version Header`,
  error: jsonRpcErrors.methodNotFound,
  status: 404,
  says: 'Method not found: {received}',
  requires: 'This server implements the method in the protocol version of the request.',
  otherwise: 'A client could not tell a missing feature from one that failed.',
  remedy: 'Check the capabilities: this server has tools. initialize and ping exist only in the legacy versions, '
    + 'server/discover only in the modern one.',
}

export const paramsAreValid: Rule = {
  id: 'params-are-valid',
  clause: 'JSON-RPC 2.0 section 5.1',
  error: jsonRpcErrors.invalidParams,
  status: 200,
  says: 'Invalid params: {received}',
  requires: 'The parameters match the schema of the method.',
  otherwise: 'Code would run on values that it was not written for.',
  remedy: 'Correct the parameter that the error names.',
}

export const sessionIsKnown: Rule = {
  id: 'session-is-known',
  clause: 'MCP 2025-11-25 basic/transports, Session Management',
  error: 'not_found',
  says: 'the session is unknown or has ended',
  requires: 'This server assigned the Mcp-Session-Id to this user and this client, and the session has not ended.',
  otherwise: 'Anybody who obtains a session id could use the session of somebody else (session hijacking).',
  remedy: 'Send initialize without a session id and continue with the new one.',
}

export const sessionIdIsSent: Rule = {
  id: 'session-id-is-sent',
  clause: 'MCP 2025-11-25 basic/transports, Session Management',
  error: 'invalid_request',
  says: 'Mcp-Session-Id is missing',
  requires: 'A request to end a session names the session.',
  otherwise: 'The server would not know which session to end.',
  remedy: 'Send the Mcp-Session-Id from the initialize response.',
}
