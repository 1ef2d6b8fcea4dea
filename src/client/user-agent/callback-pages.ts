/** What the user sees when the browser returns to the client: what happened, and what to do next. */
import { displayText, html, type Html } from '../../base/ui/html.ts'
import { page } from '../../base/ui/page.ts'
import { facts, notice } from '../../base/ui/parts.ts'

export interface CallbackPage {
  readonly status: number
  readonly document: Html
}

/** The client received a code. The terminal shows whether the token request succeeds. */
export function successPage(issuer: string): CallbackPage {
  return compose(200, 'You can close this page', html`
${notice('good', html`<p>The client received the answer and continues in the terminal.</p>`)}
${facts([
  ['What happened', html`<strong>${displayText(issuer)}</strong> answered the request of the client.`],
  ['What to do', 'Go back to the terminal. It shows whether the client received its tokens.'],
])}`)
}

/** The authorization server answered with an error (RFC 6749 section 4.1.2.1). */
export function denialPage(issuer: string, error: string, description: string | null): CallbackPage {
  return compose(200, 'Access was not granted', html`
${notice('bad', html`<p>${displayText(error)}: ${displayText(description ?? 'no reason given', 300)}</p>`)}
${facts([
  ['Answered by', html`<strong>${displayText(issuer)}</strong>`],
  ['What it means', meanings[error] ?? 'The authorization server did not accept the request of the client.'],
  ['What to do', error === 'access_denied'
    ? 'If you did not mean to deny it, run the command in the terminal again. You can close this page.'
    : 'Go back to the terminal for details. With --trace it shows the request. You can close this page.'],
])}`)
}

/** The state matches but the issuer does not: this may be a mix-up attack (RFC 9207 section 1). */
export function otherIssuerPage(issuer: string): CallbackPage {
  return compose(400, 'Answer from another authorization server', html`
${notice('bad', html`<p>The client rejected this answer and does not use its code.</p>`)}
${facts([
  ['What happened', html`The client asked <strong>${displayText(issuer)}</strong>, but the answer does not name that
authorization server.`],
  ['What it means', 'An attacker may be trying to get a code sent to the wrong authorization server, or the server has two names.'],
  ['What to do', 'Go back to the terminal for details. You can close this page.'],
])}`)
}

/** An answer to no pending request. The client keeps waiting. */
export function strayPage(): CallbackPage {
  return compose(400, 'Unexpected answer', html`
${notice('warning', html`<p>This answer belongs to another attempt or is forged. The client is still waiting for the right one.</p>`)}
${facts([
  ['What happened', 'The state in this answer is not the one that the client sent (RFC 6749 section 10.12).'],
  ['What it means', 'This page was opened twice, belongs to a command that has ended, or another site sent you here.'],
  ['What to do', 'Continue in the page that the client opened last. If there is none, run the command in the terminal again.'],
])}`)
}

export function nothingPage(): CallbackPage {
  return compose(404, 'Page not found', html`<p>This address only receives the answer of an authorization server. You can close
this page.</p>`)
}

const meanings: Readonly<Record<string, string>> = {
  access_denied: 'The request was denied: by you, or by a rule of the authorization server.',
  invalid_scope: 'The client asked for a scope that it may not have.',
  invalid_target: 'The authorization server does not issue tokens for the resource that the client named.',
  unauthorized_client: 'The client is not registered for this type of request.',
  login_required: 'You need to sign in, but the client asked the server not to show any page.',
  consent_required: 'You need to decide, but the client asked the server not to show any page.',
  server_error: 'The authorization server failed.',
  temporarily_unavailable: 'The authorization server cannot answer at the moment.',
}

function compose(status: number, title: string, body: Html): CallbackPage {
  return { status, document: page(title, body, { program: 'The MCP client on this computer', width: 'narrow' }) }
}
