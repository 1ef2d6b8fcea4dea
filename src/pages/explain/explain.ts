/** `/explain/<rule>`: one rule, explained. `error_uri` leads here (RFC 6749 section 5.2). */
import type { Config } from '../../base/config/config.ts'
import type { Context } from '../../core/context/context.ts'
import { html, type Html } from '../../base/ui/html.ts'
import { json, prefersHtml, type Reply, type Request } from '../../base/http/message.ts'
import { pageReply } from '../../base/ui/page.ts'
import { facts } from '../../base/ui/parts.ts'
import { findRule } from '../../catalogue/catalogue.ts'
import { pathIsKnown } from '../../base/rules/http.ts'
import { enforcedAt, testsOf, type Place, type RuleTest } from '../../catalogue/ledger.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { readSources, type SourceFile } from '../../catalogue/source-files.ts'
import { describeTrace, traceSection } from './explain-trace.ts'
import { excerpt } from './source-code.ts'
import { clauseLink } from './verdict.ts'

/** The rule and, with `?trace=`, the request that broke it. */
export async function explain(request: Request, context: Context): Promise<Reply> {
  const rule = findRule(request.parameter)
  context.check(pathIsKnown, rule !== undefined, request.path)
  if (!prefersHtml(request)) return json(200, { ...describeRule(rule), ...describeTrace(rule, request, context) })
  const { src, tests } = await readSources()
  const { config } = context
  return pageReply(200, rule.id, html`
<p class="lead">${rule.requires}</p>
${traceSection(rule, request, context)}
<h2>What to do</h2>
<p>${rule.remedy}</p>
<h2>Why it is required</h2>
${facts([
  ['Without it', rule.otherwise],
  ['Specified in', clauseLink(rule.clause)],
  ['Error', html`<code>${rule.error}</code>, ${rule.says.replace(/\{(?:received|expected)\}/g, '…')}`],
  ...(rule.shownAs ? [['Reported as', standIn(rule.shownAs, config)] as const] : []),
])}
<h2>Where it is enforced</h2>
${excerpts(enforcedAt(rule.id, src), src, config)}
<h2>Tests that cover it</h2>
${testList(testsOf(rule.id, tests))}
<p><a href="${config.issuer}/explain#${rule.id}">All rules</a></p>`, { site: config })
}

/** A rule as JSON. */
export function describeRule({ id, clause, error, requires, otherwise, remedy }: Rule): Record<string, unknown> {
  return { id, clause, error, requires, otherwise, remedy }
}

/** The rule that responses name instead. */
function standIn({ id }: Rule, { issuer }: Config): Html {
  return html`<a href="${issuer}/explain/${id}">${id}</a>, because telling the two apart would help an attacker`
}

/** Places close together in one file share an excerpt. */
function excerpts(places: readonly Place[], src: readonly SourceFile[], { issuer }: Config): Html {
  if (places.length === 0) return html`<p class="muted">No line enforces this rule itself. Responses name it in place of other rules.</p>`
  const groups: { file: SourceFile; hits: number[] }[] = []
  for (const { path, line } of places) {
    const last = groups.at(-1)
    if (last?.file.path === path && line - last.hits.at(-1)! <= 8) last.hits.push(line)
    else groups.push({ file: src.find(file => file.path === path)!, hits: [line] })
  }
  return html`${groups.map(({ file, hits }) => excerpt(file, hits, issuer))}`
}

function testList(tests: readonly RuleTest[]): Html {
  if (tests.length === 0) {
    return html`<p class="muted">The tests are not part of this installation. docs/specification.md lists them.</p>`
  }
  const files = [...new Set(tests.map(({ path }) => path))]
  const titlesIn = (file: string) => [...new Set(tests.filter(({ path }) => path === file).map(({ title }) => title))]
  return html`<ul>${files.map(file => html`
<li><code>test/${file}</code><ul>${titlesIn(file).map(title => html`
<li>${title}</li>`)}</ul></li>`)}</ul>`
}
