/** `/source`: the annotated source, with comments beside the code, in the order in which to read it. */
import { posix } from 'node:path'
import type { Context } from '../../core/context/context.ts'
import { html, type Html } from '../../base/ui/html.ts'
import type { Reply, Request } from '../../base/http/message.ts'
import { pageReply } from '../../base/ui/page.ts'
import { counted, foldedSection, table } from '../../base/ui/parts.ts'
import { pathIsKnown } from '../../base/rules/http.ts'
import { coreReadingOrder } from '../../catalogue/reading-order.ts'
import { readSources, type SourceFile } from '../../catalogue/source-files.ts'
import { endpointsOf, readingOrder } from './reading-order.ts'
import { blocksOf, type Block } from './source-blocks.ts'
import { codeLines, proseText } from './source-code.ts'

/** Where to start, then every file, folded by folder. */
export async function sourceIndex(_request: Request, { config }: Context): Promise<Reply> {
  const { src } = await readSources()
  const base = config.issuer
  const files = new Map(src.map(file => [file.path, file]))
  const endpoints = endpointsOf(files).map(({ method, path, file }) => [
    html`<code>${method} ${path}</code>`, fileLink(file, base), proseText(summaryOf(files.get(file))),
  ])
  const folders = [...new Set(src.map(({ path }) => posix.dirname(path)))].sort()
  return pageReply(200, 'Source', html`
<p class="lead">The code that answers you, as it runs. Every MUST is a rule that the code names. Every citation links to its
specification.</p>
<h2>Read the core in this order</h2>
<ol>${coreReadingOrder.map(({ file, says }) => html`
<li>${fileLink(file, base)} <span class="muted">${says}</span></li>`)}</ol>
<h2>Or look up a file</h2>
<div class="index">
${foldedSection('By endpoint', counted(endpoints.length, 'endpoint'), table('Endpoints', ['Endpoint', 'File', 'Purpose'], endpoints))}
</div>
<div class="index columns">${folders.map(folder => folderSection(folder, src.filter(({ path }) => posix.dirname(path) === folder), base))}
</div>`, { site: config, path: '/source', width: 'wide' })
}

function folderSection(folder: string, files: readonly SourceFile[], base: string): Html {
  return foldedSection(folder === '.' ? 'src' : `src/${folder}`, counted(files.length, 'file'), html`<ul>${files.map(file => html`
<li>${fileLink(file.path, base)} <span class="muted">${proseText(summaryOf(file))}</span></li>`)}</ul>`)
}

/** One file. Only files in the list are shown, so no path leads outside of `src/`. */
export async function source(request: Request, context: Context): Promise<Reply> {
  const { src } = await readSources()
  // Accept the path in the repository as well.
  const path = request.parameter.replace(/^src\//, '')
  const file = src.find(file => file.path === path)
  context.check(pathIsKnown, file !== undefined, request.path)
  const base = context.config.issuer
  const callers = src.filter(({ imports }) => imports.includes(file.path)).map(({ path }) => path)
  const order = readingOrder(src)
  const at = order.indexOf(file.path)
  return pageReply(200, `src/${file.path}`, html`
${linkList('Imports', file.imports, base)}
${linkList('Imported by', callers, base)}
<div class="annotated">${blocksOf(file.lines).map(block => row(block, file.path, base))}
</div>
<nav class="actions" aria-label="Reading order">
${at > 0 ? html`<a class="button" href="${base}/source/${order[at - 1]}">← ${order[at - 1]}</a>` : undefined}
<a class="button" href="${base}/source">All files</a>
${at < order.length - 1 ? html`<a class="button" href="${base}/source/${order[at + 1]}">${order[at + 1]} →</a>` : undefined}
</nav>`, { site: context.config, path: '/source', width: 'wide' })
}

function fileLink(path: string, base: string): Html {
  return html`<a href="${base}/source/${path}">${path}</a>`
}

function linkList(what: string, paths: readonly string[], base: string): Html | undefined {
  if (paths.length === 0) return undefined
  const links = paths.map((path, i) => html`${i > 0 ? ', ' : ''}${fileLink(path, base)}`)
  return html`<p class="small"><span class="muted">${what}:</span> ${links}</p>`
}

/** A comment beside its code. */
function row({ prose, code, start, codeStart }: Block, path: string, base: string): Html {
  return html`
<div class="prose"${prose.length > 0 ? html` id="L${start + 1}"` : undefined}>${proseBlocks(prose)}</div>
<div class="code">${codeLines(trimmed(code), codeStart, path, base, { ids: true })}</div>`
}

/** Drops the blank lines at the end of a block. */
function trimmed(code: readonly string[]): readonly string[] {
  return code.slice(0, code.findLastIndex(line => line.trim() !== '') + 1)
}

/** Comments as paragraphs. Indented lines and tables are preformatted. */
function proseBlocks(lines: readonly string[]): readonly Html[] {
  const blocks: { fixed: boolean; lines: string[] }[] = []
  for (const line of lines) {
    const fixed = /^(?: {4}|\|)/.test(line)
    const last = blocks.at(-1)
    if (line === '') blocks.push({ fixed: false, lines: [] })
    else if (last?.fixed === fixed) last.lines.push(line)
    else blocks.push({ fixed, lines: [line] })
  }
  return blocks.filter(({ lines }) => lines.length > 0)
    .map(({ fixed, lines }) => fixed ? html`<pre>${lines.join('\n')}</pre>` : html`<p>${proseText(lines.join(' '))}</p>`)
}

/** The first sentence of the comment at the top of a file. */
function summaryOf(file: SourceFile | undefined): string {
  const [first] = blocksOf((file?.lines ?? []).filter(line => !line.startsWith('#!')))
  const text = (first?.prose ?? []).join(' ').trim()
  return /^.+?\.(?= |$)/.exec(text)?.[0] ?? text
}
