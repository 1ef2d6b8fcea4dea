/** HTML without injection: `html` escapes every value that is not `Html` already. */

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type HtmlValue = Html | string | number | undefined | readonly Html[]

export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((text, string, i) => text + render(values[i - 1]) + string))
}

function render(value: HtmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(part => part.text).join('')
  return escapeHtml(String(value))
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character]!)
}

/** More than four marks on one letter, enclosing marks other than keycaps, and marks before the first letter. */
const surplusMark = /(?<=\p{Mn}{4})\p{Mn}|(?!\u20e3)\p{Me}|(?<![0-9#*])\u20e3|^\p{M}+/gu

const shapeless = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/**
 * Untrusted text for a page, cut to `limit` characters. Invisible characters, those that change the reading direction, and
 * surplus marks are removed: with them, a client name could imitate another client or draw over the text around it.
 */
export function displayText(text: string, limit = 120): string {
  const plain = text.replace(shapeless, '').replace(surplusMark, '').replace(/\s+/gu, ' ').trim()
  const characters = [...plain]
  return characters.length > limit ? `${characters.slice(0, limit).join('')}…` : plain
}
