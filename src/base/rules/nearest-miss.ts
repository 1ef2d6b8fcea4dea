/**
 * Why two texts that should be one are two: the candidate that comes nearest to what came, the characters in which the two
 * differ, and a sentence for each difference that people fall for again and again (a slash, a port, `localhost` for
 * `127.0.0.1`). Pure, and as low as a file can be, so that the server and the client explain alike.
 */

/** What came is `prefix + came + suffix`; the candidate is `prefix + wanted + suffix`. */
export interface NearestMiss {
  /** The one of the expected texts that comes nearest. */
  readonly candidate: string
  readonly prefix: string
  readonly came: string
  readonly wanted: string
  readonly suffix: string
  /** What the difference is, in sentences without a full stop; empty where the marked characters say it all. */
  readonly differences: readonly string[]
}

export interface MissOptions {
  /** RFC 8252 section 7.3: the port of an http loopback redirect URI is no difference. */
  readonly loopbackPortIsFree?: boolean
  /** Scopes are sets of words, in any order. */
  readonly isScope?: boolean
}

/** The difference of two texts that have too little in common to point at anything. */
export const anotherValue = 'it is another value altogether'

/** Compares no more than this, so that a hostile length costs nothing. */
const maxLength = 2048

/** The nearest of `expected`; undefined where what came is one of them. */
export function nearestMiss(received: string, expected: readonly string[], options: MissOptions = {}): NearestMiss | undefined {
  const text = received.slice(0, maxLength)
  const candidates = expected.map(candidate => candidate.slice(0, maxLength))
  if (candidates.includes(text)) return undefined
  return candidates.map(candidate => compare(text, candidate, options)).sort((a, b) => distance(a) - distance(b))[0]
}

function distance({ came, wanted }: NearestMiss): number {
  return came.length + wanted.length
}

function compare(received: string, candidate: string, options: MissOptions): NearestMiss {
  const shorter = Math.min(received.length, candidate.length)
  let start = 0
  while (start < shorter && received[start] === candidate[start]) start++
  // Half a surrogate pair is no character: the mark begins before it, and ends after it.
  if (start > 0 && isHighSurrogate(received.charCodeAt(start - 1))) start--
  let end = 0
  while (end < shorter - start && received.at(-1 - end) === candidate.at(-1 - end)) end++
  if (end > 0 && isLowSurrogate(received.charCodeAt(received.length - end))) end--
  return {
    candidate,
    prefix: received.slice(0, start),
    came: received.slice(start, received.length - end),
    wanted: candidate.slice(start, candidate.length - end),
    suffix: received.slice(received.length - end),
    differences: differencesOf(received, candidate, options),
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}

function differencesOf(received: string, candidate: string, options: MissOptions): readonly string[] {
  if (received === '') return ['it is empty']
  if (received.trim() === candidate) return ['there are blanks around it']
  const [a, b] = [parseUri(received), parseUri(candidate)]
  if (a && b) return uriDifferences(a, b, options)
  if (a || b) return [a ? 'it is a URI, and the expected value is none' : 'it is no absolute URI']
  const [from, to] = [Date.parse(received), Date.parse(candidate)]
  if (isTime(received) && isTime(candidate)) {
    return [`it lies ${span(Math.abs(to - from))} ${from < to ? 'before' : 'after'} the present`]
  }
  if (received.toLowerCase() === candidate.toLowerCase()) return ['it differs in upper and lower case alone']
  if (options.isScope) return setDifferences(received.split(' '), candidate.split(' '))
  return isAnotherValue(received, candidate) ? [anotherValue] : []
}

interface UriParts {
  readonly scheme: string
  readonly host: string
  readonly port: string
  readonly path: string
  readonly query: string
  readonly fragment: string
}

/** The parts as they are written: a parser would make equal what was not. */
function parseUri(text: string): UriParts | undefined {
  // scheme "://" authority path-abempty [ "?" query ] [ "#" fragment ]     RFC 3986 section 3
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]/?#]*\]|[^:/?#]*)(:\d*)?([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(text)
  if (!parts) return undefined
  const [, scheme = '', host = '', port = '', path = '', query = '', fragment = ''] = parts
  return { scheme, host, port, path, query, fragment }
}

const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

function uriDifferences(a: UriParts, b: UriParts, { loopbackPortIsFree = false }: MissOptions): readonly string[] {
  const differences: string[] = []
  if (a.scheme !== b.scheme) differences.push(`the scheme is ${a.scheme}, not ${b.scheme}`)
  if (a.host !== b.host) differences.push(hostDifference(a.host, b.host))
  const bothLoopback = loopbackHosts.includes(a.host) && loopbackHosts.includes(b.host)
  const portIsFree = loopbackPortIsFree && bothLoopback && a.scheme === 'http' && b.scheme === 'http'
  if (a.port !== b.port && !portIsFree) differences.push(`${portOf(a.port)} came where ${portOf(b.port)} is expected`)
  if (a.path !== b.path) differences.push(pathDifference(a.path, b.path))
  if (a.query !== b.query) differences.push(queryDifference(a.query, b.query))
  if (a.fragment !== b.fragment) differences.push(b.fragment === '' ? 'it has a fragment' : 'the fragment is another')
  return differences
}

function queryDifference(a: string, b: string): string {
  if (b === '') return 'it has a query'
  return a === '' ? 'the query is missing' : 'the query is another'
}

function hostDifference(a: string, b: string): string {
  if (a.toLowerCase() === b.toLowerCase()) return `the host ${a} differs from ${b} in upper and lower case`
  const loopback = loopbackHosts.includes(a) && loopbackHosts.includes(b)
  return `the host is ${a}, not ${b}${loopback ? ': both are this machine, and they are two hosts all the same' : ''}`
}

function portOf(port: string): string {
  return port === '' ? 'no port' : `port ${port.slice(1) || '(empty)'}`
}

function pathDifference(a: string, b: string): string {
  if (a === `${b}/`) return 'there is a slash too many at the end'
  if (`${a}/` === b) return 'the slash at the end is missing'
  if (a.replace(/\/{2,}/g, '/') === b) return 'there are two slashes in a row'
  if (a.replace(/\/{2,}/g, '/').replace(/\/$/, '') === b) return 'there are slashes too many'
  if (a.toLowerCase() === b.toLowerCase()) return 'the path differs in upper and lower case'
  if (decoded(a) === decoded(b)) return 'the path is percent-encoded in another way'
  return `the path is ${a || 'empty'}, not ${b || 'empty'}`
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function setDifferences(received: readonly string[], expected: readonly string[]): readonly string[] {
  const missing = expected.filter(item => !received.includes(item))
  const foreign = received.filter(item => !expected.includes(item))
  return [
    ...(missing.length > 0 ? [`it lacks ${missing.join(' and ')}`] : []),
    ...(foreign.length > 0 ? [`it has ${foreign.join(' and ')}, which is not expected`] : []),
  ]
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)
}

function span(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 120) return `${Math.round(seconds * 10) / 10} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`
}

/** Where two texts share less than a third, marked characters mean nothing. */
function isAnotherValue(received: string, candidate: string): boolean {
  const shorter = Math.min(received.length, candidate.length)
  let same = 0
  for (let i = 0; i < shorter; i++) if (received[i] === candidate[i]) same++
  return same * 3 < Math.max(received.length, candidate.length) && !received.includes(candidate) && !candidate.includes(received)
}
