/** Source code as HTML: every citation, rule and import is a link. */
import { posix } from 'node:path'
import { html, type Html } from '../../base/ui/html.ts'
import { citation, specificationUrl } from '../../catalogue/specification.ts'
import { catalogue } from '../../catalogue/catalogue.ts'
import { constantOf } from '../../catalogue/ledger.ts'
import type { SourceFile } from '../../catalogue/source-files.ts'

/** The ids of the rules, by the names of their constants. */
const idOfConstant: ReadonlyMap<string, string> = new Map(
  catalogue.flatMap(({ rules }) => rules.map(({ id }) => [constantOf(id), id])))

/** What may become a link: a citation, the path of an import, or a name. */
const linkable = new RegExp(`${citation.source}|'\\.{1,2}/[\\w./-]+\\.ts'|\\b[a-z][A-Za-z0-9]+\\b`, 'g')

/** The text of a comment. Citations become links, and text in backticks becomes code. */
export function proseText(text: string): Html {
  return html`${text.split(/(`[^`]+`)/).map(part => part.startsWith('`') && part.length > 2
    ? html`<code>${part.slice(1, -1)}</code>` : withLinks(part, citation, specificationUrl))}`
}

/** Lines of a file with their numbers. `first` and `hits`, the lines to highlight, count from 0. */
export function codeLines(
  lines: readonly string[], first: number, path: string, base: string, options: { ids?: boolean; hits?: readonly number[] } = {},
): readonly Html[] {
  return lines.map((line, i) => {
    const number = first + i + 1
    const hit = options.hits?.includes(first + i) ? ' hit' : ''
    const id = options.ids ? html` id="L${number}"` : undefined
    const counter = html`<span class="n" aria-hidden="true">${number}</span>`
    return html`<span class="code-line${hit}"${id}>${counter}${withLinks(line, linkable, text => linkOf(text, path, base))}</span>`
  })
}

/** A few lines around the hits, with a link to the whole file. */
export function excerpt({ path, lines }: SourceFile, hits: readonly number[], base: string): Html {
  const first = Math.max(0, hits[0]! - 3)
  const last = Math.min(lines.length, hits.at(-1)! + 4)
  return html`<div class="excerpt"><div class="name"><a href="${base}/source/${path}#L${hits[0]! + 1}">src/${path}</a></div>
<pre>${codeLines(lines.slice(first, last), first, path, base, { hits })}</pre></div>`
}

/** Text in which every match of a pattern that has a URL is a link. */
function withLinks(text: string, pattern: RegExp, urlOf: (match: string) => string | undefined): Html {
  const parts: Html[] = []
  let end = 0
  for (const { 0: match, index } of text.matchAll(pattern)) {
    const url = urlOf(match)
    if (url === undefined) continue
    parts.push(html`${text.slice(end, index)}<a href="${url}">${match}</a>`)
    end = index + match.length
  }
  return html`${parts}${text.slice(end)}`
}

/** The URL of an import, a rule or a citation in the file at `path`. `base` is the URL of the server. */
function linkOf(text: string, path: string, base: string): string | undefined {
  if (text.startsWith("'")) return `${base}/source/${posix.join(posix.dirname(path), text.slice(1, -1))}`
  const rule = idOfConstant.get(text)
  return rule === undefined ? specificationUrl(text) : `${base}/explain/${rule}`
}
