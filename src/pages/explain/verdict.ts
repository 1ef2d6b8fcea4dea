/** A verdict on a page: the rule, whether it held, and where it did not what came, what was expected and how they differ. */
import { html, type Html, type HtmlValue } from '../../base/ui/html.ts'
import { badge, facts } from '../../base/ui/parts.ts'
import { specificationUrl } from '../../catalogue/specification.ts'
import { anotherValue, type NearestMiss } from '../../base/rules/nearest-miss.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { findRule } from '../../catalogue/catalogue.ts'
import { missOf, verdictLabels, type ShownVerdict } from '../../base/rules/shown-verdict.ts'

/**
 * A verdict as an item of a list. `base` is what stands before `/explain`; without it nothing is a link, as in a page
 * that is handed on. `isUsual` is a refusal that a healthy flow goes through.
 */
export function verdictItem(verdict: ShownVerdict, base: string | undefined, isUsual = false): Html {
  const rule = findRule(verdict.rule)
  const [kind, word] = verdict.passed ? ['passed', verdictLabels.passed] as const
    : [isUsual ? 'neutral' : 'failed', verdictLabels.failed] as const
  return html`<li${isUsual ? html` class="usual"` : undefined}>
${badge(kind, word)}
${ruleName(verdict.rule, base)}${rule && html` <span class="muted small">${clauseLink(rule.clause, base !== undefined)}</span>`}
${verdict.passed ? undefined : comparison(verdict)}
</li>`
}

/** A clause as a link to the text of its specification, which nothing but a click follows. */
export function clauseLink(clause: string, linked = true): Html {
  const url = linked ? specificationUrl(clause) : undefined
  return url === undefined ? html`${clause}` : html`<a href="${url}">${clause}</a>`
}

/** What came and what was expected, with the characters marked in which the two differ. */
export function comparison(verdict: ShownVerdict): Html | undefined {
  const { received, expected = [] } = verdict
  if (received === undefined && expected.length === 0) return undefined
  const miss = missOf(verdict)
  const labels = findRule(verdict.rule)?.labels ?? verdictLabels
  const others = expected.filter(value => value !== miss?.candidate).map(valueText)
  const wanted = miss ? [...others, nearest(miss, others.length > 0)] : others
  const pairs: (readonly [name: string, value: HtmlValue])[] = []
  if (received !== undefined) pairs.push([labels.received, miss ? marked(miss, miss.received) : valueText(received)])
  if (wanted.length > 0) pairs.push([labels.expected, joined(wanted)])
  if (miss && miss.differences.length > 0) pairs.push(['the difference', miss.differences.map(plainText).join('; ')])
  return html`<div class="comparison">${facts(pairs)}</div>`
}

/** A rule as a link to its explanation, if there is one. */
function ruleName(id: string, base: string | undefined): Html {
  const isLinked = base !== undefined && findRule(id) !== undefined
  return isLinked ? html`<a href="${base}/explain/${id}">${id}</a>` : html`<strong>${plainText(id)}</strong>`
}

function valueText(value: string): Html {
  return html`<code>${plainText(value)}</code>`
}

function nearest(miss: NearestMiss, isOneOfMany: boolean): Html {
  return html`${marked(miss, miss.expected)}${isOneOfMany ? html` <span class="muted small">comes nearest</span>` : undefined}`
}

function joined(values: readonly Html[]): Html {
  return html`${values.map((value, i) => i === 0 ? value : html`<br>${value}`)}`
}

/** Where characters are missing, the mark is the empty place. Another value altogether has nothing to point at. */
function marked({ prefix, suffix, received, expected, differences }: NearestMiss, middle: string): Html {
  if (differences.includes(anotherValue)) return valueText(prefix + middle + suffix)
  const missing = received === '' ? expected.length : received.length
  const mark = middle === '' ? html`<mark class="gap"><span class="unseen">(${missing} missing here)</span></mark>`
    : html`<mark>${plainText(middle)}</mark>`
  return html`<code>${plainText(prefix)}${mark}${plainText(suffix)}</code>`
}
