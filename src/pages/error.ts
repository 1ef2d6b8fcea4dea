/** An error as a page, for people: what happened, and what to do about it. It never redirects. */
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

/** The page for an error, with the given status and headers. */
export function errorPage(
  error: OAuthError, status: number, headers: Readonly<Record<string, string>>, request: Request, context: Context,
): Reply {
  const site = context.config
  const rule = error.details.rule === undefined ? undefined : findRule(error.details.rule)
  const verdict = context.trace.findLast(({ rule, passed }) => !passed && rule.id === error.details.rule)
  return pageReply(status, titleOf(error), html`
${notice('bad', html`<p>${sentence(displayText(error.message, 400))}</p>
${verdict && comparisonOfSimilar(showVerdict(verdict))}`)}
${rule && html`<h2>What to do</h2>
<p>${whatToDo(rule, status, headers, request, context)}</p>
<h2>Why it was refused</h2>
${facts([
  ['Required', rule.requires],
  ['Without it', rule.otherwise],
  ['Specified in', clauseLink(rule.clause)],
  ['More about it', html`<a href="${context.errorUri(rule.id)}">${rule.id}</a>`],
])}`}
${request.path.startsWith('/oauth/') ? notSent : undefined}`, { site, width: 'narrow' }, headers)
}

const notSent = html`<p class="muted">Nothing was sent to the app that sent you here. You can close this page.</p>`

/** What went wrong, in a few words. */
function titleOf({ code, details: { rule = '' } }: OAuthError): string {
  return titles[rule] ?? capitalized(code.replaceAll('_', ' '))
}

const titles: Readonly<Record<string, string>> = {
  'client-is-registered': 'Unknown client',
  'consent-belongs-to-browser': 'Opened in another browser',
  'consent-belongs-to-user': 'Opened by another user',
  'consent-is-open': 'This page has expired',
  'path-is-known': 'Page not found',
  'redirect-uri-is-registered': 'Redirect URI not registered',
  'sign-in-attempts-are-bounded': 'Too many attempts',
}

/** The received value beside the expected one, if they are similar enough for a comparison to help. */
function comparisonOfSimilar(verdict: ShownVerdict): Html | undefined {
  const { differences = [] } = missOf(verdict) ?? {}
  return differences.length === 0 || differences.includes(anotherValue) ? undefined : comparison(verdict)
}

function whatToDo(
  { remedy }: Rule, status: number, headers: Readonly<Record<string, string>>, request: Request, context: Context,
): HtmlValue {
  if (status === 404) return whereToLook(request, context)
  const seconds = Number(headers['retry-after'])
  const wait = seconds < 100 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
  return seconds > 0 ? `Wait ${wait}, then go back and try again.` : remedy
}

/** A link to where the missing page may be found. */
function whereToLook(request: Request, { config: { issuer }, recorder }: Context): Html {
  const link = (path: string, text: string): Html => html`<a href="${issuer}${path}">${text}</a>`
  const isBelow = (path: string): boolean => request.path.startsWith(`${path}/`)
  if (isBelow('/explain')) return link('/explain', 'Search the list of all rules.')
  if (isBelow('/source')) return link('/source', 'See the list of all source files.')
  if (isBelow('/flow') && recorder !== undefined && isLocal(request)) {
    return link('/flow', 'See the recorded flows. Only the newest are kept, and only until the server stops.')
  }
  return link('/', 'Go to the start page, which links to everything.')
}

/** An error text as a sentence. If it begins with a parameter name, its case is kept. */
function sentence(text: string): string {
  const isName = /^\w*_/.test(text)
  return `${isName ? text : capitalized(text)}.`
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
