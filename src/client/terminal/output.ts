/** What the commands print: lines for programs, and the results of tools. */
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { plainText } from '../../base/ui/plain-text.ts'

/** A line of fields for programs to split at tabs. */
export function row(...fields: readonly string[]): string {
  return fields.map(field => plainText(field.replace(/\s+/g, ' '))).join('\t')
}

/** The result of a tool as text. */
export function textOf({ content, structuredContent }: JsonObject): string {
  const texts = (Array.isArray(content) ? content as unknown[] : [])
    .map(part => isJsonObject(part) && typeof part['text'] === 'string' ? part['text'] : undefined)
    // The structured content as text repeats what stands beside it.
    .filter((text, i) => text !== undefined && (i === 0 || text !== JSON.stringify(structuredContent)))
  return texts.length > 0 ? texts.join('\n') : JSON.stringify(structuredContent ?? content)
}
