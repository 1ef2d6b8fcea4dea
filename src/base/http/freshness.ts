/** How long an answer may be kept (RFC 9111 section 4.2). */
import type { IncomingHttpHeaders } from 'node:http'

/** In seconds from now, by the headers of the answer: 0 where it must not be kept, undefined where they say nothing. */
export function freshnessLifetime(headers: IncomingHttpHeaders): number | undefined {
  const directives = (headers['cache-control'] ?? '').toLowerCase().split(',').map(directive => directive.trim())
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0
  const maxAge = directives.map(secondsOfMaxAge).find(seconds => seconds !== undefined)
  const lifetime = maxAge ?? secondsUntilExpires(headers)
  return lifetime === undefined ? undefined : Math.max(0, lifetime - (deltaSeconds(headers.age) ?? 0))
}

/** By the clock of the server that sent both. An Expires that is no date, such as 0, lies in the past (section 5.3). */
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
