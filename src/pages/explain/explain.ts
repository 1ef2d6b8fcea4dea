/** `/explain` and `/explain/<rule>`: what `error_uri` leads to (RFC 6749 section 5.2). */
import type { Config } from '../../base/config/config.ts'
import type { Context } from '../../core/context/context.ts'
import { html, type Html } from '../../base/ui/html.ts'
import { json, prefersHtml, type Reply, type Request } from '../../base/http/message.ts'
import { pageReply } from '../../base/ui/page.ts'
import { facts, searchBox } from '../../base/ui/parts.ts'
import { specificationOf } from '../../catalogue/specification.ts'
import { catalogue, findRule } from '../../catalogue/catalogue.ts'
import { pathIsKnown } from '../../base/rules/http.ts'
import { enforcedAt, testsOf, type RuleTest, type Place } from '../../catalogue/ledger.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { readSources, type SourceFile } from '../../catalogue/source-files.ts'
import { describeTrace, traceSection } from './explain-trace.ts'
import { excerpt } from './source-code.ts'
import { clauseLink } from './verdict.ts'

/** One rule, and the request that broke it where that is asked for. */
export async function explain(request: Request, context: Context): Promise<Reply> {
  const rule = findRule(request.parameter)
  context.check(pathIsKnown, rule !== undefined, request.path)
  if (!prefersHtml(request)) return json(200, { ...describeRule(rule), ...describeTrace(rule, request, context) })
  const { src, tests } = await readSources()
  const { config } = context
  const traced = traceSection(rule, request, context)
  return pageReply(200, rule.id, html`
<p class="lead">${rule.requires}</p>
${traced}
<h2>What to do</h2>
<p>${rule.remedy}</p>
<h2>Why it is required</h2>
${facts([
  ['Without it', rule.otherwise],
  ['Specified in', clauseLink(rule.clause)],
  ['Answered with', html`<code>${rule.error}</code>, ${rule.says.replace(/\{(?:received|expected)\}/g, '…')}`],
  ...(rule.shownAs ? [['Shown as', standIn(rule.shownAs, config)] as const] : []),
])}
<h2>Where it is enforced</h2>
${excerpts(enforcedAt(rule.id, src), src, config)}
<h2>Tests that hold it</h2>
${testList(testsOf(rule.id, tests))}
<p><a href="${config.issuer}/explain">All rules</a></p>`, { site: config })
}

/** Every rule, by role or by specification, or those that a search finds. */
export function explainAll(request: Request, { config }: Context): Reply {
  const query = new URLSearchParams(request.query)
  const sought = query.get('q')?.trim() ?? ''
  const words = wordsOf(sought)
  const found = (rules: readonly Rule[]): readonly Rule[] => rules.filter(rule => matches(rule, words))
  if (!prefersHtml(request)) return json(200, catalogue.flatMap(({ rules }) => found(rules).map(describeRule)))
  const bySpecification = query.get('by') === 'specification'
  const groups = (bySpecification ? groupsBySpecification() : groupsByRole())
    .map(({ title, rules }) => ({ title, rules: found(rules) })).filter(({ rules }) => rules.length > 0)
  const count = groups.reduce((sum, { rules }) => sum + rules.length, 0)
  return pageReply(200, 'Every rule', html`
<p class="lead">Each is one MUST of a specification that this program enforces: with its reason, its remedy, the lines that
check it and the tests that hold it.</p>
${searchBox('Search: a name, an error code, a clause, a word', `${config.basePath}/explain`, sought)}
<p>${choice('By role', '', !bySpecification, sought, config)} ·
${choice('By specification', 'specification', bySpecification, sought, config)}
<span class="muted">${count} ${count === 1 ? 'rule' : 'rules'}${sought && ` with ${sought}`}</span></p>
${groups.length === 0 ? html`<p>No rule has all these words. <a href="${config.issuer}/explain">All rules</a></p>` : undefined}
${groups.map(({ title, rules }) => html`<h2>${title}</h2>
<dl class="rules">${rules.map(({ id, requires, clause }) => html`
<dt><a href="${config.issuer}/explain/${id}">${id}</a> <span class="muted small">${clause}</span></dt><dd>${requires}</dd>`)}
</dl>`)}`, { site: config, path: '/explain' })
}

/** What a broken rule is answered as. */
function standIn({ id }: Rule, { issuer }: Config): Html {
  return html`<a href="${issuer}/explain/${id}">${id}</a>, since telling the two apart would help an attacker`
}

/** Whether a rule has all the words that are looked for. */
function matches(rule: Rule, words: readonly string[]): boolean {
  const { id, clause, error, says, requires, otherwise, remedy } = rule
  const text = [id, id.replaceAll('-', ' '), clause, error, says, requires, otherwise, remedy].join('\n').toLowerCase()
  return words.every(word => text.includes(word))
}

/** The address of an RFC stands for its name: `https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2`. */
function wordsOf(sought: string): readonly string[] {
  return sought.toLowerCase().split(/\s+/).flatMap(word => {
    const [, rfc] = /rfc(\d{3,5})/.exec(word) ?? []
    const [, kind, part] = /#(section|appendix)-([a-z0-9.]+)/.exec(word) ?? []
    return rfc === undefined ? word : [`rfc ${rfc}`, kind === undefined ? '' : `${kind} ${part}`]
  })
}

interface Group {
  readonly title: string
  readonly rules: readonly Rule[]
}

function groupsByRole(): readonly Group[] {
  return catalogue.map(({ role, title, rules }) => ({ title: `${role}: ${title}`, rules }))
}

function groupsBySpecification(): readonly Group[] {
  const rules = catalogue.flatMap(group => group.rules)
  const titles = [...new Set(rules.map(({ clause }) => specificationOf(clause)))].sort(inOrder)
  return titles.map(title => ({
    title,
    rules: rules.filter(({ clause }) => specificationOf(clause) === title).sort((a, b) => inOrder(a.clause, b.clause)),
  }))
}

/** Section 9 comes before section 10. */
function inOrder(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** A link to the rules in one of their orders. */
function choice(text: string, by: string, current: boolean, sought: string, { basePath }: Config): Html {
  const query = new URLSearchParams({ ...(by && { by }), ...(sought && { q: sought }) }).toString()
  return html`<a href="${basePath}/explain${query && `?${query}`}"${current ? html` aria-current="true"` : undefined}>${text}</a>`
}

/** Places of one file that lie close together are one excerpt. */
function excerpts(places: readonly Place[], src: readonly SourceFile[], { issuer }: Config): Html {
  if (places.length === 0) return html`<p class="muted">Nowhere by itself: it is what the wire shows in place of other rules.</p>`
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
    return html`<p class="muted">docs/specification.md names them; they are not part of this installation.</p>`
  }
  const files = [...new Set(tests.map(({ path }) => path))]
  const titlesIn = (file: string) => [...new Set(tests.filter(({ path }) => path === file).map(({ title }) => title))]
  return html`<ul>${files.map(file => html`
<li><code>test/${file}</code><ul>${titlesIn(file).map(title => html`
<li>${title}</li>`)}</ul></li>`)}</ul>`
}

function describeRule({ id, clause, error, requires, otherwise, remedy }: Rule): Record<string, unknown> {
  return { id, clause, error, requires, otherwise, remedy }
}
