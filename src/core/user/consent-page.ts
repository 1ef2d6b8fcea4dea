/** The consent page: who asks, for what, as whom the user answers, and where the answer goes. */
import type { User } from '../../base/config/users.ts'
import { isLoopbackRedirectUri, redirectHost } from '../../base/protocol/redirect-uri.ts'
import type { Client, Consent, RequestedGrant } from '../../base/store/records.ts'
import { displayText, html, type Html } from '../../base/ui/html.ts'
import { facts, notice } from '../../base/ui/parts.ts'
import type { Context } from '../context/context.ts'
import { isClientIdUrl } from '../oauth/find-client.ts'
import { scopeDescriptions } from '../oauth/server-scope.ts'

/** What the user is asked. */
export interface Question {
  readonly requested: RequestedGrant
  readonly client: Client
  readonly user: User
  /** What the user decided on this client before. */
  readonly earlier: Consent | undefined
  /** The hidden fields of the two forms of the page: which request is decided on, and what shows whose browser it is. */
  readonly decisionField: Html
  readonly signOutFields: Html
}

/** What a client calls itself, fit to be shown. */
export function clientName({ metadata }: Pick<Client, 'metadata'>): string {
  return displayText(metadata.client_name ?? '') || 'A client without a name'
}

/** What stands on the sign-in page that an authorization request leads to. */
export function signInReason(client: Client): Html {
  return html`${voucher(client)}<p>What it asks for comes next: nothing is granted by signing in.</p>`
}

/** The question in a sentence. */
export function consentTitle({ client }: Question, { config }: Context): string {
  return `Allow ${clientName(client)} to use ${config.serverName}?`
}

/** All that the user has to know, and the two answers. */
export function consentBody(question: Question, { config }: Context): Html {
  const { requested, client, user, earlier } = question
  const { name, email } = user
  return html`
${voucher(client)}
${earlier && html`<p>You allowed it <code>${earlier.scope}</code> on ${timeElement(earlier.given_at)}, which you can take back
at <a href="${config.issuer}/account">your account</a>.</p>`}
<form method="post" action="${config.basePath}/oauth/consent">
${noDefaultButton}
${question.decisionField}
<fieldset>
<legend>What it may do</legend>
<p class="muted">Untick what it should not do in your name.</p>
${requested.scope.split(' ').map(scope => html`
<label class="choice"><input type="checkbox" name="scope.${scope}" checked>
<span>${scopeDescriptions[scope]} <code>${scope}</code></span></label>`)}
</fieldset>
${facts([
  ['You are', html`${name} <span class="muted">${email}</span> <button class="link" form="sign-out">Not you?</button>`],
  ['The answer goes to', html`<strong>${redirectHost(requested.redirect_uri)}</strong>`],
])}
${warning(requested.redirect_uri)}
<div class="actions">
<button class="primary" name="decision" value="approve">Allow</button>
<button name="decision" value="deny">Deny</button>
</div>
</form>
<form id="sign-out" method="post" action="${config.basePath}/sign-out">${question.signOutFields}</form>`
}

/**
 * The Enter key in a checkbox presses the first button of a form: this one, which sends nothing, so that nothing is allowed
 * by accident. It is out of sight, not hidden: some browsers pass over a button that is.
 */
const noDefaultButton = html`<button class="unseen" formmethod="dialog" tabindex="-1" aria-hidden="true">Nothing</button>`

/** A NumericDate for people. */
export function timeElement(time: number): Html {
  return html`<time datetime="${new Date(time * 1000).toISOString()}">${minute(time)}</time>`
}

/** A NumericDate in the words of a page: `2026-01-31 12:00 UTC`. */
export function minute(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Who stands behind the name: the host of a metadata document vouches for it, for a registered client nobody does. */
function voucher(client: Client): Html {
  const name = clientName(client)
  const { client_id } = client
  return isClientIdUrl(client_id)
    ? html`<p>The metadata document of <strong>${new URL(client_id).host}</strong> gives the name <strong>${name}</strong> to
<code>${displayText(client_id, 300)}</code>.</p>`
    : html`<p><strong>${name}</strong> registered itself and chose this name; nobody has checked it.</p>`
}

/** RFC 8252 section 8.6: other programs of the device can receive what is sent to loopback or to a private-use scheme. */
function warning(redirect_uri: string): Html | undefined {
  if (isLoopbackRedirectUri(redirect_uri)) {
    return notice('warning', html`<p>That is this computer: any program that runs on it could be the one that asks. Go on only if
you have just started this yourself.</p>`)
  }
  if (/^https:/i.test(redirect_uri)) return undefined
  return notice('warning', html`<p>That is an application on this device: any application can claim the scheme
<code>${redirect_uri.slice(0, redirect_uri.indexOf(':') + 1)}</code>. Go on only if you have just started this yourself.</p>`)
}
