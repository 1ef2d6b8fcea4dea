/** Documents of clients, fetched when they are needed and kept as long as their HTTP headers allow. */
import type { Context } from '../context.ts'
import { DocumentError, type FetchedDocument } from '../http/fetch-document.ts'
import type { Rule } from '../rules/rule.ts'

/** How long a document is kept, in seconds: at least, at most, and where its headers say nothing. */
const freshness = { least: 60, most: 86_400, otherwise: 300 }

/**
 * What `read` makes of the document at `url`. An error is never kept, nor a document that `read` refuses; one that is not
 * available breaks `rule`.
 */
export async function readDocument<T>(
  url: string, sizeLimit: number, rule: Rule, read: (document: FetchedDocument) => T, context: Context,
): Promise<T> {
  const kept = await context.store.findDocument(url)
  if (kept) return read(kept)
  const document = await fetchDocument(url, sizeLimit, rule, context)
  const value = read(document)
  const lifetime = lifetimeOf(document.cacheControl)
  if (lifetime > 0) await context.store.keepDocument(url, document, context.now() + lifetime)
  return value
}

async function fetchDocument(url: string, sizeLimit: number, rule: Rule, context: Context): Promise<FetchedDocument> {
  try {
    return await context.fetchDocument(url, sizeLimit)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    context.check(rule, false, error.message)
    throw error
  }
}

/** In seconds, by the Cache-Control header (RFC 9111 section 5.2) within bounds; 0 where it must not be kept. */
function lifetimeOf(cacheControl: string): number {
  const directives = cacheControl.toLowerCase().split(',').map(directive => directive.trim())
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0
  const maxAge = directives.find(directive => directive.startsWith('max-age=')) ?? ''
  const seconds = /^max-age="?(\d{1,10})"?$/.exec(maxAge)?.[1]
  if (seconds === undefined) return freshness.otherwise
  return Math.min(Math.max(Number(seconds), freshness.least), freshness.most)
}
