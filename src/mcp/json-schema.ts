/**
 * The part of JSON Schema 2020-12 that the tools here use to describe their arguments. A keyword that is not listed
 * below is an error at start-up (`assertSupportedSchema`), so that no schema promises what nobody checks.
 */
import { isJsonObject, type JsonObject } from './json-rpc.ts'

const annotations = ['$schema', 'title', 'description', 'default', 'examples', 'format', 'x-mcp-header']
const assertions = [
  'type', 'properties', 'required', 'additionalProperties', 'items', 'enum',
  'minLength', 'maxLength', 'minimum', 'maximum', 'maxItems',
]
const types: readonly unknown[] = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null', undefined]

/** Why `value` does not fit `schema`, or undefined where it does. `at` names the value. */
export function schemaProblem(value: unknown, schema: JsonObject, at: string): string | undefined {
  return typeProblem(value, schema['type'], at)
    ?? enumProblem(value, schema['enum'], at)
    ?? (typeof value === 'string' ? lengthProblem([...value].length, schema, 'Length', 'characters', at) : undefined)
    ?? (typeof value === 'number' ? rangeProblem(value, schema, at) : undefined)
    ?? (Array.isArray(value) ? itemsProblem(value, schema, at) : undefined)
    ?? (isJsonObject(value) ? membersProblem(value, schema, at) : undefined)
}

/** Throws where `schema` uses a keyword or a type that `schemaProblem` does not know. */
export function assertSupportedSchema(schema: JsonObject): void {
  for (const keyword of Object.keys(schema)) {
    if (!annotations.includes(keyword) && !assertions.includes(keyword)) {
      throw new Error(`the JSON Schema keyword ${keyword} is not supported for tools`)
    }
  }
  const { type, properties, items, additionalProperties } = schema
  if (!types.includes(type)) throw new Error(`the JSON Schema type ${JSON.stringify(type)} is not supported for tools`)
  const members = isJsonObject(properties) ? Object.values(properties) : []
  for (const inner of [items, additionalProperties, ...members]) if (isJsonObject(inner)) assertSupportedSchema(inner)
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

function enumProblem(value: unknown, allowed: unknown, at: string): string | undefined {
  if (!Array.isArray(allowed) || allowed.includes(value)) return undefined
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

function itemsProblem(value: readonly unknown[], schema: JsonObject, at: string): string | undefined {
  const tooMany = lengthProblem(value.length, schema, 'Items', 'items', at)
  const items = schema['items']
  if (tooMany !== undefined || !isJsonObject(items)) return tooMany
  return firstDefined(value, (item, i) => schemaProblem(item, items, `${at}[${i}]`))
}

function membersProblem(value: JsonObject, schema: JsonObject, at: string): string | undefined {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const missing = required.find(name => !Object.hasOwn(value, name))
  if (missing !== undefined) return `${at} must have ${missing}`
  return firstDefined(Object.entries(value), ([name, member]) => {
    const memberSchema = Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties']
    if (memberSchema === false) return `${at} must not have ${name}`
    return isJsonObject(memberSchema) ? schemaProblem(member, memberSchema, `${at}.${name}`) : undefined
  })
}

function firstDefined<T>(items: readonly T[], problem: (item: T, i: number) => string | undefined): string | undefined {
  for (const [i, item] of items.entries()) {
    const found = problem(item, i)
    if (found !== undefined) return found
  }
  return undefined
}
