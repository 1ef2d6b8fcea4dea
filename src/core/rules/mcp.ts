/** Rules of the MCP transport and its messages. "Modern" and "legacy" as in MCP 2026-07-28 basic/versioning. */
import { jsonRpcErrors } from '../../base/protocol/json-rpc.ts'
import type { Rule } from '../../base/rules/rule.ts'

const transport = 'MCP 2026-07-28 basic/transports/streamable-http'

export const messageIsJson: Rule = {
  id: 'message-is-json',
  clause: 'JSON-RPC 2.0 section 5.1',
  error: jsonRpcErrors.parseError,
  says: 'Parse error: {received}',
  requires: 'The body is one JSON text that names no member twice.',
  otherwise: 'A gateway could authorize the first method of a message and the server run the second.',
  remedy: 'Send one JSON-RPC message as JSON.',
}

export const messageIsJsonRpc: Rule = {
  id: 'message-is-json-rpc',
  clause: 'MCP 2026-07-28 basic, Messages',
  error: jsonRpcErrors.invalidRequest,
  says: 'Invalid request: {received}',
  requires: 'A message is a JSON-RPC 2.0 request, notification or response; an id is a string or an integer, never null.',
  otherwise: 'Requests could not be told from notifications, nor answers be matched.',
  remedy: 'Correct the member that the error names.',
}

export const batchIsAllowed: Rule = {
  id: 'batch-is-allowed',
  clause: 'MCP 2025-06-18 basic/transports, Sending Messages to the Server',
  error: jsonRpcErrors.invalidRequest,
  says: 'Invalid request: {received}',
  requires: 'Only revision 2025-03-26 has JSON-RPC batches; they hold 1 to 50 messages and no initialize.',
  otherwise: 'Limits on requests could be passed by packing many into one.',
  remedy: 'Send each message in a POST of its own.',
}

export const methodFitsPath: Rule = {
  id: 'method-fits-path',
  clause: 'MCP 2026-07-28 basic/authorization',
  error: jsonRpcErrors.invalidRequest,
  says: 'Invalid request: this path takes {expected} only',
  requires: 'A direct path runs the one method that its name says.',
  otherwise: 'A method that needs a token could be posted to the path that needs none.',
  remedy: 'Post the message to /mcp, or to the path of its method.',
}

export const acceptIsServed: Rule = {
  id: 'accept-is-served',
  clause: `${transport}, Sending Messages`,
  error: 'not_acceptable',
  says: 'Accept must list application/json and text/event-stream',
  requires: 'The client accepts at least one of the two media types in which this server answers.',
  otherwise: 'The client could not read the answer.',
  remedy: 'Send Accept: application/json, text/event-stream.',
}

export const protocolVersionIsSupported: Rule = {
  id: 'protocol-version-is-supported',
  clause: 'MCP 2026-07-28 basic/versioning, Protocol Version Negotiation',
  error: jsonRpcErrors.unsupportedProtocolVersion,
  data: (requested, supported) => ({ supported, requested }),
  says: 'Unsupported protocol version: {received}',
  requires: 'The protocol version is one that this server supports.',
  otherwise: 'Client and server would read the same message by different rules.',
  remedy: 'Choose a version out of error.data.supported and repeat the request.',
}

export const headersMatchBody: Rule = {
  id: 'headers-match-body',
  clause: `${transport}, Server Validation`,
  error: jsonRpcErrors.headerMismatch,
  says: 'Header mismatch: {received}; the body says {expected}',
  requires: 'MCP-Protocol-Version, Mcp-Method, Mcp-Name and Mcp-Param-* say what the body says.',
  otherwise: 'A gateway that judges by the headers would let a call through that the body does not make.',
  remedy: 'Derive the headers from the body, after the body is final.',
}

export const requiredHeaderIsSent: Rule = {
  id: 'required-header-is-sent',
  clause: `${transport}, Server Validation`,
  error: jsonRpcErrors.headerMismatch,
  says: 'Header mismatch: the header {expected} is missing',
  requires: 'A modern request carries MCP-Protocol-Version, Mcp-Method, and Mcp-Name where it calls a tool; a parameter '
    + 'with x-mcp-header comes with its Mcp-Param-* header.',
  otherwise: 'A call could pass a gateway unseen by leaving the header out.',
  remedy: 'Send the header; for Mcp-Param-*, call tools/list first and mirror what x-mcp-header names.',
}

export const headerValueIsWellFormed: Rule = {
  id: 'header-value-is-well-formed',
  clause: `${transport}, Value Encoding`,
  error: jsonRpcErrors.headerMismatch,
  says: 'Header mismatch: the header {received} is not a valid value',
  requires: 'A mirrored value is printable ASCII, or =?base64?...?= with canonical base64 of UTF-8.',
  otherwise: 'A value that decodes in two ways passes a check that it should not pass.',
  remedy: 'Encode the value as the specification says; clients must encode what looks like the encoding itself.',
}

export const requestMetadataIsSent: Rule = {
  id: 'request-metadata-is-sent',
  clause: 'MCP 2026-07-28 basic, _meta',
  error: jsonRpcErrors.invalidParams,
  says: 'Invalid params: _meta must have {expected}',
  requires: 'A modern request names its protocol version and its client capabilities in _meta.',
  otherwise: 'The server would have to remember them, and modern MCP is stateless.',
  remedy: 'Send both members of _meta with every request.',
}

export const methodIsImplemented: Rule = {
  id: 'method-is-implemented',
  clause: `${transport}, Protocol Version Header`,
  error: jsonRpcErrors.methodNotFound,
  status: 404,
  says: 'Method not found: {received}',
  requires: 'The method is one that this server has in the protocol version of the request.',
  otherwise: 'A client could not tell a missing feature from a failed one.',
  remedy: 'Look at the capabilities: this server has tools. initialize and ping belong to the legacy versions, '
    + 'server/discover to the modern one.',
}

export const paramsAreValid: Rule = {
  id: 'params-are-valid',
  clause: 'JSON-RPC 2.0 section 5.1',
  error: jsonRpcErrors.invalidParams,
  status: 200,
  says: 'Invalid params: {received}',
  requires: 'The parameters fit the schema of the method.',
  otherwise: 'Code would run on values that it was not written for.',
  remedy: 'Correct the parameter that the error names.',
}

export const sessionIsKnown: Rule = {
  id: 'session-is-known',
  clause: 'MCP 2025-11-25 basic/transports, Session Management',
  error: 'not_found',
  says: 'the session is unknown or has ended',
  requires: 'The Mcp-Session-Id was assigned by this server, to this user and this client, and has not ended.',
  otherwise: 'A session id that leaked would open the session of somebody else.',
  remedy: 'Send initialize without a session id and go on with the new one.',
}

export const sessionIdIsSent: Rule = {
  id: 'session-id-is-sent',
  clause: 'MCP 2025-11-25 basic/transports, Session Management',
  error: 'invalid_request',
  says: 'Mcp-Session-Id is missing',
  requires: 'Ending a session names the session.',
  otherwise: 'There is nothing to end.',
  remedy: 'Send the Mcp-Session-Id that the initialize response carried.',
}
