/** The headers of a request, in the one reading that every rule and handler uses. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** Singletons without commas in their values: two lines of them may arrive joined by a comma (RFC 9110 section 5.2). */
const joinable: ReadonlySet<string> = new Set([
  'content-type', 'content-encoding', 'expect', 'origin', 'mcp-protocol-version', 'mcp-method', 'mcp-session-id',
])

/**
 * A header without a value counts as absent, except for Origin, which then is not allowed. A header that was sent more than
 * once with equal values counts once, except for DPoP (RFC 9449 section 4.3). Values that differ stay joined, and the rule of
 * the header refuses them.
 */
export function readHeaders({ headers, headersDistinct }: IncomingMessage): IncomingHttpHeaders {
  const read: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === '' && name !== 'origin') continue
    const [only, ...others] = headerValues(name, headersDistinct[name])
    read[name] = only === undefined || others.length > 0 || name === 'dpop' ? value : only
  }
  return read
}

/** The distinct values of a header. A comma within quotation marks separates nothing. */
export function headerValues(name: string, lines: readonly string[] = []): readonly string[] {
  if (lines.length === 1 && !(joinable.has(name) && lines[0]!.includes(','))) return lines
  const values = joinable.has(name) ? lines.flatMap(line => line.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g) ?? []) : lines
  const sameAs = (value: string): string => name === 'content-type' ? mediaTypeOf(value) : value
  return [...new Map(values.map(value => value.trim()).map(value => [sameAs(value), value])).values()]
}

/** A media type without case, blanks, and the charset that every type here has anyway (RFC 8259 section 8.1). */
function mediaTypeOf(value: string): string {
  return value.toLowerCase().replaceAll(' ', '').replace(/;charset="?utf-8"?$/, '')
}
