/** A form that the server asks the user to fill in, on the terminal: one question per field, then a final confirmation. */
import { createInterface } from 'node:readline/promises'
import { displayText } from '../../base/ui/html.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { choicesOf, fieldProblem, type FillForm, type FormField } from '../mcp/elicitation.ts'
import type { Terminal } from './terminal.ts'

/** Asks a question and returns the line that the user types, or undefined at the end of the input. */
type Ask = (question: string) => Promise<string | undefined>

/** Fills in forms of the server at `serverUrl`. Any final answer other than `y` or `yes` declines. */
export function fillFormOnTerminal(serverUrl: string, input: NodeJS.ReadableStream, terminal: Terminal): FillForm {
  return async (message, fields) => {
    const reader = createInterface({ input })
    const lines = reader[Symbol.asyncIterator]()
    const ask: Ask = async question => {
      terminal.prompt(question)
      const { value, done } = await lines.next()
      return done ? undefined : String(value).trim()
    }
    try {
      // Every line of the server's message is marked, so that it cannot pass for our own text.
      terminal.writeLine(`${serverUrl} asks:`, 'cyan')
      terminal.writeLine(message.replace(/^/gm, '   | '))
      const values = await askForFields(fields, ask, terminal)
      terminal.writeLine(`This will be sent to ${serverUrl}: ${JSON.stringify(values)}`)
      const answer = await ask('Send it? [y/n] ')
      return answer !== undefined && /^y(?:es)?$/i.test(answer) ? values : undefined
    } finally {
      reader.close()
    }
  }
}

async function askForFields(fields: readonly FormField[], ask: Ask, terminal: Terminal): Promise<JsonObject> {
  const entries: [string, unknown][] = []
  for (const field of fields) {
    const value = await askForField(field, ask, terminal)
    if (value !== undefined) entries.push([field.name, value])
  }
  return Object.fromEntries(entries)
}

/** Repeats the question until the answer is valid. Returns undefined if an optional field is left empty. */
async function askForField(field: FormField, ask: Ask, terminal: Terminal): Promise<unknown> {
  const { schema, isRequired } = field
  for (;;) {
    const text = await ask(questionFor(field))
    if (text === undefined) return undefined
    if (text === '' && schema['default'] !== undefined) return schema['default']
    if (text === '' && !isRequired) return undefined
    const value = parseValue(text, schema)
    const problem = text === '' ? 'this field is required' : fieldProblem(value, field)
    if (problem === undefined) return value
    terminal.writeLine(`   ${displayText(problem, 300)}`, 'yellow')
  }
}

function questionFor({ name, schema, isRequired }: FormField): string {
  const { title, description, type, default: fallback } = schema
  const label = typeof title === 'string' ? `${title} (${name})` : name
  const choices = choicesOf(schema)?.map(choice => (
    typeof choice.title === 'string' ? `${choice.value} (${choice.title})` : choice.value))
  const kind = choices ? `${type === 'array' ? 'some' : 'one'} of ${choices.join(', ')}` : String(type)
  const hints = [...typeof description === 'string' ? [description] : [], kind, ...isRequired ? ['required'] : []]
  const preset = fallback === undefined ? '' : ` [${[fallback].flat().join(', ')}]`
  return `   ${displayText(`${label}: ${hints.join('; ')}${preset}`, 1000)}: `
}

/** Converts the text to the type of the field. Text that cannot be converted stays text, and `fieldProblem` rejects it. */
function parseValue(text: string, { type }: JsonObject): unknown {
  switch (type) {
    case 'number':
    case 'integer': return Number.isNaN(Number(text)) ? text : Number(text)
    case 'boolean': return parseBoolean(text) ?? text
    case 'array': return text.split(',').map(item => item.trim()).filter(Boolean)
    default: return text
  }
}

function parseBoolean(text: string): boolean | undefined {
  if (/^(?:y|yes|true)$/i.test(text)) return true
  return /^(?:n|no|false)$/i.test(text) ? false : undefined
}
