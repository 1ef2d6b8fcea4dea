/**
 * Redirect URIs: which may be registered, and when a requested one matches a registered one. Everything works on the text as
 * received. A URL parser strips tabs, trims spaces, hides an empty fragment and reads `127.1` and `0x7f000001` as 127.0.0.1, so
 * two texts that it calls equal may lead to different places.
 */

const maxLength = 2048

/** An http loopback redirect URI, with the host exactly as written (RFC 8252 section 7.3). */
const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?((?:[/?].*)?)$/

/** Schemes that a browser or the system handles itself, so that the redirect would never reach the client. */
const forbiddenSchemes: ReadonlySet<string> = new Set([
  'javascript', 'data', 'file', 'vbscript', 'blob', 'about', 'filesystem', 'view-source', 'intent', 'jar',
  'chrome', 'resource', 'ws', 'wss', 'ftp', 'mailto', 'tel', 'sms', 'urn', 'livescript', 'mocha',
])

/** Why `uri` cannot be registered, or undefined if it can. */
export function redirectUriProblem(uri: string): string | undefined {
  if (uri.length > maxLength) return `it is longer than ${maxLength} characters`
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'it has spaces, control characters or non-ASCII characters'
  if (/[<>"\\^`{|}]/.test(uri)) return 'it has characters that must be percent-encoded'
  if (uri.includes('#')) return 'it has a fragment'
  // scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )     RFC 3986 section 3.1
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri)?.[1]?.toLowerCase()
  if (scheme === undefined || !URL.canParse(uri)) return 'it is not an absolute URI'
  // authority = [ userinfo "@" ] host [ ":" port ]     RFC 3986 section 3.2
  if (/^[^:]+:\/\/[^/?]*@/.test(uri)) return 'it has a user name'
  if (forbiddenSchemes.has(scheme)) return `the scheme ${scheme} does not lead to an application`
  if (scheme === 'https') return httpsProblem(uri)
  if (scheme === 'http') return loopbackProblem(uri)
  // RFC 8252 section 7.1: a private-use scheme, such as com.example.app:/callback or cursor://callback.
  return /^[^:]+:\/{0,2}[^/]/.test(uri) ? undefined : 'it has nothing after the scheme'
}

/**
 * Whether the redirect URI of a request matches a registered one: the same text, or an http loopback redirect URI that
 * differs only in the port (RFC 8252 section 7.3). The three loopback hosts are not interchangeable.
 */
export function matchesRedirectUri(uri: string, registered: string): boolean {
  if (uri === registered) return true
  const a = parseLoopback(uri)
  const b = parseLoopback(registered)
  return a !== undefined && b !== undefined && a.origin === b.origin && a.rest === b.rest
}

export function isLoopbackRedirectUri(uri: string): boolean {
  return parseLoopback(uri) !== undefined
}

/** Where the code will go, for the user to judge: the host, or the scheme if there is no host. */
export function redirectHost(uri: string): string {
  return /^https?:\/\/([^/?]*)/i.exec(uri)?.[1] ?? `${uri.slice(0, uri.indexOf(':'))}: (an app on your device)`
}

/** The text before and after the first `?`. Any further one is part of the query (RFC 3986 section 3.4). */
export function splitQuery(url: string): [string, string?] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** Adds parameters to a redirect URI and keeps its own query (RFC 6749 section 3.1.2). */
export function withParameters(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.append(name, value)
  }
  const separator = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&'
  return `${uri}${separator}${query}`
}

function httpsProblem(uri: string): string | undefined {
  const authority = /^https:\/\/([^/?]+)(?:[/?]|$)/i.exec(uri)?.[1]
  if (authority === undefined) return 'it has no host'
  // A browser connects to the host as it parses it, which must be the host that people read.
  if (new URL(uri).host !== authority.toLowerCase().replace(/:443$/, '')) return 'a browser would read its host differently'
  return undefined
}

function loopbackProblem(uri: string): string | undefined {
  return parseLoopback(uri) ? undefined : 'http is only for 127.0.0.1, [::1] and localhost, in exactly this spelling'
}

function parseLoopback(uri: string): { origin: string; rest: string } | undefined {
  const [, origin, port, rest] = loopback.exec(uri) ?? []
  if (origin === undefined || Number(port ?? 80) > 65535) return undefined
  return { origin, rest: rest! }
}
