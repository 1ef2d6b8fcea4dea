/**
 * Elicitation in form mode: the server asks the user for values that a flat JSON Schema describes
 * (MCP 2026-07-28 client/elicitation, Form Mode Elicitation Requests).
 */
import { schemaProblem } from '../../base/protocol/json-schema.ts'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import type { ClientDescription } from './conversation.ts'

export interface FormField {
  readonly name: string
  readonly schema: JsonObject
  readonly isRequired: boolean
}

/** Asks the user to fill in a form. Returns the values, or undefined if the user declines. */
export type FillForm = (message: string, fields: readonly FormField[]) => Promise<JsonObject | undefined>

/** The options of `McpClient` that let its user answer forms. */
export function elicitation(fillForm: FillForm): Pick<ClientDescription, 'capabilities' | 'handlers'> {
  return {
    capabilities: { elicitation: { form: {} } },
    handlers: { 'elicitation/create': params => answerForm(params, fillForm) },
  }
}

/** A field that the user left out is sent with its default. */
async function answerForm({ mode = 'form', message, requestedSchema }: JsonObject, fillForm: FillForm): Promise<JsonObject> {
  // The client declares form mode only. It never opens a URL for a server.
  if (mode !== 'form') return { action: 'decline' }
  const fields = fieldsOf(requestedSchema)
  const filled = await fillForm(typeof message === 'string' ? message : '', fields)
  if (filled === undefined) return { action: 'decline' }
  const defaults = fields.filter(({ schema }) => 'default' in schema).map(({ name, schema }) => [name, schema['default']])
  return { action: 'accept', content: { ...Object.fromEntries(defaults), ...filled } }
}

/** Why a value is not valid for its field, or undefined if it is. */
export function fieldProblem(value: unknown, { name, schema }: FormField): string | undefined {
  const choices = choicesOf(schema)?.map(choice => choice.value)
  const chosen = Array.isArray(value) ? value as unknown[] : [value]
  if (choices && chosen.some(item => !choices.includes(item))) return `${name} must be one of ${choices.join(', ')}`
  return schemaProblem(value, schema, name)
}

interface Choice {
  readonly value: unknown
  /** What the user sees instead of the value, if the server provides it. */
  readonly title: unknown
}

/** The choices that the schema lists, if any. For an array the user may choose several. */
export function choicesOf(schema: JsonObject): readonly Choice[] | undefined {
  const { enum: values, enumNames, oneOf, anyOf, items } = schema
  // MCP 2025-06-18 client/elicitation: that revision has a separate list of titles.
  const titles = Array.isArray(enumNames) ? enumNames as unknown[] : []
  if (Array.isArray(values)) return values.map((value: unknown, i) => ({ value, title: titles[i] }))
  const titled = oneOf ?? anyOf
  if (Array.isArray(titled)) {
    return titled.filter(isJsonObject).map(choice => ({ value: choice['const'], title: choice['title'] }))
  }
  return schema['type'] === 'array' && isJsonObject(items) ? choicesOf(items) : undefined
}

function fieldsOf(schema: unknown): readonly FormField[] {
  const { properties, required } = isJsonObject(schema) ? schema : {}
  if (!isJsonObject(properties)) return []
  const names = Array.isArray(required) ? required : []
  return Object.entries(properties).flatMap(([name, property]) => (
    isJsonObject(property) ? [{ name, schema: property, isRequired: names.includes(name) }] : []))
}
