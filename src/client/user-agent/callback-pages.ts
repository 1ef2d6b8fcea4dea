/** What the user sees when the browser comes back to the client: what happened, and what to do now. */
import { displayText, html, type Html } from '../../base/ui/html.ts'
import { page } from '../../base/ui/page.ts'
import { facts, notice } from '../../base/ui/parts.ts'

export interface CallbackPage {
  readonly status: number
  readonly document: Html
}

/** The code has arrived; whether it is good for tokens, the terminal will say. */
export function successPage(issuer: string): CallbackPage {
  return compose(200, 'You can close this page', html`
${notice('good', html`<p>The client has received the answer and goes on in the terminal.</p>`)}
${facts([
  ['What happened', html`<strong>${displayText(issuer)}</strong> answered what the client had asked.`],
  ['What to do', 'Go back to the terminal: it says whether the client got its tokens.'],
])}`)
}

/** The authorization server answered with an error (RFC 6749 section 4.1.2.1). */
export function denialPage(issuer: string, error: string, description: string | null): CallbackPage {
  return compose(200, 'The authorization server said no', html`
${notice('bad', html`<p>${displayText(error)}: ${displayText(description ?? 'no reason given', 300)}</p>`)}
${facts([
  ['Who said it', html`<strong>${displayText(issuer)}</strong>`],
  ['What it means', meanings[error] ?? 'The request of the client was not one that the authorization server takes.'],
  ['What to do', error === 'access_denied'
    ? 'If you did not want to say no, run the command in the terminal again. You can close this page.'
    : 'Go back to the terminal, which says more. With --trace it shows the request. You can close this page.'],
])}`)
}

/** The state is right and the issuer is another: somebody tries to mix up two authorization servers (RFC 9207 section 1). */
export function otherIssuerPage(issuer: string): CallbackPage {
  return compose(400, 'This answer comes from somewhere else', html`
${notice('bad', html`<p>The client does not use this answer, and sends it nowhere.</p>`)}
${facts([
  ['What happened', html`The client asked <strong>${displayText(issuer)}</strong>. The answer does not name that
authorization server.`],
  ['What it means', 'Somebody may try to get the code of one authorization server sent to another, or the server has two names.'],
  ['What to do', 'Go back to the terminal, which says more. You can close this page.'],
])}`)
}

/** An answer that belongs to no request under way. It ends nothing. */
export function strayPage(): CallbackPage {
  return compose(400, 'This answer is not expected', html`
${notice('warning', html`<p>It belongs to another attempt, or was made up. The client still waits for the right one.</p>`)}
${facts([
  ['What happened', 'The state of this answer is not the one that the client sent and waits for (RFC 6749 section 10.12).'],
  ['What it means', 'This page was opened again, or belongs to a command that has ended, or another page sent you here.'],
  ['What to do', 'Go on in the page that the client opened last. If there is none, run the command in the terminal again.'],
])}`)
}

export function nothingPage(): CallbackPage {
  return compose(404, 'Nothing here', html`<p>This address only receives the answer of an authorization server. You can close
this page.</p>`)
}

const meanings: Readonly<Record<string, string>> = {
  access_denied: 'The request was denied: by you, or by a rule of the authorization server.',
  invalid_scope: 'The client asked for a scope that it cannot have.',
  invalid_target: 'The client named a resource that this authorization server does not issue tokens for.',
  unauthorized_client: 'The client is not registered for this way to get tokens.',
  login_required: 'You would have had to sign in, and the client asked not to be shown a page.',
  consent_required: 'You would have had to decide, and the client asked not to be shown a page.',
  server_error: 'The authorization server failed.',
  temporarily_unavailable: 'The authorization server cannot answer now.',
}

function compose(status: number, title: string, body: Html): CallbackPage {
  return { status, document: page(title, body, { program: 'The MCP client on this computer', width: 'narrow' }) }
}
