/** Rules of calling tools. */
import { jsonRpcErrors } from '../../base/protocol/json-rpc.ts'
import type { Rule } from '../../base/rules/rule.ts'

export const clientHasCapability: Rule = {
  id: 'client-has-capability',
  clause: 'MCP 2026-07-28 basic, _meta',
  error: jsonRpcErrors.missingRequiredClientCapability,
  data: (_declared, requiredCapabilities) => ({ requiredCapabilities }),
  says: 'Missing required client capability: {expected}',
  requires: 'The client declared every capability that the tool relies on.',
  otherwise: 'The tool would wait for an answer that the client cannot give.',
  remedy: 'Declare the capability in clientCapabilities, or do not call the tool.',
}

export const toolIsKnown: Rule = {
  id: 'tool-is-known',
  clause: 'MCP 2026-07-28 server/tools, Error Handling',
  error: jsonRpcErrors.invalidParams,
  status: 200,
  says: 'Unknown tool: {received}',
  requires: 'The tool is one of those that tools/list names.',
  otherwise: 'A typing error would look like a tool that failed.',
  remedy: 'Take the name from tools/list; it is case-sensitive.',
}

export const requestStateIsOurs: Rule = {
  id: 'request-state-is-ours',
  clause: 'MCP 2026-07-28 basic/patterns/mrtr, Server Requirements',
  error: jsonRpcErrors.invalidParams,
  status: 200,
  says: 'Invalid requestState: {received}',
  requires: 'requestState is what this server sealed for this user, client and call, not long ago.',
  otherwise: 'A client could tell the tool that a step was done, or confirmed, that never was.',
  remedy: 'Return requestState as it came, with the same call; begin the call anew where it took long.',
}
