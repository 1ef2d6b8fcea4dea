/**
 * Fetches a document that a stranger named, and is not sent anywhere else by it: no redirect, a bounded answer in a
 * bounded time, and only from an address on the internet. The name is resolved here, the address is judged, and
 * that very address is connected to, so that a name which changes its mind in between gains nothing.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isLoopbackAddress, isPublicAddress } from './special-address.ts'

export interface FetchedDocument {
  readonly contentType: string
  readonly cacheControl: string
  readonly body: string
}

/** Why there is no document, in words for the developer of the other side. */
export class DocumentError extends Error {}

export type FetchDocument = (url: string, sizeLimit: number) => Promise<FetchedDocument>

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** In milliseconds, from the look-up to the last byte. */
const timeLimit = 5_000

/** How many documents are fetched at once: strangers cause these requests. */
const atOnce = 16

export function documentFetcher(options: { allowLoopback: boolean; resolve?: Resolve }): FetchDocument {
  const isAllowed = (address: string): boolean => (
    isPublicAddress(address) || options.allowLoopback && isLoopbackAddress(address))
  const lookup = guardedLookup(options.resolve ?? resolveBySystem, isAllowed)
  let underWay = 0
  return async (url, sizeLimit) => {
    const target = new URL(url)
    const literal = target.hostname.replace(/^\[|\]$/g, '')
    // A literal address is connected to without a look-up.
    if (isIP(literal) !== 0 && !isAllowed(literal)) throw new DocumentError(notPublic(literal))
    if (underWay >= atOnce) throw new DocumentError('too many documents are being fetched: try again')
    underWay++
    try {
      return await get(target, sizeLimit, lookup)
    } finally {
      underWay--
    }
  }
}

function get(target: URL, sizeLimit: number, lookup: LookupFunction): Promise<FetchedDocument> {
  const request = target.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = request(target, {
      lookup, agent: false, maxHeaderSize: 8192, signal: AbortSignal.timeout(timeLimit),
      headers: { accept: 'application/json' },
    })
    outgoing.on('error', error => reject(asDocumentError(error)))
    outgoing.on('response', incoming => {
      readDocument(incoming, sizeLimit).then(resolve, error => reject(asDocumentError(error))).finally(() => outgoing.destroy())
    })
    outgoing.end()
  })
}

async function readDocument(incoming: IncomingMessage, sizeLimit: number): Promise<FetchedDocument> {
  if (incoming.statusCode !== 200) throw new DocumentError(`it answered ${incoming.statusCode}, and redirects are not followed`)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > sizeLimit) throw new DocumentError(`it is larger than ${sizeLimit} bytes`)
    chunks.push(chunk)
  }
  return {
    contentType: incoming.headers['content-type'] ?? '',
    cacheControl: incoming.headers['cache-control'] ?? '',
    body: new TextDecoder().decode(Buffer.concat(chunks)),
  }
}

/** All addresses of a name have to be allowed: one that is not shows what the name is for. */
function guardedLookup(resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(addresses => {
      const bad = addresses.find(({ address }) => !isAllowed(address))
      if (bad || addresses.length === 0) throw new DocumentError(bad ? notPublic(bad.address) : 'its name has no address')
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

function notPublic(address: string): string {
  return `its address ${address} is not one on the internet`
}

function asDocumentError(error: unknown): DocumentError {
  if (error instanceof DocumentError) return error
  const { name, code } = error as NodeJS.ErrnoException
  return new DocumentError(name === 'TimeoutError' || name === 'AbortError'
    ? `it did not answer in ${timeLimit / 1000} s` : `it cannot be reached (${code ?? name})`)
}
