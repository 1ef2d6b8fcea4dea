/**
 * The arguments of a tool that a client mirrors into `Mcp-Param-*` headers. The input schema marks them with `x-mcp-header`
 * (MCP 2026-07-28 basic/transports/streamable-http, Schema Extension).
 */
import { isJsonObject, type JsonObject } from './json.ts'
import { encodeHeaderValue, headerText } from './header-value.ts'

interface MirroredParameter {
  readonly header: string
  /** The names of the properties that lead to the value. */
  readonly path: readonly string[]
}

export function* mirroredParameters(schema: unknown, path: readonly string[] = []): Generator<MirroredParameter> {
  if (!isJsonObject(schema) || !isJsonObject(schema['properties'])) return
  for (const [name, property] of Object.entries(schema['properties'])) {
    if (!isJsonObject(property)) continue
    const here = [...path, name]
    if (typeof property['x-mcp-header'] === 'string') yield { header: `Mcp-Param-${property['x-mcp-header']}`, path: here }
    yield* mirroredParameters(property, here)
  }
}

/** The headers that a client must send with a call. */
export function parameterHeaders(inputSchema: unknown, args: JsonObject): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { header, path } of mirroredParameters(inputSchema)) {
    const text = headerText(valueAt(args, path))
    if (text !== undefined) headers[header] = encodeHeaderValue(text)
  }
  return headers
}

/** The value of a parameter in the arguments of a call. Undefined if it is absent or null. */
export function valueAt(args: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined, args) ?? undefined
}

/** Why a client must not use a tool with this schema, or undefined if it may. */
export function mirroredParametersProblem(inputSchema: unknown): string | undefined {
  const seen = new Set<string>()
  for (const { annotation, schema, reachable } of annotations(inputSchema)) {
    if (typeof annotation !== 'string' || annotation === '') return 'x-mcp-header must be a non-empty string'
    // token = 1*tchar     RFC 9110 section 5.6.2
    const isToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(annotation)
    if (!isToken) return `x-mcp-header ${JSON.stringify(annotation)} is not a header name`
    if (!reachable) return `x-mcp-header ${annotation} is not reachable through properties only`
    if (!['string', 'integer', 'boolean'].includes(schema['type'] as string)) {
      return `x-mcp-header ${annotation} is on a property that is not a string, integer or boolean`
    }
    if (seen.has(annotation.toLowerCase())) return `x-mcp-header ${annotation} is used twice`
    seen.add(annotation.toLowerCase())
  }
  return undefined
}

/** Every annotation in a schema, and whether it is reachable through `properties` only. */
function* annotations(
  schema: unknown, reachable = true, root = true,
): Generator<{ annotation: unknown; schema: JsonObject; reachable: boolean }> {
  if (Array.isArray(schema)) {
    for (const item of schema) yield* annotations(item, false, false)
  }
  if (!isJsonObject(schema)) return
  if ('x-mcp-header' in schema) yield { annotation: schema['x-mcp-header'], schema, reachable: reachable && !root }
  for (const [keyword, below] of Object.entries(schema)) {
    if (keyword === 'properties' && isJsonObject(below)) {
      for (const property of Object.values(below)) yield* annotations(property, reachable, false)
    } else if (!dataKeywords.has(keyword)) {
      yield* annotations(below, false, false)
    }
  }
}

/** Keywords whose values are data, not schemas. */
const dataKeywords: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples', 'x-mcp-header'])
