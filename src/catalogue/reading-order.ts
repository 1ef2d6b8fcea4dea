/** The order in which to read the core. The README, docs/architecture.md and `/source` show this list. */

interface Stop {
  /** Below `src/`. */
  readonly file: string
  /** One sentence, in plain text. */
  readonly says: string
}

export const coreReadingOrder: readonly Stop[] = [
  { file: 'routes.ts', says: 'Every endpoint: method, path, handler, specification.' },
  { file: 'base/rules/rule.ts', says: 'What a rule is, and what happens when a check fails.' },
  { file: 'core/mcp/bearer.ts', says: 'The access token of a request, and the 401 that tells a client where to get one.' },
  { file: 'core/mcp/protected-resource-metadata.ts', says: 'The resource names its authorization server.' },
  { file: 'core/oauth/metadata.ts', says: 'The authorization server names its endpoints.' },
  { file: 'core/oauth/register.ts', says: 'A client registers.' },
  { file: 'core/oauth/authorize.ts', says: 'A client asks for authorization.' },
  { file: 'core/user/consent.ts', says: 'The user decides, and the client gets a code.' },
  { file: 'core/oauth/token.ts', says: 'The token endpoint authenticates the client and picks the grant.' },
  { file: 'core/oauth/grants/authorization-code.ts', says: 'The client exchanges the code for tokens.' },
  { file: 'core/oauth/grants/refresh-token.ts', says: 'The client exchanges a refresh token for the next one.' },
  { file: 'core/oauth/access-token.ts', says: 'Access tokens are issued and verified here.' },
  { file: 'core/mcp/endpoint.ts', says: 'The MCP endpoint: first the token, then the message.' },
  { file: 'core/client/authorizer.ts', says: 'Now the client: what it does about a 401 and a 403.' },
  { file: 'core/client/authorization-flow.ts', says: 'The whole flow, once.' },
  { file: 'core/client/discovery.ts', says: 'The client finds the authorization server and checks its metadata.' },
  { file: 'core/client/registrar.ts', says: 'The client decides which client_id to use.' },
  { file: 'core/client/authorization-request.ts', says: 'The client asks for a code, with PKCE and state.' },
  { file: 'core/client/authorization-response.ts', says: 'The client checks the response against its request.' },
  { file: 'core/client/token-request.ts', says: 'The client sends a token request and checks the answer.' },
  { file: 'core/client/token-keeper.ts', says: 'The client stores its tokens and refreshes them.' },
]
