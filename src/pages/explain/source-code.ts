/** Source text as HTML: each citation, rule and import in it a link. */
import { posix } from 'node:path'
import { html, type Html } from '../../base/ui/html.ts'
import { citation, specificationUrl } from '../../catalogue/specification.ts'
import { catalogue } from '../../catalogue/catalogue.ts'
import { constantOf } from '../../catalogue/ledger.ts'
import type { SourceFile } from '../../catalogue/source-files.ts'

/** The id of a rule by the name of its constant. */
const idOfConstant: ReadonlyMap<string, string> = new Map(
  catalogue.flatMap(({ rules }) => rules.map(({ id }) => [constantOf(id), id])))

/** Whatever could be a link: a citation, the path of an import, a name. */
const linkable = new RegExp(`${citation.source}|'\\.{1,2}/[\\w./-]+\\.ts'|\\b[a-z][A-Za-z0-9]+\\b`, 'g')

/** Running text of a comment: its citations are links, and what stands in backticks is code. */
export function proseText(text: string): Html {
  return html`${text.split(/(`[^`]+`)/).map(part => part.startsWith('`') && part.length > 2
    ? html`<code>${part.slice(1, -1)}</code>` : withCitations(part))}`
}

/** Lines of a file from `first` on, with their numbers (which count from 1 for people); those in `hits` stand out. */
export function codeLines(
  lines: readonly string[], first: number, path: string, base: string, options: { ids?: boolean; hits?: readonly number[] } = {},
): readonly Html[] {
  return lines.map((line, i) => {
    const number = first + i + 1
    const hit = options.hits?.includes(first + i) ? ' hit' : ''
    const id = options.ids ? html` id="L${number}"` : undefined
    const counter = html`<span class="n" aria-hidden="true">${number}</span>`
    return html`<span class="code-line${hit}"${id}>${counter}${codeText(line, path, base)}</span>`
  })
}

/** A few lines around a place, with a link to the whole file. */
export function excerpt({ path, lines }: SourceFile, hits: readonly number[], base: string): Html {
  const first = Math.max(0, hits[0]! - 3)
  const last = Math.min(lines.length, hits.at(-1)! + 4)
  return html`<div class="excerpt"><div class="name"><a href="${base}/source/${path}#L${hits[0]! + 1}">src/${path}</a></div>
<pre>${codeLines(lines.slice(first, last), first, path, base, { hits })}</pre></div>`
}

function withCitations(text: string): Html {
  const parts: Html[] = []
  let end = 0
  for (const match of text.matchAll(citation)) {
    parts.push(html`${text.slice(end, match.index)}<a href="${specificationUrl(match[0])}">${match[0]}</a>`)
    end = match.index + match[0].length
  }
  return html`${parts}${text.slice(end)}`
}

/** A line of code of the file at `path`; `base` is what stands before `/explain` and `/source`. */
function codeText(line: string, path: string, base: string): Html {
  const parts: Html[] = []
  let end = 0
  for (const match of line.matchAll(linkable)) {
    const link = linkOf(match[0], path, base)
    if (link === undefined) continue
    parts.push(html`${line.slice(end, match.index)}`, html`<a href="${link}">${match[0]}</a>`)
    end = match.index + match[0].length
  }
  return html`${parts}${line.slice(end)}`
}

function linkOf(text: string, path: string, base: string): string | undefined {
  if (text.startsWith("'")) return `${base}/source/${posix.join(posix.dirname(path), text.slice(1, -1))}`
  const rule = idOfConstant.get(text)
  return rule === undefined ? specificationUrl(text) : `${base}/explain/${rule}`
}
