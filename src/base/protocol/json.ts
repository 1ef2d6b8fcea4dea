/**
 * Parses untrusted JSON. `JSON.parse` keeps the last of two members with the same name and other parsers keep the first, so the
 * value that one component checks may not be the one that another uses. This parser refuses such JSON, and deep nesting.
 */

/** How deep JSON may nest, unless the caller expects more. */
const defaultDepth = 32

export type JsonObject = Readonly<Record<string, unknown>>
type ParsedJson = { readonly value: unknown } | { readonly problem: string }

export function parseJson(text: string, maxDepth = defaultDepth): ParsedJson {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: text === '' ? 'it is empty' : 'it does not parse' }
  }
  const found = { members: 0, tooDeep: false, hasPrototype: false }
  inspect(value, maxDepth, found)
  if (found.tooDeep) return { problem: `it nests deeper than ${maxDepth} levels` }
  if (found.hasPrototype) return { problem: 'it has a member named __proto__' }
  // The text has one colon per member. The value has fewer members if a name was repeated.
  if (found.members !== countColons(text)) return { problem: 'it repeats a member name' }
  return { value }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inspect(value: unknown, depth: number, found: { members: number; tooDeep: boolean; hasPrototype: boolean }): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === 0) {
    found.tooDeep = true
  } else if (Array.isArray(value)) {
    for (const item of value) inspect(item, depth - 1, found)
  } else {
    for (const [name, member] of Object.entries(value)) {
      found.members++
      if (name === '__proto__') found.hasPrototype = true
      inspect(member, depth - 1, found)
    }
  }
}

/** Counts the colons outside strings. `text` must be valid JSON. */
function countColons(text: string): number {
  let colons = 0
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === 0x3a) colons++
    else if (character === 0x22) i = endOfString(text, i)
  }
  return colons
}

/** The index of the quotation mark that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let end = start + 1
  while (text.charCodeAt(end) !== 0x22) end += text.charCodeAt(end) === 0x5c ? 2 : 1
  return end
}

/** The members that say something: many programs write null or "" for a member that they do not send. */
export function presentMembers(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== ''))
}
