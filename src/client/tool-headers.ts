/** Headers that mirror the arguments of a tool (MCP 2026-07-28 basic/transports/streamable-http, Custom Headers). */
import { encodeHeaderValue, headerText } from '../mcp/header-value.ts'
import { isJsonObject, type JsonObject } from '../mcp/json-rpc.ts'

interface MirroredParameter {
  readonly header: string
  /** The chain of `properties` keys that leads to the value. */
  readonly path: readonly string[]
}

/** The `Mcp-Param-*` headers of a call. */
export function parameterHeaders(inputSchema: unknown, args: JsonObject): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { header, path } of mirroredParameters(inputSchema)) {
    const text = headerText(path.reduce<unknown>((at, name) => isJsonObject(at) ? at[name] : undefined, args))
    if (text !== undefined) headers[`Mcp-Param-${header}`] = encodeHeaderValue(text)
  }
  return headers
}

/** Why a tool must be left out of the list, or undefined where it may stay. */
export function toolHeadersProblem(inputSchema: unknown): string | undefined {
  const seen = new Set<string>()
  for (const { annotation, schema, reachable } of annotations(inputSchema)) {
    if (typeof annotation !== 'string' || annotation === '') return 'x-mcp-header must be a non-empty string'
    // token = 1*tchar     RFC 9110 section 5.6.2
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(annotation)) return `x-mcp-header ${JSON.stringify(annotation)} is no header name`
    if (!reachable) return `x-mcp-header ${annotation} is not reached by properties alone`
    if (!['string', 'integer', 'boolean'].includes(schema['type'] as string)) return `x-mcp-header ${annotation} is on a property that is not a string, integer or boolean`
    if (seen.has(annotation.toLowerCase())) return `x-mcp-header ${annotation} is used twice`
    seen.add(annotation.toLowerCase())
  }
  return undefined
}

function* mirroredParameters(schema: unknown, path: readonly string[] = []): Generator<MirroredParameter> {
  if (!isJsonObject(schema) || !isJsonObject(schema['properties'])) return
  for (const [name, property] of Object.entries(schema['properties'])) {
    if (!isJsonObject(property)) continue
    if (typeof property['x-mcp-header'] === 'string') yield { header: property['x-mcp-header'], path: [...path, name] }
    yield* mirroredParameters(property, [...path, name])
  }
}

/** Every place of a schema that carries the annotation, and whether only `properties` keys lead there. */
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
    } else if (!plainKeywords.has(keyword)) {
      yield* annotations(below, false, false)
    }
  }
}

/** Keywords whose values are data and no schemas. */
const plainKeywords: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples', 'x-mcp-header'])
