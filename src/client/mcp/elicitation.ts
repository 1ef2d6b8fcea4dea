/**
 * Elicitation in form mode: the server asks the user for values, which a flat JSON Schema describes
 * (MCP 2026-07-28 client/elicitation, Form Mode Elicitation Requests).
 */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { schemaProblem } from '../../base/protocol/json-schema.ts'
import type { ClientDescription } from './conversation.ts'

/** One value that is asked for. */
export interface FormField {
  readonly name: string
  readonly schema: JsonObject
  readonly isRequired: boolean
}

/** Asks the user for the fields of a form and returns what he filled in; undefined where he declined. */
export type FillForm = (message: string, fields: readonly FormField[]) => Promise<JsonObject | undefined>

/** What a client declares and does that lets its user answer forms: part of the options of `McpClient`. */
export function elicitation(fillForm: FillForm): Pick<ClientDescription, 'capabilities' | 'handlers'> {
  return {
    capabilities: { elicitation: { form: {} } },
    handlers: { 'elicitation/create': params => answerForm(params, fillForm) },
  }
}

/** A field that was left out gets its default, as a form that shows it filled in would send it. */
async function answerForm({ mode = 'form', message, requestedSchema }: JsonObject, fillForm: FillForm): Promise<JsonObject> {
  // Only form mode is declared, so nothing else may be asked for; a URL is never opened for a server.
  if (mode !== 'form') return { action: 'decline' }
  const fields = fieldsOf(requestedSchema)
  const filled = await fillForm(typeof message === 'string' ? message : '', fields)
  if (filled === undefined) return { action: 'decline' }
  const defaults = fields.filter(({ schema }) => 'default' in schema).map(({ name, schema }) => [name, schema['default']])
  return { action: 'accept', content: { ...Object.fromEntries(defaults), ...filled } }
}

/** Why a value does not fit its field, or undefined where it does. */
export function fieldProblem(value: unknown, { name, schema }: FormField): string | undefined {
  const choices = choicesOf(schema)?.map(choice => choice.value)
  const chosen = Array.isArray(value) ? value as unknown[] : [value]
  const isForeign = choices && chosen.some(item => !choices.includes(item))
  return isForeign ? `${name} must be one of ${choices.join(', ')}` : schemaProblem(value, schema, name)
}

interface Choice {
  readonly value: unknown
  /** What it means to people, where the server says so. */
  readonly title: unknown
}

/** What there is to choose from, where the schema lists it: one of them, or several for an array. */
export function choicesOf(schema: JsonObject): readonly Choice[] | undefined {
  const { enum: values, enumNames, oneOf, anyOf, items } = schema
  // MCP 2025-06-18 client/elicitation: there the titles stand beside the values.
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
