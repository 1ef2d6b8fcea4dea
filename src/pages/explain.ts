/** `/explain/<rule>`: what `error_uri` leads to (RFC 6749 section 5.2). */
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'
import { html, type Html } from '../http/html.ts'
import { json, prefersHtml, type Reply, type Request } from '../http/message.ts'
import { pageReply } from '../http/page.ts'
import { catalogue, findRule } from '../rules/catalogue.ts'
import { pathIsKnown } from '../rules/http.ts'
import type { Rule } from '../rules/rule.ts'

export function explain(request: Request, context: Context): Reply {
  const rule = findRule(request.parameter)
  context.check(pathIsKnown, rule !== undefined, request.path)
  return prefersHtml(request) ? rulePage(rule, context.config) : json(200, describeRule(rule))
}

export function explainAll(request: Request, { config }: Context): Reply {
  if (!prefersHtml(request)) return json(200, catalogue.flatMap(({ rules }) => rules.map(describeRule)))
  const groups = catalogue.map(({ title, rules }) => html`
<h2>${title}</h2>
<table><tbody>${rules.map(({ id, requires, clause }) => html`
<tr><td><a href="${config.issuer}/explain/${id}">${id}</a></td><td>${requires}</td><td>${clause}</td></tr>`)}
</tbody></table>`)
  return pageReply(200, 'Every rule', html`${groups}`, { site: config, path: '/explain' })
}

function ruleDefinitions({ requires, otherwise, remedy, clause, error }: Rule): Html {
  return html`<dl>
<dt>What is required</dt><dd>${requires}</dd>
<dt>What to do</dt><dd>${remedy}</dd>
<dt>Why it is required: without it</dt><dd>${otherwise}</dd>
<dt>Where it is specified</dt><dd>${clause}</dd>
<dt>Answered with</dt><dd><code>${error}</code></dd>
</dl>`
}

function rulePage(rule: Rule, config: Config): Reply {
  return pageReply(200, rule.id, html`
${ruleDefinitions(rule)}
<p><a href="${config.issuer}/explain">All rules</a></p>`, { site: config })
}

function describeRule({ id, clause, error, requires, otherwise, remedy }: Rule): Record<string, unknown> {
  return { id, clause, error, requires, otherwise, remedy }
}
