/**
 * Explains why a received value does not match: which expected value is closest, which characters differ, and a sentence for
 * each of the usual mistakes (a trailing slash, a port, `localhost` for `127.0.0.1`). Server and client share it.
 */
import { isLoopbackHost } from '../protocol/loopback.ts'

/** The received value is `prefix + received + suffix`. The closest expected value is `prefix + expected + suffix`. */
export interface NearestMiss {
  /** The whole of the closest expected value. */
  readonly candidate: string
  readonly prefix: string
  readonly received: string
  readonly expected: string
  readonly suffix: string
  /** The differences in words, without full stops. Empty if the differing characters speak for themselves. */
  readonly differences: readonly string[]
}

export interface MissOptions {
  /** RFC 8252 section 7.3: the port of an http loopback redirect URI may differ. */
  readonly loopbackPortIsFree?: boolean
  /** A scope is a set of words, in any order. */
  readonly isScope?: boolean
}

/** The difference between two values that have too little in common for a comparison. */
export const anotherValue = 'it is a completely different value'

/** Only this many characters are compared, so that a huge value from an attacker costs nothing. */
const maxLength = 2048

/** Compares `received` with the closest of `expected`, or returns undefined if it is one of them. */
export function nearestMiss(received: string, expected: readonly string[], options: MissOptions = {}): NearestMiss | undefined {
  const text = received.slice(0, maxLength)
  const candidates = expected.map(candidate => candidate.slice(0, maxLength))
  if (candidates.includes(text)) return undefined
  return candidates.map(candidate => compare(text, candidate, options)).sort((a, b) => distance(a) - distance(b))[0]
}

function distance(miss: NearestMiss): number {
  return miss.received.length + miss.expected.length
}

function compare(received: string, candidate: string, options: MissOptions): NearestMiss {
  const shorter = Math.min(received.length, candidate.length)
  let start = 0
  while (start < shorter && received[start] === candidate[start]) start++
  // Never split a surrogate pair: if half of one differs, the whole character does.
  if (start > 0 && isHighSurrogate(received.charCodeAt(start - 1))) start--
  let end = 0
  while (end < shorter - start && received.at(-1 - end) === candidate.at(-1 - end)) end++
  if (end > 0 && isLowSurrogate(received.charCodeAt(received.length - end))) end--
  return {
    candidate,
    prefix: received.slice(0, start),
    received: received.slice(start, received.length - end),
    expected: candidate.slice(start, candidate.length - end),
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
  if (received.trim() === candidate) return ['it has spaces around it']
  const [a, b] = [parseUri(received), parseUri(candidate)]
  if (a && b) return uriDifferences(a, b, options)
  if (a || b) return [a ? 'it is a URI, but the expected value is not' : 'it is not an absolute URI']
  const [from, to] = [Date.parse(received), Date.parse(candidate)]
  if (isTime(received) && isTime(candidate)) {
    return [`it is ${span(Math.abs(to - from))} in the ${from < to ? 'past' : 'future'}`]
  }
  if (received.toLowerCase() === candidate.toLowerCase()) return ['it differs only in upper and lower case']
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

/** Splits the URI without normalizing it: `URL` would make different texts equal. */
function parseUri(text: string): UriParts | undefined {
  // scheme "://" authority path-abempty [ "?" query ] [ "#" fragment ]     RFC 3986 section 3
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]/?#]*\]|[^:/?#]*)(:\d*)?([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(text)
  if (!parts) return undefined
  const [, scheme = '', host = '', port = '', path = '', query = '', fragment = ''] = parts
  return { scheme, host, port, path, query, fragment }
}

function uriDifferences(a: UriParts, b: UriParts, { loopbackPortIsFree = false }: MissOptions): readonly string[] {
  const differences: string[] = []
  if (a.scheme !== b.scheme) differences.push(`the scheme is ${a.scheme}, not ${b.scheme}`)
  if (a.host !== b.host) differences.push(hostDifference(a.host, b.host))
  const bothLoopback = isLoopbackHost(a.host) && isLoopbackHost(b.host)
  const portIsFree = loopbackPortIsFree && bothLoopback && a.scheme === 'http' && b.scheme === 'http'
  if (a.port !== b.port && !portIsFree) differences.push(`it has ${portOf(a.port)}, but ${portOf(b.port)} is expected`)
  if (a.path !== b.path) differences.push(pathDifference(a.path, b.path))
  if (a.query !== b.query) differences.push(queryDifference(a.query, b.query))
  if (a.fragment !== b.fragment) differences.push(b.fragment === '' ? 'it has a fragment' : 'the fragment is different')
  return differences
}

function queryDifference(a: string, b: string): string {
  if (b === '') return 'it has a query'
  return a === '' ? 'the query is missing' : 'the query is different'
}

function hostDifference(a: string, b: string): string {
  if (a.toLowerCase() === b.toLowerCase()) return `the host ${a} differs from ${b} in upper and lower case`
  if (!isLoopbackHost(a) || !isLoopbackHost(b)) return `the host is ${a}, not ${b}`
  return `the host is ${a}, not ${b}: they are the same machine but different hosts`
}

function portOf(port: string): string {
  return port === '' ? 'no port' : `port ${port.slice(1) || '(empty)'}`
}

function pathDifference(a: string, b: string): string {
  if (a === `${b}/`) return 'it has an extra slash at the end'
  if (`${a}/` === b) return 'it lacks the slash at the end'
  if (a.replace(/\/{2,}/g, '/') === b) return 'it has two slashes in a row'
  if (a.replace(/\/{2,}/g, '/').replace(/\/$/, '') === b) return 'it has extra slashes'
  if (a.toLowerCase() === b.toLowerCase()) return 'the path differs in upper and lower case'
  if (decoded(a) === decoded(b)) return 'the path is percent-encoded differently'
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
  const extra = received.filter(item => !expected.includes(item))
  return [
    ...(missing.length > 0 ? [`it lacks ${missing.join(' and ')}`] : []),
    ...(extra.length > 0 ? [`it has ${extra.join(' and ')}, which is not expected`] : []),
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

/** If less than a third of the characters match, marking the differing ones would not help. */
function isAnotherValue(received: string, candidate: string): boolean {
  const shorter = Math.min(received.length, candidate.length)
  let same = 0
  for (let i = 0; i < shorter; i++) if (received[i] === candidate[i]) same++
  return same * 3 < Math.max(received.length, candidate.length) && !received.includes(candidate) && !candidate.includes(received)
}
