/** Formats what commands print to standard output. */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { plainText } from '../../base/ui/plain-text.ts'

/** One line of tab-separated fields, for programs to split. */
export function tabSeparated(...fields: readonly string[]): string {
  return fields.map(field => plainText(field.replace(/\s+/g, ' '))).join('\t')
}

/** The result of a tool call as text. Without any text content, the structured content as JSON. */
export function toolResultText({ content, structuredContent }: JsonObject): string {
  const texts = (Array.isArray(content) ? content as unknown[] : [])
    .map(part => isJsonObject(part) ? part['text'] : undefined)
    .filter(text => typeof text === 'string')
    // Next to another text, a text that only repeats structuredContent is left out.
    .filter((text, i) => i === 0 || text !== JSON.stringify(structuredContent))
  return texts.length > 0 ? texts.join('\n') : JSON.stringify(structuredContent ?? content)
}
