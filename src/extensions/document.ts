/** Fetches the documents of clients when they are needed, and caches them as their HTTP headers allow. */
import { isLoopbackHost } from '../base/protocol/loopback.ts'
import { DocumentError } from '../base/http/document-error.ts'
import type { FetchedDocument } from '../base/http/fetch-document.ts'
import type { Rule } from '../base/rules/rule.ts'
import type { Context } from '../core/context/context.ts'
import { documentIsReachable } from './rules/client-id-metadata-document.ts'

/** How long a document is cached, in seconds. */
const lifetimes = { min: 60, max: 86_400, default: 300 }

/** Access tokens contain the URL, and they must fit into a header. */
const maxUrlLength = 1024

/** Why `url` is not fetched, or undefined if it is. A URL that a parser would rewrite, as with dot segments, is not fetched. */
export function documentUrlProblem(url: string, { config }: Context): string | undefined {
  if (url.length > maxUrlLength) return `it is longer than ${maxUrlLength} characters`
  if (!URL.canParse(url)) return 'it is not a URL'
  const { href, protocol, hostname, username, password } = new URL(url)
  const isLocal = config.allowLoopbackDocuments && protocol === 'http:' && isLoopbackHost(hostname)
  if (protocol !== 'https:' && !isLocal) return 'it is not https'
  if (url.includes('#')) return 'it has a fragment'
  if (username !== '' || password !== '') return 'it has a user name'
  if (hostname.endsWith('.')) return 'its host ends in a dot'
  return href === url || href === `${url}/` ? undefined : `it must be written as ${href}`
}

interface DocumentKind<T> {
  readonly sizeLimit: number
  /** The rule that is broken if the document is not available. */
  readonly rule: Rule
  read(document: FetchedDocument): T
  /** Whether the cached value is still good. If not, the document is fetched again, but at most once a minute. */
  isCurrent?(cached: T): boolean
}

/** Returns what `read` makes of the document at `url`. Neither errors nor documents that `read` rejects are cached. */
export async function readDocument<T>(url: string, kind: DocumentKind<T>, context: Context): Promise<T> {
  const { store, now } = context
  // The same URL can name two kinds of document, each with its own limits.
  const key = `${kind.rule.id} ${url}`
  const cached = await store.findDocument(key)
  if (cached) {
    const value = kind.read(cached)
    const isRecent = cached.fetched_at > now() - lifetimes.min
    if (isRecent || !kind.isCurrent || kind.isCurrent(value)) return value
  }
  const document = await fetchDocument(url, kind, context)
  const value = kind.read(document)
  const lifetime = boundedLifetime(document.lifetime)
  if (lifetime > 0) await store.cacheDocument(key, { ...document, fetched_at: now() }, now() + lifetime)
  return value
}

async function fetchDocument(url: string, { sizeLimit, rule }: DocumentKind<unknown>, context: Context): Promise<FetchedDocument> {
  try {
    return await context.fetchDocument(url, sizeLimit)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    // A temporary failure gets another rule, because it is not the fault of the client.
    context.fail(error.temporary ? documentIsReachable : rule, error.message)
  }
}

/** With a lifetime of 0, the client wants its document fetched every time. */
function boundedLifetime(lifetime: number | undefined): number {
  if (lifetime === 0) return 0
  return Math.min(Math.max(lifetime ?? lifetimes.default, lifetimes.min), lifetimes.max)
}
