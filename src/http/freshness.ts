/** How long an answer may be kept (RFC 9111 section 4.2). */
import type { IncomingHttpHeaders } from 'node:http'

/** In seconds from now, by the headers of the answer: 0 where it must not be kept, undefined where they say nothing. */
export function freshnessLifetime(headers: IncomingHttpHeaders, now: number): number | undefined {
  const directives = (headers['cache-control'] ?? '').toLowerCase().split(',').map(directive => directive.trim())
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0
  const maxAge = directives.map(secondsOfMaxAge).find(seconds => seconds !== undefined)
  if (maxAge !== undefined) return Math.max(0, maxAge - (deltaSeconds(headers.age) ?? 0))
  // RFC 9111 section 5.3: an Expires that is no date, such as 0, lies in the past.
  return headers.expires === undefined ? undefined : Math.max(0, Date.parse(headers.expires) / 1000 - now || 0)
}

function secondsOfMaxAge(directive: string): number | undefined {
  return deltaSeconds(/^max-age="?(\d+)"?$/.exec(directive)?.[1])
}

/** delta-seconds = 1*DIGIT     RFC 9111 section 1.2.2 */
function deltaSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31) : undefined
}
