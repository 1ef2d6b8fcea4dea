/**
 * The encoding of values that are mirrored into Mcp-Name and Mcp-Param-* headers
 * (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding).
 */

const sentinel = /^=\?base64\?(.*)\?=$/

/** Values that need no encoding: printable ASCII, with spaces and tabs only inside, where nothing trims them. */
const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/

export function encodeHeaderValue(value: string): string {
  if (plain.test(value) && !sentinel.test(value)) return value
  return `=?base64?${Buffer.from(value).toString('base64')}?=`
}

/** Decodes the value of a header. Undefined if it is malformed. */
export function decodeHeaderValue(header: string): string | undefined {
  const encoded = sentinel.exec(header)?.[1]
  if (encoded === undefined) return /^[\x20-\x7e\t]*$/.test(header) ? header : undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return undefined
  const value = bytes.toString()
  return Buffer.from(value).equals(bytes) ? value : undefined
}

/** The text form of a parameter: a string itself, an integer in decimal, a boolean as true or false. */
export function headerText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined
}
