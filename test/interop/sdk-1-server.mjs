/**
 * A server made of the official SDK 1.x: the authorization server of `mcpAuthRouter` with a provider in memory, which
 * approves everything, and an `McpServer` behind `requireBearerAuth`.
 */
import { randomUUID } from 'node:crypto'
import { listen } from './harness.mjs'

/**
 * `metadata` replaces members of the authorization server metadata; `scopesOfCalls` are needed to call a tool, and
 * `tools` alone for everything else.
 */
export async function startSdkServer(t, { metadata, scopesOfCalls = ['tools'] } = {}) {
  const {
    createOAuthMetadata, getOAuthProtectedResourceMetadataUrl, mcpAuthRouter,
  } = await import('@modelcontextprotocol/sdk/server/auth/router.js')
  const { requireBearerAuth } = await import('@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js')
  const { createMcpExpressApp } = await import('@modelcontextprotocol/sdk/server/express.js')

  let app = (_request, response) => response.end()
  const origin = await listen(t, (request, response) => app(request, response))
  const mcpUrl = new URL('/mcp', origin)
  const provider = await createProvider()
  const received = []

  app = createMcpExpressApp()
  app.use((request, response, next) => {
    response.once('finish', () => received.push({
      line: `${request.method} ${request.originalUrl.split('?')[0]} ${response.statusCode}`,
      headers: request.headers, query: request.query, body: request.body,
    }))
    next()
  })
  app.get('/.well-known/oauth-authorization-server', (_request, response, next) => {
    if (!metadata) return next()
    response.json({ ...createOAuthMetadata({ provider, issuerUrl: new URL(origin) }), ...metadata })
  })
  app.use(mcpAuthRouter({ provider, issuerUrl: new URL(origin), resourceServerUrl: mcpUrl }))
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(mcpUrl)
  const bearer = requiredScopes => requireBearerAuth({ verifier: provider, requiredScopes, resourceMetadataUrl, expectedResource: mcpUrl })
  const [bearerOfCalls, bearerOfOthers] = [bearer(scopesOfCalls), bearer(['tools'])]
  app.use('/mcp', (request, response, next) =>
    (request.body?.method === 'tools/call' ? bearerOfCalls : bearerOfOthers)(request, response, next))
  app.all('/mcp', await createMcpEndpoint())

  return { url: origin, mcpUrl: mcpUrl.href, provider, received, lines: () => received.map(({ line }) => line) }
}

/** The streamable HTTP transport with sessions, as the examples of the SDK have it. */
async function createMcpEndpoint() {
  const { McpServer } = await import('@modelcontextprotocol/sdk/server/mcp.js')
  const { StreamableHTTPServerTransport } = await import('@modelcontextprotocol/sdk/server/streamableHttp.js')
  const { isInitializeRequest } = await import('@modelcontextprotocol/sdk/types.js')
  const { z } = await import('zod')
  const sessions = new Map()

  async function openSession() {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: id => sessions.set(id, transport),
      onsessionclosed: id => sessions.delete(id),
    })
    const server = new McpServer({ name: 'SDK 1.x', version: '1' })
    const numbers = { a: z.number(), b: z.number() }
    server.registerTool('add', { description: 'Adds two numbers', inputSchema: numbers }, ({ a, b }) => ({
      content: [{ type: 'text', text: String(a + b) }],
    }))
    server.registerTool('fail', { description: 'Fails' }, () => {
      throw new Error('it failed')
    })
    await server.connect(transport)
    return transport
  }

  return async (request, response) => {
    const id = request.headers['mcp-session-id']
    const transport = sessions.get(id) ?? (isInitializeRequest(request.body) ? await openSession() : undefined)
    if (transport) return transport.handleRequest(request, response, request.body)
    const [status, code, message] = id ? [404, -32001, 'Session not found'] : [400, -32000, 'Bad Request: No session ID']
    response.status(status).json({ jsonrpc: '2.0', error: { code, message }, id: null })
  }
}

/** An `OAuthServerProvider`: opaque tokens, and refresh tokens that work once. */
async function createProvider() {
  const { InvalidGrantError, InvalidTokenError } = await import('@modelcontextprotocol/sdk/server/auth/errors.js')
  const clients = new Map()
  const codes = new Map()
  const accessTokens = new Map()
  const refreshTokens = new Map()

  /** Removes and returns what a code or a refresh token stands for. */
  function use(table, key, { client_id }) {
    const grant = table.get(key)
    table.delete(key)
    if (grant?.client_id !== client_id) throw new InvalidGrantError('unknown, used or of another client')
    return grant
  }

  function issueTokens(grant) {
    const [access_token, refresh_token] = [randomUUID(), randomUUID()]
    accessTokens.set(access_token, grant)
    refreshTokens.set(refresh_token, grant)
    return { access_token, refresh_token, token_type: 'bearer', expires_in: 3600, scope: grant.scopes.join(' ') }
  }

  return {
    clients, accessTokens, refreshTokens,
    clientsStore: {
      getClient: client_id => clients.get(client_id),
      registerClient(client) {
        clients.set(client.client_id, client)
        return client
      },
    },
    async authorize({ client_id }, { state, scopes, codeChallenge, redirectUri, resource }, response) {
      const code = randomUUID()
      codes.set(code, { client_id, scopes, codeChallenge, redirectUri, resource })
      response.redirect(`${redirectUri}?${new URLSearchParams({ code, state })}`)
    },
    async challengeForAuthorizationCode(_client, code) {
      return codes.get(code)?.codeChallenge
    },
    async exchangeAuthorizationCode(client, code, _code_verifier, redirect_uri, resource) {
      const grant = use(codes, code, client)
      if (redirect_uri !== grant.redirectUri) throw new InvalidGrantError('redirect_uri differs')
      if (resource?.href !== grant.resource?.href) throw new InvalidGrantError('resource differs')
      return issueTokens(grant)
    },
    async exchangeRefreshToken(client, refresh_token, _scopes, resource) {
      const grant = use(refreshTokens, refresh_token, client)
      if (resource?.href !== grant.resource?.href) throw new InvalidGrantError('resource differs')
      return issueTokens(grant)
    },
    async verifyAccessToken(token) {
      const grant = accessTokens.get(token)
      if (!grant) throw new InvalidTokenError('unknown')
      const { client_id, scopes, resource } = grant
      return { token, clientId: client_id, scopes, resource, expiresAt: Date.now() / 1000 + 3600 }
    },
    async revokeToken(_client, { token }) {
      const grant = refreshTokens.get(token) ?? accessTokens.get(token)
      for (const table of [accessTokens, refreshTokens]) {
        for (const [key, value] of table) if (value === grant) table.delete(key)
      }
    },
  }
}
