/**
 * Redirect URIs: which may be registered, and when one of a request is one that was registered. All of it is judged
 * on the text as it was sent. A URL parser strips tabs, trims blanks, hides an empty fragment and reads `127.1` and
 * `0x7f000001` as 127.0.0.1, so that two texts which it calls equal may lead to two places.
 */

const maxLength = 2048

/** http to this machine, host as written:     RFC 8252 section 7.3 */
const loopback = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost))(?::(\d{1,5}))?((?:[/?].*)?)$/

/** Schemes that a browser would run, open from disk or resolve itself, where a redirect has to reach the client. */
const forbiddenSchemes: ReadonlySet<string> = new Set([
  'javascript', 'data', 'file', 'vbscript', 'blob', 'about', 'filesystem', 'view-source', 'intent', 'jar',
  'chrome', 'resource', 'ws', 'wss', 'ftp', 'mailto', 'tel', 'sms', 'urn', 'livescript', 'mocha',
])

/** Why `uri` cannot be registered, or undefined where it can. */
export function redirectUriProblem(uri: string): string | undefined {
  if (uri.length > maxLength) return `it is longer than ${maxLength} characters`
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'it has blanks, control characters or characters beyond ASCII'
  if (/[<>"\\^`{|}]/.test(uri)) return 'it has characters that a URI must percent-encode'
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
 * Whether the redirect URI of a request is `registered`: the same text, or an http loopback redirect URI that
 * differs in the port alone (RFC 8252 section 7.3). The three loopback hosts do not stand for one another.
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

/** The host that will receive the code, for a person to judge; the scheme where there is no host. */
export function redirectHost(uri: string): string {
  return /^https?:\/\/([^/?]*)/i.exec(uri)?.[1] ?? `${uri.slice(0, uri.indexOf(':'))}: (an app on your device)`
}

/** The text before and after the first `?`. Any further one is part of the query (RFC 3986 section 3.4). */
export function splitQuery(url: string): [string, string?] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** Appends parameters to a redirect URI and keeps the query that it has (RFC 6749 section 3.1.2). */
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
  // What the parser makes of the host is what the browser will connect to: they must not differ.
  if (new URL(uri).host !== authority.toLowerCase().replace(/:443$/, '')) return 'its host is not written as it is read'
  return undefined
}

function loopbackProblem(uri: string): string | undefined {
  return parseLoopback(uri) ? undefined : 'http is for 127.0.0.1, [::1] and localhost only, written so'
}

function parseLoopback(uri: string): { origin: string; rest: string } | undefined {
  const [, origin, port, rest] = loopback.exec(uri) ?? []
  if (origin === undefined || Number(port ?? 80) > 65535) return undefined
  return { origin, rest: rest! }
}
