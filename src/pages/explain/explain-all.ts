/** `/explain`: every rule, folded by topic or by specification, with a search. */
import type { Config } from '../../base/config/config.ts'
import type { Context } from '../../core/context/context.ts'
import { html, type Html } from '../../base/ui/html.ts'
import { json, prefersHtml, type Reply, type Request } from '../../base/http/message.ts'
import { pageReply } from '../../base/ui/page.ts'
import { counted, foldedSection, searchBox } from '../../base/ui/parts.ts'
import { catalogue } from '../../catalogue/catalogue.ts'
import { specificationOf } from '../../catalogue/specification.ts'
import type { Rule } from '../../base/rules/rule.ts'
import { describeRule } from './explain.ts'

/** A search that finds no more rules than this shows them unfolded. */
const mostUnfolded = 25

export function explainAll(request: Request, { config }: Context): Reply {
  const query = new URLSearchParams(request.query)
  const search = query.get('q')?.trim() ?? ''
  const by = query.get('by') === 'specification' ? 'specification' : 'topic'
  const words = wordsOf(search)
  const found = catalogue.flatMap(({ rules }) => rules).filter(rule => matches(rule, words))
  if (!prefersHtml(request)) return json(200, found.map(describeRule))
  const groups = by === 'topic' ? groupByTopic(found) : groupBySpecification(found)
  const open = search !== '' && found.length <= mostUnfolded
  return pageReply(200, 'Rules', html`
<p class="lead">Every MUST that this server and its client enforce, with the reason, the fix, the lines that check it and the
tests that cover it.</p>
${searchBox('Search by name, error code, clause or any other word', `${config.basePath}/explain`, search)}
<p>${choice('By topic', 'topic', by, search, config)} · ${choice('By specification', 'specification', by, search, config)}
<span class="muted">${counted(found.length, 'rule')}${search && ` with ${search}`}</span></p>
${found.length === 0 ? html`<p>No rule contains all of these words. <a href="${config.issuer}/explain">All rules</a></p>` : undefined}
<div class="index${by === 'specification' ? ' columns' : ''}">${groups.map(({ title, role, rules }) => (
    foldedSection(title, `${role ? `${role}, ` : ''}${counted(rules.length, 'rule')}`, ruleList(rules, config), { open })))}
</div>`, { site: config, path: '/explain' })
}

function ruleList(rules: readonly Rule[], { issuer }: Config): Html {
  return html`<dl class="rules">${rules.map(({ id, requires, clause }) => html`
<dt id="${id}"><a href="${issuer}/explain/${id}">${id}</a> <span class="muted small">${clause}</span></dt><dd>${requires}</dd>`)}
</dl>`
}

function matches(rule: Rule, words: readonly string[]): boolean {
  const { id, clause, error, says, requires, otherwise, remedy } = rule
  const text = [id, id.replaceAll('-', ' '), clause, error, says, requires, otherwise, remedy].join('\n').toLowerCase()
  return words.every(word => text.includes(word))
}

/** The words to search for. The URL of an RFC, such as `https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2`, finds its clause. */
function wordsOf(search: string): readonly string[] {
  return search.toLowerCase().split(/\s+/).flatMap(word => {
    const [, rfc] = /rfc(\d{3,5})/.exec(word) ?? []
    const [, kind, part] = /#(section|appendix)-([a-z0-9.]+)/.exec(word) ?? []
    return rfc === undefined ? word : [`rfc ${rfc}`, kind === undefined ? '' : `${kind} ${part}`]
  })
}

interface Group {
  readonly title: string
  readonly role?: string
  readonly rules: readonly Rule[]
}

function groupByTopic(found: readonly Rule[]): readonly Group[] {
  return catalogue.map(({ title, role, rules }) => ({ title, role, rules: rules.filter(rule => found.includes(rule)) }))
    .filter(({ rules }) => rules.length > 0)
}

function groupBySpecification(found: readonly Rule[]): readonly Group[] {
  const titles = [...new Set(found.map(({ clause }) => specificationOf(clause)))].sort(compare)
  return titles.map(title => ({
    title,
    rules: found.filter(({ clause }) => specificationOf(clause) === title).sort((a, b) => compare(a.clause, b.clause)),
  }))
}

/** Section 9 comes before section 10. */
function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** A link that shows the same rules in another order. */
function choice(text: string, by: string, current: string, search: string, { basePath }: Config): Html {
  const query = new URLSearchParams({ by, ...(search && { q: search }) })
  return html`<a href="${basePath}/explain?${query.toString()}"${by === current ? html` aria-current="true"` : undefined}>${text}</a>`
}
