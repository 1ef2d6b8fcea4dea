/** Every rule, grouped by topic, with the role that enforces it. */
import * as accessToken from '../core/rules/access-token.ts'
import * as authorization from '../core/rules/authorization.ts'
import * as answer from '../base/rules/answer.ts'
import * as clientMcp from '../client/rules/mcp.ts'
import * as client from '../core/rules/client.ts'
import * as clientAssertion from '../extensions/rules/client-assertion.ts'
import * as clientAuthentication from '../core/rules/client-authentication.ts'
import * as clientIdMetadataDocument from '../extensions/rules/client-id-metadata-document.ts'
import * as dpop from '../extensions/rules/dpop.ts'
import * as http from '../base/rules/http.ts'
import * as mcp from '../core/rules/mcp.ts'
import * as registration from '../core/rules/registration.ts'
import * as registrationManagement from '../extensions/rules/registration-management.ts'
import type { Rule } from '../base/rules/rule.ts'
import * as tools from '../tools/rules/tools.ts'
import * as token from '../core/rules/token.ts'
import * as user from '../core/rules/user.ts'

interface RuleGroup {
  /** Who enforces it. */
  readonly role: 'Authorization server' | 'Resource server' | 'Both servers' | 'Client'
  readonly title: string
  readonly rules: readonly Rule[]
}

export const catalogue: readonly RuleGroup[] = [
  { role: 'Both servers', title: 'Every request', rules: Object.values(http) },
  { role: 'Authorization server', title: 'Client registration', rules: Object.values(registration) },
  { role: 'Authorization server', title: 'Registration management', rules: Object.values(registrationManagement) },
  { role: 'Authorization server', title: 'Client ID Metadata Documents', rules: Object.values(clientIdMetadataDocument) },
  { role: 'Authorization server', title: 'Authorization endpoint', rules: Object.values(authorization) },
  { role: 'Authorization server', title: 'Sign-in and account', rules: Object.values(user) },
  { role: 'Authorization server', title: 'Client authentication', rules: Object.values(clientAuthentication) },
  { role: 'Authorization server', title: 'Client authentication with a private key', rules: Object.values(clientAssertion) },
  { role: 'Authorization server', title: 'Token endpoint', rules: Object.values(token) },
  { role: 'Resource server', title: 'Access token at the resource server', rules: Object.values(accessToken) },
  { role: 'Both servers', title: 'Tokens bound to a key', rules: Object.values(dpop) },
  { role: 'Resource server', title: 'MCP transport and messages', rules: Object.values(mcp) },
  { role: 'Resource server', title: 'Tools', rules: Object.values(tools) },
  { role: 'Client', title: 'Every response that the client reads', rules: Object.values(answer) },
  { role: 'Client', title: 'What the client checks', rules: Object.values(client) },
  { role: 'Client', title: 'MCP messages that the client reads', rules: Object.values(clientMcp) },
]

const byId: ReadonlyMap<string, Rule> = new Map(catalogue.flatMap(({ rules }) => rules.map(rule => [rule.id, rule])))

export function findRule(id: string): Rule | undefined {
  return byId.get(id)
}
