/** Rules of calling tools. */
import { jsonRpcErrors } from '../../base/protocol/json-rpc.ts'
import type { Rule } from '../../base/rules/rule.ts'

export const clientHasCapability: Rule = {
  id: 'client-has-capability',
  clause: 'MCP 2026-07-28 basic, _meta',
  error: jsonRpcErrors.missingRequiredClientCapability,
  says: 'Missing required client capability: {expected}',
  requires: 'The client declared every capability that the tool depends on.',
  otherwise: 'The tool would wait for an answer that the client cannot give.',
  remedy: 'Declare the capability in clientCapabilities, or do not call the tool.',
  data: (_declared, requiredCapabilities) => ({ requiredCapabilities }),
}

export const toolIsKnown: Rule = {
  id: 'tool-is-known',
  clause: 'MCP 2026-07-28 server/tools, Error Handling',
  error: jsonRpcErrors.invalidParams,
  status: 200,
  says: 'Unknown tool: {received}',
  requires: 'The tool is one that tools/list returns.',
  otherwise: 'A typo would look like a tool that failed.',
  remedy: 'Take the name from tools/list. It is case-sensitive.',
}

export const requestStateIsOurs: Rule = {
  id: 'request-state-is-ours',
  clause: 'MCP 2026-07-28 basic/patterns/mrtr, Server Requirements',
  error: jsonRpcErrors.invalidParams,
  status: 200,
  says: 'Invalid requestState: {received}',
  requires: 'This server recently created the requestState, for this user, this client and this call.',
  otherwise: 'A client could forge a state in which a step was done, or confirmed by the user, that never was.',
  remedy: 'Return requestState unchanged, with the same call. If the user took too long, start the call over.',
}
