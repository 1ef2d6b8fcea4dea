/** A form of the server on the terminal: each field asked for with its default, and all of it shown before it is sent. */
import { createInterface } from 'node:readline/promises'
import { displayText } from '../../base/ui/html.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { choicesOf, fieldProblem, type FillIn, type FormField } from '../mcp/elicitation.ts'
import type { Terminal } from './terminal.ts'

/** Puts a question and returns the line that is typed; undefined where the input has ended. */
type Ask = (question: string) => Promise<string | undefined>

/** Asks in the name of the server at `serverUrl`. Whoever does not answer `y` at the end has declined. */
export function formOnTerminal(serverUrl: string, input: NodeJS.ReadableStream, terminal: Terminal): FillIn {
  return async (message, fields) => {
    const typed = createInterface({ input })
    const lines = typed[Symbol.asyncIterator]()
    const ask: Ask = async question => {
      terminal.prompt(question)
      const { value, done } = await lines.next()
      return done ? undefined : String(value).trim()
    }
    try {
      // Marked line by line, so that no text of the server passes for one of ours.
      terminal.line(`${serverUrl} asks:`, 'cyan')
      terminal.line(message.replace(/^/gm, '   | '))
      const filled = await fillIn(fields, ask, terminal)
      terminal.line(`This will be sent to ${serverUrl}: ${JSON.stringify(filled)}`)
      const answer = await ask('Send it? [y/n] ')
      return answer !== undefined && /^y(?:es)?$/i.test(answer) ? filled : undefined
    } finally {
      typed.close()
    }
  }
}

async function fillIn(fields: readonly FormField[], ask: Ask, terminal: Terminal): Promise<JsonObject> {
  const filled: [string, unknown][] = []
  for (const field of fields) {
    const value = await askForField(field, ask, terminal)
    if (value !== undefined) filled.push([field.name, value])
  }
  return Object.fromEntries(filled)
}

/** Asks until the answer fits; undefined where nothing is typed for a field that may be absent. */
async function askForField(field: FormField, ask: Ask, terminal: Terminal): Promise<unknown> {
  const { schema, isRequired } = field
  for (;;) {
    const text = await ask(questionFor(field))
    if (text === undefined) return undefined
    if (text === '' && schema['default'] !== undefined) return schema['default']
    if (text === '' && !isRequired) return undefined
    const value = readValue(text, schema)
    const problem = text === '' ? 'a value is needed' : fieldProblem(value, field)
    if (problem === undefined) return value
    terminal.line(`   ${displayText(problem, 300)}`, 'yellow')
  }
}

function questionFor({ name, schema, isRequired }: FormField): string {
  const { title, description, type, default: fallback } = schema
  const choices = choicesOf(schema)?.map(({ value, title: meaning }) => (
    typeof meaning === 'string' ? `${value} (${meaning})` : value))
  const label = typeof title === 'string' ? `${title} (${name})` : name
  const kind = choices ? `${type === 'array' ? 'some' : 'one'} of ${choices.join(', ')}` : String(type)
  const hints = [...typeof description === 'string' ? [description] : [], kind, ...isRequired ? ['required'] : []]
  const shown = fallback === undefined ? '' : ` [${[fallback].flat().join(', ')}]`
  return `   ${displayText(`${label}: ${hints.join('; ')}${shown}`, 1000)}: `
}

/** What was typed, as a value of the type; text that is none is left for `fieldProblem` to refuse. */
function readValue(text: string, { type }: JsonObject): unknown {
  if (type === 'number' || type === 'integer') return Number.isNaN(Number(text)) ? text : Number(text)
  if (type === 'boolean') return /^(?:y|yes|true)$/i.test(text) || (/^(?:n|no|false)$/i.test(text) ? false : text)
  return type === 'array' ? text.split(',').map(item => item.trim()).filter(Boolean) : text
}
