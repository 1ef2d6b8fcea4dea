/**
 * The encoding of values that are mirrored into Mcp-Name and Mcp-Param-* headers
 * (MCP 2026-07-28 basic/transports/streamable-http, Value Encoding).
 */

const sentinel = /^=\?base64\?(.*)\?=$/

/** What fits a header as it is: printable ASCII and inner blanks, nothing at the ends that would be trimmed. */
const plain = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/

export function encodeHeaderValue(value: string): string {
  if (plain.test(value) && !sentinel.test(value)) return value
  return `=?base64?${Buffer.from(value).toString('base64')}?=`
}

/** The value that a header stands for, or undefined where it is malformed. */
export function decodeHeaderValue(header: string): string | undefined {
  const encoded = sentinel.exec(header)?.[1]
  if (encoded === undefined) return /^[\x20-\x7e\t]*$/.test(header) ? header : undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return undefined
  const value = bytes.toString()
  return Buffer.from(value).equals(bytes) ? value : undefined
}

/** A parameter as text: strings as they are, integers in decimal, booleans as true and false. */
export function headerText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined
}
