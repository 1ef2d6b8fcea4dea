/**
 * JSON of somebody else. `JSON.parse` keeps the last of two members that have one name; other parsers keep the first,
 * and then what one component checked is not what another uses. Such a text is refused here, as is a deep one.
 */

/** How deep a text may nest, unless its reader expects more. */
const usualDepth = 32

export type JsonObject = Readonly<Record<string, unknown>>
type ParsedJson = { readonly value: unknown } | { readonly problem: string }

export function parseJson(text: string, maxDepth = usualDepth): ParsedJson {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: text === '' ? 'it is empty' : 'it does not parse' }
  }
  const census = { members: 0, deep: false, prototype: false }
  takeCensus(value, maxDepth, census)
  if (census.deep) return { problem: `it nests deeper than ${maxDepth} levels` }
  if (census.prototype) return { problem: 'it has a member named __proto__' }
  // Every member is written with one colon, and the value holds each name once.
  if (census.members !== countColons(text)) return { problem: 'it names a member twice' }
  return { value }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function takeCensus(value: unknown, depth: number, census: { members: number; deep: boolean; prototype: boolean }): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === 0) {
    census.deep = true
  } else if (Array.isArray(value)) {
    for (const item of value) takeCensus(item, depth - 1, census)
  } else {
    for (const [name, member] of Object.entries(value)) {
      census.members++
      if (name === '__proto__') census.prototype = true
      takeCensus(member, depth - 1, census)
    }
  }
}

/** The number of colons outside strings; `text` is known to be JSON. */
function countColons(text: string): number {
  let colons = 0
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === 0x3a) colons++
    else if (character === 0x22) i = endOfString(text, i)
  }
  return colons
}

/** The index of the quotation mark that closes the string which opens at `start`. */
function endOfString(text: string, start: number): number {
  let end = start + 1
  while (text.charCodeAt(end) !== 0x22) end += text.charCodeAt(end) === 0x5c ? 2 : 1
  return end
}
