/** An error for a person in a browser: what happened, and what to do about it. It never leads anywhere else. */
import type { Context } from '../core/context/context.ts'
import type { OAuthError } from '../base/protocol/errors.ts'
import { displayText, html, type Html, type HtmlValue } from '../base/ui/html.ts'
import type { Reply, Request } from '../base/http/message.ts'
import { pageReply } from '../base/ui/page.ts'
import { facts, notice } from '../base/ui/parts.ts'
import { anotherValue } from '../base/rules/nearest-miss.ts'
import { findRule } from '../catalogue/catalogue.ts'
import type { Rule } from '../base/rules/rule.ts'
import { missOf, showVerdict, type ShownVerdict } from '../base/rules/shown-verdict.ts'
import { isLocal } from './flow/flow.ts'
import { clauseLink, comparison } from './explain/verdict.ts'

/** The page of an error, with the status and the headers that its reply has to have. */
export function errorPage(
  error: OAuthError, status: number, headers: Readonly<Record<string, string>>, request: Request, context: Context,
): Reply {
  const site = context.config
  const rule = error.details.rule === undefined ? undefined : findRule(error.details.rule)
  const verdict = context.trace.findLast(({ rule, passed }) => !passed && rule.id === error.details.rule)
  return pageReply(status, titles[status] ?? 'This cannot go on', html`
${notice('bad', html`<p>${sentence(displayText(error.message, 400))}</p>
${verdict && nearComparison(showVerdict(verdict))}`)}
${rule && html`<h2>What to do</h2>
<p>${whatToDo(rule, status, headers, request, context)}</p>
<h2>Why it stops here</h2>
${facts([
  ['It is required', rule.requires],
  ['Without it', rule.otherwise],
  ['Specified in', clauseLink(rule.clause)],
  ['More', html`<a href="${context.errorUri(rule.id)}">${rule.id}</a>`],
])}`}
${isForClient(request) ? notSent : undefined}`, { site, width: 'narrow' }, headers)
}

const notSent = html`<p class="muted">Nothing was sent to the application that led you here. You can close this page.</p>`

const titles: Readonly<Record<number, string>> = { 404: 'There is nothing here', 429: 'Too many attempts' }

/** What came beside what was expected, where the two are near enough for the difference to tell something. */
function nearComparison(verdict: ShownVerdict): Html | undefined {
  const { differences = [] } = missOf(verdict) ?? {}
  return differences.length === 0 || differences.includes(anotherValue) ? undefined : comparison(verdict)
}

function whatToDo(
  { remedy }: Rule, status: number, headers: Readonly<Record<string, string>>, request: Request, context: Context,
): HtmlValue {
  if (status === 404) return wayOn(request, context)
  const seconds = Number(headers['retry-after'])
  const wait = seconds < 100 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
  return seconds > 0 ? `Wait ${wait}, then go back and try again.` : remedy
}

/** Where somebody who looked for a page finds what there is. */
function wayOn(request: Request, { config: { issuer }, recorder }: Context): Html {
  const { path } = request
  const known = recorder !== undefined && isLocal(request) ? [...ways, flowsAreThere] : ways
  const [to, text] = known.find(([to]) => path.startsWith(`${to}/`)) ?? ['/', 'The start page leads to everything that there is.']
  return html`<a href="${issuer}${to}">${text}</a>`
}

const ways = [
  ['/explain', 'All rules are in one list, which can be searched.'],
  ['/source', 'See the list of all source files.'],
] as const

const flowsAreThere = [
  '/flow', 'See the flows that are kept: older ones give way to newer ones, and a server that starts has none.',
] as const

/** Whether an application has sent the user here, which waits for an answer. */
function isForClient({ path }: Request): boolean {
  return path.startsWith('/oauth/')
}

/** An error text as a sentence; one that begins with a wire name keeps its case. */
function sentence(text: string): string {
  const isName = /^\w*_/.test(text)
  return `${isName ? text[0] : text[0]?.toUpperCase()}${text.slice(1)}.`
}
