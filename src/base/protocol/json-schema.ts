/**
 * The subset of JSON Schema 2020-12 for the arguments of tools. An unsupported keyword is an error at startup
 * (`assertSupportedSchema`), so that no schema promises a check that never happens.
 */
import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, type JsonObject } from './json.ts'

const annotations = ['$schema', '$defs', '$anchor', 'title', 'description', 'default', 'examples', 'format', 'x-mcp-header']
const assertions = [
  'type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const',
  'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems',
  '$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else',
]
const types: readonly unknown[] = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null', undefined]

/** Why `value` does not match `schema`, or undefined if it does. `at` names the value. `$ref` resolves within `root`. */
export function schemaProblem(value: unknown, schema: JsonObject, at: string, root = schema): string | undefined {
  return typeProblem(value, schema['type'], at)
    ?? enumProblem(value, schema, at)
    ?? (typeof value === 'string' ? lengthProblem([...value].length, schema, 'Length', 'characters', at) : undefined)
    ?? (typeof value === 'number' ? rangeProblem(value, schema, at) : undefined)
    ?? (Array.isArray(value) ? itemsProblem(value, schema, at, root) : undefined)
    ?? (isJsonObject(value) ? membersProblem(value, schema, at, root) : undefined)
    ?? compositionProblem(value, schema, at, root)
}

/** Throws if `schema` uses a keyword, a type or a reference that `schemaProblem` does not support. */
export function assertSupportedSchema(schema: JsonObject, root = schema, referrers: readonly JsonObject[] = []): void {
  for (const keyword of Object.keys(schema)) {
    if (!annotations.includes(keyword) && !assertions.includes(keyword)) {
      throw new Error(`the JSON Schema keyword ${keyword} is not supported for tools`)
    }
  }
  const { type, $ref } = schema
  if (!types.includes(type)) throw new Error(`the JSON Schema type ${JSON.stringify(type)} is not supported for tools`)
  if ($ref !== undefined) {
    const target = resolve($ref, root)
    // MCP 2026-07-28 basic, $ref Resolution: no reference is fetched. Cyclic references would make validation endless.
    const unsupported = `the JSON Schema reference ${JSON.stringify($ref)} is not supported for tools`
    if (!target) throw new Error(`${unsupported}: it does not point into the schema`)
    if (referrers.includes(target)) throw new Error(`${unsupported}: it is cyclic`)
    assertSupportedSchema(target, root, [...referrers, target])
  }
  for (const inner of subschemas(schema)) assertSupportedSchema(inner, root, referrers)
}

function subschemas(schema: JsonObject): readonly JsonObject[] {
  const { properties, $defs, items, additionalProperties, allOf, anyOf, oneOf, not } = schema
  const tables = [properties, $defs].flatMap(table => isJsonObject(table) ? Object.values(table) : [])
  return [...tables, items, additionalProperties, allOf, anyOf, oneOf, not, schema['if'], schema['then'], schema['else']]
    .flat().filter(isJsonObject)
}

/** Finds the schema that `#`, `#/$defs/name` or `#anchor` refers to. */
function resolve(reference: unknown, root: JsonObject): JsonObject | undefined {
  if (reference === '#') return root
  const definitions = isJsonObject(root['$defs']) ? root['$defs'] : {}
  if (typeof reference !== 'string') return undefined
  const [, name, anchor] = /^#(?:\/\$defs\/([\w.-]+)|([A-Za-z_][\w.-]*))$/.exec(reference) ?? []
  const found = name === undefined
    ? Object.values(definitions).find(schema => isJsonObject(schema) && anchor !== undefined && schema['$anchor'] === anchor)
    : Object.hasOwn(definitions, name) ? definitions[name] : undefined
  return isJsonObject(found) ? found : undefined
}

function typeProblem(value: unknown, type: unknown, at: string): string | undefined {
  if (type === undefined) return undefined
  const fits = type === 'object' ? isJsonObject(value)
    : type === 'array' ? Array.isArray(value)
    : type === 'null' ? value === null
    : type === 'integer' ? Number.isInteger(value)
    : typeof value === type
  return fits ? undefined : `${at} must be of type ${type}`
}

function enumProblem(value: unknown, schema: JsonObject, at: string): string | undefined {
  const allowed = 'const' in schema ? [schema['const']] : schema['enum']
  if (!Array.isArray(allowed) || allowed.some(item => isDeepStrictEqual(item, value))) return undefined
  return `${at} must be one of ${allowed.map(item => JSON.stringify(item)).join(', ')}`
}

function lengthProblem(length: number, schema: JsonObject, keyword: string, unit: string, at: string): string | undefined {
  const least = schema[`min${keyword}`]
  const most = schema[`max${keyword}`]
  if (typeof least === 'number' && length < least) return `${at} must have at least ${least} ${unit}`
  if (typeof most === 'number' && length > most) return `${at} must have at most ${most} ${unit}`
  return undefined
}

function rangeProblem(value: number, { minimum, maximum }: JsonObject, at: string): string | undefined {
  if (typeof minimum === 'number' && value < minimum) return `${at} must be at least ${minimum}`
  if (typeof maximum === 'number' && value > maximum) return `${at} must be at most ${maximum}`
  return undefined
}

function itemsProblem(value: readonly unknown[], schema: JsonObject, at: string, root: JsonObject): string | undefined {
  const wrongNumber = lengthProblem(value.length, schema, 'Items', 'items', at)
  const items = schema['items']
  if (wrongNumber !== undefined || !isJsonObject(items)) return wrongNumber
  return firstDefined(value, (item, i) => schemaProblem(item, items, `${at}[${i}]`, root))
}

function membersProblem(value: JsonObject, schema: JsonObject, at: string, root: JsonObject): string | undefined {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const missing = required.find(name => !Object.hasOwn(value, name))
  if (missing !== undefined) return `${at} must have ${missing}`
  return firstDefined(Object.entries(value), ([name, member]) => {
    const memberSchema = Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties']
    if (memberSchema === false) return `${at} must not have ${name}`
    return isJsonObject(memberSchema) ? schemaProblem(member, memberSchema, `${at}.${name}`, root) : undefined
  })
}

function compositionProblem(value: unknown, schema: JsonObject, at: string, root: JsonObject): string | undefined {
  const problemWith = (inner: unknown): string | undefined => (
    isJsonObject(inner) ? schemaProblem(value, inner, at, root) : undefined)
  const { $ref, allOf = [], anyOf, oneOf, not, if: condition } = schema
  const branch = condition === undefined ? undefined : schema[problemWith(condition) === undefined ? 'then' : 'else']
  return problemWith($ref === undefined ? undefined : resolve($ref, root))
    ?? firstDefined([...allOf as unknown[], branch], problemWith)
    ?? alternativesProblem(anyOf, problemWith, count => count > 0, `${at} must match one of the alternatives`)
    ?? alternativesProblem(oneOf, problemWith, count => count === 1, `${at} must match exactly one of the alternatives`)
    ?? (not !== undefined && problemWith(not) === undefined ? `${at} must not match the excluded schema` : undefined)
}

function alternativesProblem(
  schemas: unknown, problemWith: (schema: unknown) => string | undefined, suffices: (count: number) => boolean, problem: string,
): string | undefined {
  if (!Array.isArray(schemas)) return undefined
  return suffices(schemas.filter(schema => problemWith(schema) === undefined).length) ? undefined : problem
}

function firstDefined<T>(items: readonly T[], problem: (item: T, i: number) => string | undefined): string | undefined {
  for (const [i, item] of items.entries()) {
    const found = problem(item, i)
    if (found !== undefined) return found
  }
  return undefined
}
