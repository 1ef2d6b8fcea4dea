/**
 * An MCP server made of the official SDK 2.x that trusts an authorization server elsewhere: it serves its protected
 * resource metadata, and verifies JWT access tokens with the keys that the authorization server publishes.
 */
import { listen } from './harness.mjs'

/** `legacy` is what becomes of requests of earlier revisions: `stateless`, or `reject`. */
export async function startResourceServer(t, issuer, { legacy = 'stateless' } = {}) {
  const {
    createMcpHandler, getOAuthProtectedResourceMetadataUrl, requireBearerAuth,
  } = await import('@modelcontextprotocol/server')
  const { toNodeHandler } = await import('@modelcontextprotocol/node')

  let handle
  const origin = await listen(t, (request, response) => handle(request, response))
  const mcpUrl = new URL('/mcp', origin)
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(mcpUrl)
  const verifier = await createVerifier(issuer, mcpUrl)
  const gate = requireBearerAuth({ verifier, requiredScopes: ['tools'], resourceMetadataUrl, expectedResource: mcpUrl })
  const mcp = createMcpHandler(await createServerFactory(), { legacy })
  const lines = []

  async function answer(request) {
    if (request.url === resourceMetadataUrl) {
      return Response.json({ resource: mcpUrl.href, authorization_servers: [issuer] })
    }
    if (request.url !== mcpUrl.href) return new Response(undefined, { status: 404 })
    const authInfo = await gate(request)
    return authInfo instanceof Response ? authInfo : mcp.fetch(request, { authInfo })
  }

  handle = toNodeHandler({
    async fetch(request) {
      const response = await answer(request)
      const { pathname } = new URL(request.url)
      lines.push([request.method, pathname, response.status, request.headers.get('mcp-method')].filter(Boolean).join(' '))
      return response
    },
  })
  return { mcpUrl: mcpUrl.href, lines }
}

async function createVerifier(issuer, resource) {
  const { OAuthError, OAuthErrorCode } = await import('@modelcontextprotocol/server')
  const { createRemoteJWKSet, jwtVerify } = await import('jose')
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  return {
    async verifyAccessToken(token) {
      try {
        const { payload } = await jwtVerify(token, keys, { issuer, audience: resource.href, typ: 'at+jwt' })
        return { token, clientId: payload.client_id, scopes: payload.scope.split(' '), expiresAt: payload.exp, resource }
      } catch (error) {
        throw new OAuthError(OAuthErrorCode.InvalidToken, error.code)
      }
    },
  }
}

/** Three tools: a plain one, one that mirrors its argument into a header, and one that needs a further scope. */
async function createServerFactory() {
  const { McpServer, requireScopes } = await import('@modelcontextprotocol/server')
  const { z } = await import('zod')
  const say = text => ({ content: [{ type: 'text', text }] })
  const greetSchema = z.object({ name: z.string().meta({ 'x-mcp-header': 'Name' }) })

  return ({ authInfo }) => {
    const server = new McpServer({ name: 'SDK 2.x', version: '1' })
    server.registerTool('add', { inputSchema: z.object({ a: z.number(), b: z.number() }) }, ({ a, b }) => say(String(a + b)))
    server.registerTool('greet', { inputSchema: greetSchema }, ({ name }) => say(`Hello ${name}`))
    server.registerTool('whoami', { scopeChallenge: requireScopes('tools', 'profile') }, () => say(authInfo.clientId))
    return server
  }
}
