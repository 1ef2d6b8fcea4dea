/** An error for a person in a browser: what happened, and what to do about it. It never leads anywhere else. */
import type { OAuthError } from '../errors.ts'
import { displayText, html, type Html } from '../http/html.ts'
import { page } from '../http/page.ts'
import { findRule } from '../rules/catalogue.ts'
import { ruleDefinitions } from './explain.ts'

export function errorPage(error: OAuthError): Html {
  const rule = error.details.rule === undefined ? undefined : findRule(error.details.rule)
  return page('This cannot go on', html`
<p class="warning">${displayText(error.message, 400)}</p>
${rule ? ruleDefinitions(rule) : undefined}
<p>Nothing was sent to the application that led you here. You can close this page.</p>`)
}
