/** `/source`: the annotated source, prose and code side by side, in the order in which to read it. */
import { posix } from 'node:path'
import type { Context } from '../../core/context/context.ts'
import { html, type Html } from '../../base/ui/html.ts'
import type { Reply, Request } from '../../base/http/message.ts'
import { pageReply } from '../../base/ui/page.ts'
import { table } from '../../base/ui/parts.ts'
import { pathIsKnown } from '../../base/rules/http.ts'
import { coreReadingOrder } from '../../catalogue/reading-order.ts'
import { readSources, type SourceFile } from '../../catalogue/source-files.ts'
import { endpointsOf, importsOf, readingOrder } from './reading-order.ts'
import { blocksOf, type Block } from './source-blocks.ts'
import { codeLines, proseText } from './source-code.ts'

/** The endpoints with their files, then all files. */
export async function sourceIndex(_request: Request, { config }: Context): Promise<Reply> {
  const { src } = await readSources()
  const base = config.issuer
  const files = new Map(src.map(file => [file.path, file]))
  const rows = endpointsOf(files).map(({ method, path, file }) => [
    html`<code>${method} ${path}</code>`, fileLink(file, base), proseText(summaryOf(files.get(file))),
  ])
  const folders = [...new Set(src.map(({ path }) => posix.dirname(path)))].sort()
  return pageReply(200, 'The source of this server', html`
<p class="lead">What answers you, as it runs. Every MUST is a rule that the code names; every citation leads to its
specification.</p>
<h2>Read the core in this order</h2>
<ol>${coreReadingOrder.map(({ file, says }) => html`
<li>${fileLink(file, base)} <span class="muted">${says}</span></li>`)}</ol>
<h2>Endpoint by endpoint</h2>
${table('Endpoints and their files', ['Endpoint', 'File', 'What it is'], rows)}
<h2>Every file</h2>
${folders.map(folder => html`<h3>${folder === '.' ? 'src' : `src/${folder}`}</h3>
<ul>${src.filter(({ path }) => posix.dirname(path) === folder).map(file => html`
<li>${fileLink(file.path, base)} <span class="muted">${proseText(summaryOf(file))}</span></li>`)}</ul>`)}`, {
    site: config, path: '/source', width: 'wide',
  })
}

/** One file. Only what is in the list is there, so a path leads nowhere else. */
export async function source(request: Request, context: Context): Promise<Reply> {
  const { src } = await readSources()
  // People know a file by its path in the repository.
  const path = request.parameter.replace(/^src\//, '')
  const file = src.find(file => file.path === path)
  context.check(pathIsKnown, file !== undefined, request.path)
  const base = context.config.issuer
  const callers = src.filter(other => importsOf(other).includes(file.path)).map(({ path }) => path)
  const order = readingOrder(src)
  const at = order.indexOf(file.path)
  return pageReply(200, `src/${file.path}`, html`
${linkList('It imports', importsOf(file), base)}
${linkList('It is imported by', callers, base)}
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

/** The comment of a block beside its code. */
function row({ prose, code, start, codeStart }: Block, path: string, base: string): Html {
  return html`
<div class="prose"${prose.length > 0 ? html` id="L${start + 1}"` : undefined}>${proseBlocks(prose)}</div>
<div class="code">${codeLines(trimmed(code), codeStart, path, base, { ids: true })}</div>`
}

/** Blank lines at the end of a block only keep it from the next one. */
function trimmed(code: readonly string[]): readonly string[] {
  return code.slice(0, code.findLastIndex(line => line.trim() !== '') + 1)
}

/** Paragraphs; what is indented or drawn as a table stays as it is written. */
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

/** The first sentence of the comment with which the file opens. */
function summaryOf(file: SourceFile | undefined): string {
  const [first] = blocksOf((file?.lines ?? []).filter(line => !line.startsWith('#!')))
  const text = (first?.prose ?? []).join(' ').trim()
  return /^.+?\.(?= |$)/.exec(text)?.[0] ?? text
}
