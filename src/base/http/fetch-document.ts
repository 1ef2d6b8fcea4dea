/**
 * Fetches a document that a stranger named, and is not sent anywhere else by it: no redirect, a bounded answer in a
 * bounded time, and only from an address on the internet. The name is resolved here, the address is judged, and
 * that very address is connected to, so that a name which changes its mind in between gains nothing.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { version } from '../config/version.ts'
import { freshnessLifetime } from './freshness.ts'
import { isLoopbackAddress, isPublicAddress } from './special-address.ts'

export interface FetchedDocument {
  readonly contentType: string
  /** For how many seconds its headers let it be kept; undefined where they say nothing. */
  readonly lifetime: number | undefined
  readonly body: string
}

/** Why there is no document, in words for the developer of the other side. */
export class DocumentError extends Error {
  /** Whether the same request may succeed later, with nothing changed by anybody. */
  readonly temporary: boolean

  constructor(problem: string, options: { temporary: boolean }) {
    super(problem)
    this.temporary = options.temporary
  }
}

export type FetchDocument = (url: string, sizeLimit: number) => Promise<FetchedDocument>

type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** The same for a name that is unknown as for one of this network: which of them exist is nobody's business. */
const notPublic = 'it has no address on the internet'

/** In milliseconds, from the look-up to the last byte. */
const defaultTimeLimit = 5_000

/** How many documents are fetched at once, and how many of them from one host: strangers cause these requests. */
const atOnce = { all: 64, host: 4 }

const lasting = { temporary: false }
const passing = { temporary: true }

export interface FetcherOptions {
  readonly allowLoopback: boolean
  readonly resolve?: Resolve
  readonly timeLimit?: number
}

export function documentFetcher(options: FetcherOptions): FetchDocument {
  const { allowLoopback, resolve = resolveBySystem, timeLimit = defaultTimeLimit } = options
  const isAllowed = (address: string): boolean => (
    isPublicAddress(address) || (allowLoopback && isLoopbackAddress(address)))
  const lookup = guardedLookup(resolve, isAllowed)
  const underWay = new Map<string, { readonly host: string; readonly document: Promise<FetchedDocument> }>()
  return async (url, sizeLimit) => {
    const target = new URL(url)
    const { host, hostname } = target
    const literal = hostname.replace(/^\[|\]$/g, '')
    // A literal address is connected to without a look-up.
    if (isIP(literal) !== 0 && !isAllowed(literal)) throw new DocumentError(notPublic, lasting)
    // Whoever asks for what is on its way already waits for that.
    const key = `${sizeLimit} ${url}`
    const same = underWay.get(key)
    if (same) return same.document
    const fromHost = [...underWay.values()].filter(other => other.host === host).length
    if (underWay.size >= atOnce.all || fromHost >= atOnce.host) {
      throw new DocumentError('too many documents are being fetched: try again', passing)
    }
    const document = get(target, sizeLimit, lookup, timeLimit).finally(() => underWay.delete(key))
    underWay.set(key, { host, document })
    return document
  }
}

function get(target: URL, sizeLimit: number, lookup: LookupFunction, timeLimit: number): Promise<FetchedDocument> {
  const request = target.protocol === 'https:' ? requestHttps : requestHttp
  const signal = AbortSignal.timeout(timeLimit)
  const asDocumentError = (error: unknown): DocumentError => {
    if (error instanceof DocumentError) return error
    const { name, code } = error as NodeJS.ErrnoException
    const problem = signal.aborted ? `it did not answer in ${timeLimit / 1000} s` : `it cannot be reached (${code ?? name})`
    return new DocumentError(problem, passing)
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(target, {
      lookup, signal, agent: false, maxHeaderSize: 8192,
      headers: { 'accept': 'application/json', 'user-agent': `mcp-authorization/${version}` },
    })
    outgoing.on('error', error => reject(asDocumentError(error)))
    outgoing.on('response', incoming => {
      readDocument(incoming, sizeLimit).then(resolve, error => reject(asDocumentError(error))).finally(() => outgoing.destroy())
    })
    outgoing.end()
  })
}

async function readDocument(incoming: IncomingMessage, sizeLimit: number): Promise<FetchedDocument> {
  const { statusCode = 0, headers } = incoming
  // RFC 9110 section 15.6 and RFC 6585 section 4: of all errors these say that they will pass.
  const temporary = statusCode >= 500 || statusCode === 429
  if (statusCode !== 200) throw new DocumentError(`it answered ${statusCode}, where only 200 will do`, { temporary })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > sizeLimit) throw new DocumentError(`it is larger than ${sizeLimit} bytes`, lasting)
    chunks.push(chunk)
  }
  return {
    contentType: headers['content-type'] ?? '',
    lifetime: freshnessLifetime(headers),
    body: decodeUtf8(Buffer.concat(chunks)),
  }
}

/** RFC 8259 section 8.1: JSON is UTF-8. A decoder that replaces what is not would let many documents be one. */
function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new DocumentError('it is not UTF-8', lasting)
  }
}

/**
 * All addresses of a name have to be allowed: one that is not shows what the name is for. A look-up cannot be called
 * off, so those under way are counted here, past the time limit of their request.
 */
function guardedLookup(resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction {
  let underWay = 0
  return (hostname, options, callback) => {
    if (underWay >= atOnce.all) {
      callback(new DocumentError('too many names are being looked up: try again', passing), '', 0)
      return
    }
    underWay++
    resolve(hostname).catch(noAddresses).finally(() => { underWay-- }).then(addresses => {
      const allowed = addresses.length > 0 && addresses.every(({ address }) => isAllowed(address))
      if (!allowed) throw new DocumentError(notPublic, lasting)
      if (options.all) callback(null, [...addresses])
      else callback(null, addresses[0]!.address, addresses[0]!.family)
    }).catch((error: NodeJS.ErrnoException) => callback(error, '', 0))
  }
}

function resolveBySystem(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => error ? reject(error) : resolve(addresses))
  })
}

function noAddresses(error: NodeJS.ErrnoException): readonly LookupAddress[] {
  if (error.code === 'ENOTFOUND') return []
  throw error
}
