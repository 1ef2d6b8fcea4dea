/** A verdict on a page: the rule, whether it passed, and if not, how the received value differs from the expected one. */
import { html, type Html, type HtmlValue } from '../../base/ui/html.ts'
import { badge, facts } from '../../base/ui/parts.ts'
import { specificationUrl } from '../../catalogue/specification.ts'
import { anotherValue, type NearestMiss } from '../../base/rules/nearest-miss.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { findRule } from '../../catalogue/catalogue.ts'
import { missOf, verdictLabels, type ShownVerdict } from '../../base/rules/shown-verdict.ts'

/**
 * A verdict as a list item. `base` is the URL of the server; without it nothing is a link, as on a page to share.
 * `isExpected` marks a refusal that belongs to a healthy flow.
 */
export function verdictItem(verdict: ShownVerdict, base: string | undefined, isExpected = false): Html {
  const rule = findRule(verdict.rule)
  return html`<li${isExpected ? html` class="expected"` : undefined}>
${verdict.passed ? badge('passed', verdictLabels.passed) : badge(isExpected ? 'neutral' : 'failed', verdictLabels.failed)}
${ruleName(verdict.rule, base)}${rule && html` <span class="muted small">${clauseLink(rule.clause, base !== undefined)}</span>`}
${verdict.passed ? undefined : comparison(verdict)}
</li>`
}

/** A clause as a link to its specification. */
export function clauseLink(clause: string, linked = true): Html {
  const url = linked ? specificationUrl(clause) : undefined
  return url === undefined ? html`${clause}` : html`<a href="${url}">${clause}</a>`
}

/** What was received and what was expected, with the characters marked that differ. */
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
  if (miss && miss.differences.length > 0) pairs.push(['difference', miss.differences.map(plainText).join('; ')])
  return html`<div class="comparison">${facts(pairs)}</div>`
}

/** A rule, linked to its explanation if there is one. */
function ruleName(id: string, base: string | undefined): Html {
  const isLinked = base !== undefined && findRule(id) !== undefined
  return isLinked ? html`<a href="${base}/explain/${id}">${id}</a>` : html`<strong>${plainText(id)}</strong>`
}

function valueText(value: string): Html {
  return html`<code>${plainText(value)}</code>`
}

function nearest(miss: NearestMiss, isOneOfMany: boolean): Html {
  return html`${marked(miss, miss.expected)}${isOneOfMany ? html` <span class="muted small">is the closest</span>` : undefined}`
}

function joined(values: readonly Html[]): Html {
  return html`${values.map((value, i) => i === 0 ? value : html`<br>${value}`)}`
}

/** The value with the differing characters marked. Missing characters are marked as a gap. Unrelated values have no mark. */
function marked({ prefix, suffix, received, expected, differences }: NearestMiss, middle: string): Html {
  if (differences.includes(anotherValue)) return valueText(prefix + middle + suffix)
  const missing = received === '' ? expected.length : received.length
  const mark = middle === '' ? html`<mark class="gap"><span class="unseen">(${missing} missing here)</span></mark>`
    : html`<mark>${plainText(middle)}</mark>`
  return html`<code>${plainText(prefix)}${mark}${plainText(suffix)}</code>`
}
