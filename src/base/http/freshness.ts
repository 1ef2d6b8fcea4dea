/** How long a response may be cached (RFC 9111 section 4.2). */
import type { IncomingHttpHeaders } from 'node:http'

/** In seconds from now. 0 if the response must not be cached, undefined if its headers do not say. */
export function freshnessLifetime(headers: IncomingHttpHeaders): number | undefined {
  const directives = (headers['cache-control'] ?? '').toLowerCase().split(',').map(directive => directive.trim())
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0
  const maxAge = directives.map(secondsOfMaxAge).find(seconds => seconds !== undefined)
  const lifetime = maxAge ?? secondsUntilExpires(headers)
  return lifetime === undefined ? undefined : Math.max(0, lifetime - (deltaSeconds(headers.age) ?? 0))
}

/** Uses the clock of the server that sent both headers. An invalid Expires, such as 0, is in the past (section 5.3). */
function secondsUntilExpires({ expires, date = '' }: IncomingHttpHeaders): number | undefined {
  return expires === undefined ? undefined : (Date.parse(expires) - Date.parse(date)) / 1000 || 0
}

function secondsOfMaxAge(directive: string): number | undefined {
  return deltaSeconds(/^max-age="?(\d+)"?$/.exec(directive)?.[1])
}

/** delta-seconds = 1*DIGIT     RFC 9111 section 1.2.2 */
function deltaSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31) : undefined
}
