/** The consent page: who asks, for what, which user answers, and where the answer goes. */
import type { User } from '../../base/config/users.ts'
import { isLoopbackRedirectUri, redirectHost } from '../../base/protocol/redirect-uri.ts'
import type { Client, Consent, RequestedGrant } from '../../base/store/records.ts'
import { displayText, html, type Html } from '../../base/ui/html.ts'
import { facts, notice } from '../../base/ui/parts.ts'
import type { Context } from '../context/context.ts'
import { isClientIdUrl } from '../oauth/find-client.ts'
import { scopeDescriptions } from '../oauth/server-scope.ts'

export interface Question {
  readonly requested: RequestedGrant
  readonly client: Client
  readonly user: User
  /** What the user allowed this client before. */
  readonly earlier: Consent | undefined
  /** The hidden fields of the two forms: they identify the request, the browser and the session. */
  readonly decisionField: Html
  readonly signOutFields: Html
}

/** The name that a client registered, safe to show. */
export function clientName({ metadata }: Pick<Client, 'metadata'>): string {
  return displayText(metadata.client_name ?? '') || 'A client without a name'
}

/** Why to sign in, for the sign-in page of an authorization request. */
export function signInReason(client: Client): Html {
  return html`${voucher(client)}<p>Signing in grants nothing yet. The next page shows what it asks for.</p>`
}

export function consentTitle({ client }: Question, { config }: Context): string {
  return `Allow ${clientName(client)} to use ${config.serverName}?`
}

export function consentBody(question: Question, { config }: Context): Html {
  const { requested, client, user, earlier } = question
  const { name, email } = user
  return html`
${voucher(client)}
${earlier && html`<p>You granted it <code>${earlier.scope}</code> on ${timeElement(earlier.given_at)}. You can revoke that in
<a href="${config.issuer}/account">your account</a>.</p>`}
<form method="post" action="${config.basePath}/oauth/consent">
${noDefaultButton}
${question.decisionField}
<fieldset>
<legend>What it may do</legend>
<p class="muted">Uncheck anything it should not do on your behalf.</p>
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
 * The Enter key in a checkbox presses the first button of the form. This one sends nothing, so that nobody allows anything by
 * accident. It is moved out of sight because some browsers skip a hidden button.
 */
const noDefaultButton = html`<button class="unseen" formmethod="dialog" tabindex="-1" aria-hidden="true">Nothing</button>`

export function timeElement(time: number): Html {
  return html`<time datetime="${new Date(time * 1000).toISOString()}">${minute(time)}</time>`
}

/** A NumericDate as text: `2026-01-31 12:00 UTC`. */
export function minute(time: number): string {
  return `${new Date(time * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Who vouches for the name: the host of the metadata document, or nobody if the client registered itself. */
function voucher(client: Client): Html {
  const name = clientName(client)
  const { client_id } = client
  return isClientIdUrl(client_id)
    ? html`<p><strong>${new URL(client_id).host}</strong> says that <strong>${name}</strong> is the name of the client described at
<code>${displayText(client_id, 300)}</code>.</p>`
    : html`<p><strong>${name}</strong> registered itself and chose its own name. Nobody has checked it.</p>`
}

/** RFC 8252 section 8.6: other programs on the device can receive what is sent to loopback or to a private-use scheme. */
function warning(redirect_uri: string): Html | undefined {
  if (isLoopbackRedirectUri(redirect_uri)) {
    return notice('warning', html`<p>This address is on your own computer. Any program running there could be asking. Continue
only if you just started this yourself.</p>`)
  }
  if (/^https:/i.test(redirect_uri)) return undefined
  return notice('warning', html`<p>This address opens an app on your device. Any app can claim the scheme
<code>${redirect_uri.slice(0, redirect_uri.indexOf(':') + 1)}</code>. Continue only if you just started this yourself.</p>`)
}
