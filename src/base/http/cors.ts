/**
 * CORS, for clients that run in a browser. Any origin is allowed, but credentials never are: a page of another site can use
 * tokens of its own, never the cookies of the user. The authorization endpoint has no CORS, because a browser navigates to
 * it and no script calls it.
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
 * The headers of the response to a preflight request for `methods`. The names of `Mcp-Param-*` headers depend on the tools, so
 * each requested one is allowed by name. A wildcard would not do, because `*` does not cover Authorization.
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
