/** Documents of clients, fetched when they are needed and kept as long as their HTTP headers allow. */
import { isLoopbackHost } from '../base/protocol/loopback.ts'
import { DocumentError } from '../base/http/document-error.ts'
import type { FetchedDocument } from '../base/http/fetch-document.ts'
import type { Rule } from '../base/rules/rule.ts'
import type { Context } from '../core/context/context.ts'
import { documentIsReachable } from './rules/client-id-metadata-document.ts'

/** How long a document is kept, in seconds: at least, at most, and where its headers say nothing. */
const freshness = { least: 60, most: 86_400, otherwise: 300 }

/** It stands in access tokens, which have to fit into a header. */
const maxUrlLength = 1024

/** Why no document is fetched from `url`, or undefined where one is. A parser must find nothing to rewrite in it. */
export function documentUrlProblem(url: string, { config }: Context): string | undefined {
  if (url.length > maxUrlLength) return `it is longer than ${maxUrlLength} characters`
  if (!URL.canParse(url)) return 'it is not a URL'
  const { href, protocol, hostname, username, password } = new URL(url)
  const isLocal = config.allowLoopbackDocuments && protocol === 'http:' && isLoopbackHost(hostname)
  if (protocol !== 'https:' && !isLocal) return 'it is not https'
  if (url.includes('#')) return 'it has a fragment'
  if (username !== '' || password !== '') return 'it has a user name'
  if (hostname.endsWith('.')) return 'its host ends in a dot'
  return href === url || href === `${url}/` ? undefined : `it is not written as ${href}`
}

interface Reading<T> {
  readonly sizeLimit: number
  /** The rule that is broken where the document cannot be had. */
  readonly rule: Rule
  read(document: FetchedDocument): T
  /** Whether what was kept serves; if not, the document is fetched again, once a minute at the most. */
  serves?(value: T): boolean
}

/**
 * What `read` makes of the document at `url`. An error is never kept, nor a document that `read` refuses. Where it may
 * be had later, that it cannot be had now is no fault of the client.
 */
export async function readDocument<T>(url: string, reading: Reading<T>, context: Context): Promise<T> {
  const { store, now } = context
  // One URL may serve for two kinds of document, each with limits of its own.
  const key = `${reading.rule.id} ${url}`
  const kept = await store.findDocument(key)
  if (kept) {
    const value = reading.read(kept)
    if (kept.fetched_at > now() - freshness.least || !reading.serves || reading.serves(value)) return value
  }
  const document = await fetchDocument(url, reading, context)
  const value = reading.read(document)
  const lifetime = boundedLifetime(document.lifetime)
  if (lifetime > 0) await store.cacheDocument(key, { ...document, fetched_at: now() }, now() + lifetime)
  return value
}

async function fetchDocument(url: string, { sizeLimit, rule }: Reading<unknown>, context: Context): Promise<FetchedDocument> {
  try {
    return await context.fetchDocument(url, sizeLimit)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    context.fail(error.temporary ? documentIsReachable : rule, error.message)
  }
}

/** A lifetime of 0 is the wish of the client that its document be read each time. */
function boundedLifetime(lifetime: number | undefined): number {
  if (lifetime === 0) return 0
  return Math.min(Math.max(lifetime ?? freshness.otherwise, freshness.least), freshness.most)
}
