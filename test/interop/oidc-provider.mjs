/**
 * oidc-provider as an authorization server for MCP: open registration, PKCE for everybody, and JWT access tokens for
 * the resource that is named (RFC 8707). The pages for login and consent are those that it brings for development.
 */
import { listen } from './harness.mjs'

/** Its issuer is `http://localhost:<port><path>`; it knows the `resources` that are added to that set. */
export async function startOidcProvider(t, path = '') {
  // It tells at length that it is set up for development, which is so.
  for (const method of ['info', 'warn']) t.mock.method(console, method, () => {})
  const { default: Provider, errors } = await import('oidc-provider')
  const { exportJWK, generateKeyPair } = await import('jose')

  let handle
  const origin = await listen(t, (request, response) => handle(request, response))
  const issuer = `${origin}${path}`
  const resources = new Set()
  const received = []
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })

  const callback = new Provider(issuer, {
    cookies: { keys: ['not a secret'] },
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'RS256', use: 'sig' }] },
    pkce: { required: () => true },
    features: {
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_context, resource) {
          if (!resources.has(resource)) throw new errors.InvalidTarget()
          return { audience: resource, scope: 'tools profile', accessTokenFormat: 'jwt', accessTokenTTL: 3600 }
        },
      },
    },
  }).callback()

  handle = (request, response) => {
    const { pathname, searchParams } = new URL(request.url, origin)
    response.once('finish', () => {
      received.push({ line: `${request.method} ${pathname} ${response.statusCode}`, query: Object.fromEntries(searchParams) })
    })
    if (!pathname.startsWith(`${path}/`)) return response.writeHead(404).end()
    // As a framework does that mounts an application below a path.
    request.originalUrl = request.url
    request.url = request.url.slice(path.length)
    return callback(request, response)
  }
  return { issuer, resources, received, lines: () => received.map(({ line }) => line) }
}
