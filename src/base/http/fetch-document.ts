/**
 * Fetches a document from a URL that a stranger chose, without letting them aim the request anywhere else (SSRF): only from
 * public addresses, without following redirects, and with limits on size, time and concurrency.
 */
import { once } from 'node:events'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { version } from '../config/version.ts'
import { DocumentError } from './document-error.ts'
import { freshnessLifetime } from './freshness.ts'
import { guardedLookup, notPublic, type Resolve } from './guarded-lookup.ts'
import { isLoopbackAddress, isPublicAddress } from './special-address.ts'

export interface FetchedDocument {
  readonly contentType: string
  /** For how many seconds its headers allow it to be cached, or undefined if they do not say. */
  readonly lifetime: number | undefined
  readonly body: string
}

export type FetchDocument = (url: string, sizeLimit: number) => Promise<FetchedDocument>

export interface FetcherOptions {
  readonly allowLoopback: boolean
  readonly resolve?: Resolve
  /** In milliseconds, from the lookup to the last byte. */
  readonly timeLimit?: number
}

/** How many documents are fetched at once, in total and from one host, because strangers trigger these requests. */
const maxFetches = { total: 64, perHost: 4 }

export function documentFetcher({ allowLoopback, resolve, timeLimit = 5_000 }: FetcherOptions): FetchDocument {
  const isAllowed = (address: string): boolean => (
    isPublicAddress(address) || (allowLoopback && isLoopbackAddress(address)))
  const lookup = guardedLookup(isAllowed, resolve)
  const running = new Map<string, { readonly host: string; readonly document: Promise<FetchedDocument> }>()
  return async (url, sizeLimit) => {
    const target = new URL(url)
    const { host, hostname } = target
    const literal = hostname.replace(/^\[|\]$/g, '')
    // Node connects to a literal address without a lookup.
    if (isIP(literal) !== 0 && !isAllowed(literal)) throw new DocumentError(notPublic)
    // Requests for the same document share one fetch.
    const key = `${sizeLimit} ${url}`
    const same = running.get(key)
    if (same) return same.document
    const fromHost = [...running.values()].filter(other => other.host === host).length
    if (running.size >= maxFetches.total || fromHost >= maxFetches.perHost) {
      throw new DocumentError('too many documents are being fetched: try again', { temporary: true })
    }
    const document = get(target, sizeLimit, lookup, timeLimit).finally(() => running.delete(key))
    running.set(key, { host, document })
    return document
  }
}

async function get(target: URL, sizeLimit: number, lookup: LookupFunction, timeLimit: number): Promise<FetchedDocument> {
  const signal = AbortSignal.timeout(timeLimit)
  const request = (target.protocol === 'https:' ? requestHttps : requestHttp)(target, {
    lookup, signal, agent: false, maxHeaderSize: 8192,
    headers: { 'accept': 'application/json', 'user-agent': `mcp-authorization/${version}` },
  })
  // `once` reports errors before the response, and reading the body those after it. Neither may crash the process.
  request.on('error', () => {})
  try {
    request.end()
    const [response] = await once(request, 'response') as [IncomingMessage]
    return await readDocument(response, sizeLimit)
  } catch (error) {
    if (error instanceof DocumentError) throw error
    const { name, code } = error as NodeJS.ErrnoException
    const problem = signal.aborted ? `it did not answer within ${timeLimit / 1000} s` : `it cannot be reached (${code ?? name})`
    throw new DocumentError(problem, { temporary: true })
  } finally {
    request.destroy()
  }
}

async function readDocument(response: IncomingMessage, sizeLimit: number): Promise<FetchedDocument> {
  const { statusCode = 0, headers } = response
  // RFC 9110 section 15.6 and RFC 6585 section 4: only these errors are expected to pass by themselves.
  const temporary = statusCode >= 500 || statusCode === 429
  if (statusCode !== 200) throw new DocumentError(`it answered ${statusCode} instead of 200`, { temporary })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > sizeLimit) throw new DocumentError(`it is larger than ${sizeLimit} bytes`)
    chunks.push(chunk)
  }
  return {
    contentType: headers['content-type'] ?? '',
    lifetime: freshnessLifetime(headers),
    body: decodeUtf8(Buffer.concat(chunks)),
  }
}

/** RFC 8259 section 8.1: JSON is UTF-8. A lenient decoder would let many different documents decode to the same text. */
function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new DocumentError('it is not UTF-8')
  }
}
