/** Every rule, by the role that enforces it. */
import * as accessToken from './access-token.ts'
import * as authorization from './authorization.ts'
import * as client from './client.ts'
import * as clientAssertion from './client-assertion.ts'
import * as clientAuthentication from './client-authentication.ts'
import * as clientIdMetadataDocument from './client-id-metadata-document.ts'
import * as dpop from './dpop.ts'
import * as http from './http.ts'
import * as mcp from './mcp.ts'
import * as registration from './registration.ts'
import type { Rule } from './rule.ts'
import * as token from './token.ts'
import * as user from './user.ts'

export interface RuleGroup {
  readonly title: string
  readonly rules: readonly Rule[]
}

export const catalogue: readonly RuleGroup[] = [
  { title: 'Every request', rules: Object.values(http) },
  { title: 'Client registration', rules: Object.values(registration) },
  { title: 'Client ID Metadata Documents', rules: Object.values(clientIdMetadataDocument) },
  { title: 'Authorization endpoint', rules: Object.values(authorization) },
  { title: 'Sign-in and account', rules: Object.values(user) },
  { title: 'Client authentication', rules: Object.values(clientAuthentication) },
  { title: 'Client authentication with a private key', rules: Object.values(clientAssertion) },
  { title: 'Token endpoint', rules: Object.values(token) },
  { title: 'Access token at the resource server', rules: Object.values(accessToken) },
  { title: 'Tokens bound to a key', rules: Object.values(dpop) },
  { title: 'MCP transport and messages', rules: Object.values(mcp) },
  { title: 'What the client checks', rules: Object.values(client) },
]

const byId: ReadonlyMap<string, Rule> = new Map(catalogue.flatMap(({ rules }) => rules.map(rule => [rule.id, rule])))

export function findRule(id: string): Rule | undefined {
  return byId.get(id)
}
