/**
 * Cross-origin resource sharing, for clients that run in a browser. Any origin may ask, and no credentials are ever
 * allowed, so that a foreign page can use its own tokens but never the cookies of the user. The authorization
 * endpoint has none of this: a browser goes there, a script does not.
 */

export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After, Location, DPoP-Nonce',
} as const

const allowedHeaders = [
  'Authorization', 'Content-Type', 'Accept', 'Mcp-Protocol-Version', 'Mcp-Session-Id', 'Last-Event-ID',
  'Mcp-Method', 'Mcp-Name', 'DPoP', 'traceparent', 'tracestate', 'baggage',
]

/**
 * The headers that answer a preflight request for `methods`. The names of `Mcp-Param-*` headers depend on the
 * tools, so those that are asked for are allowed by name (`*` would not cover Authorization).
 */
export function preflightHeaders(methods: readonly string[], requested: string | undefined): Record<string, string> {
  const parameters = (requested ?? '').split(',').map(name => name.trim())
    .filter(name => /^mcp-param-[\w-]{1,64}$/i.test(name)).slice(0, 32)
  return {
    ...corsHeaders,
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': [...allowedHeaders, ...parameters].join(', '),
    'access-control-max-age': '600',
    vary: 'Access-Control-Request-Headers',
  }
}
