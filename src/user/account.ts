/** `/account`: what the signed-in user allowed, and the forms that revoke it. */
import { redirect, type Reply, type Request } from '../base/http/message.ts'
import type { Consent } from '../base/store/records.ts'
import type { ListedGrant } from '../base/store/store.ts'
import { displayText, html, type Html } from '../base/ui/html.ts'
import { pageReply } from '../base/ui/page.ts'
import { facts, notice } from '../base/ui/parts.ts'
import type { Context } from '../core/context/context.ts'
import { isClientIdUrl } from '../core/oauth/find-client.ts'
import { findSession } from '../core/user/browser-session.ts'
import { csrfField, identifyBrowser, parseOwnForm } from '../core/user/browser.ts'
import { clientName, minute, timeElement } from '../core/user/consent-page.ts'
import { askToSignIn } from './sign-in.ts'

/** How many grants of a client are listed, the newest last. Revoking all access revokes the others as well. */
const maxListed = 20

/** A client with what the user allowed it, and the access that it has now. */
interface Allowed {
  readonly client_id: string
  readonly name: string
  readonly consents: readonly Consent[]
  readonly grants: readonly ListedGrant[]
}

export async function account(request: Request, context: Context): Promise<Reply> {
  const signedIn = await findSession(request, context)
  if (!signedIn) return askToSignIn({ return_to: '/account' }, request, context)
  const { config } = context
  const { user } = signedIn
  const { browser, headers } = identifyBrowser(request, context)
  const field = csrfField(browser, signedIn, context)
  const clients = await listAllowed(user.sub, context)
  return pageReply(200, 'Your account', html`
<section class="card">
${facts([['Name', user.name], ['Email', user.email], ['User name', user.username], ['Subject', html`<code>${user.sub}</code>`]])}
<form method="post" action="${config.basePath}/sign-out">${field}<button>Sign out</button></form>
</section>
<h2>Apps that you allowed</h2>
${clients.length === 0 ? notice('neutral', html`<p>No app can act on your behalf.</p>`) : undefined}
${clients.map(client => clientCard(client, field, config.basePath))}`, { site: config, path: '/account' }, headers)
}

/** Revokes all access of a client, or one of its grants. Both take effect at once and are idempotent. */
export async function changeAccount(request: Request, context: Context): Promise<Reply> {
  const { config, store } = context
  const signedIn = await findSession(request, context)
  const form = await parseOwnForm(request, signedIn, context)
  if (signedIn) {
    const { sub } = signedIn.user
    const [grant_id, client_id] = [form.get('grant_id'), form.get('client_id')]
    if (grant_id !== undefined) await store.endGrant(sub, grant_id)
    if (client_id !== undefined) await store.withdrawConsent(sub, client_id)
    context.audit('authorization withdrawn', { sub, grant_id, client_id })
  }
  return redirect(303, `${config.basePath}/account`)
}

async function listAllowed(sub: string, { store }: Context): Promise<readonly Allowed[]> {
  const [consents, grants] = await Promise.all([store.listConsents(sub), store.listGrants(sub)])
  const ids = [...new Set([...consents, ...grants].map(({ client_id }) => client_id))]
  return Promise.all(ids.map(async client_id => {
    const own = consents.filter(consent => consent.client_id === client_id)
    // OAUTH_AUTO_APPROVE grants without a consent that records the name, and a deleted client has no name any more.
    const client = await store.findClient(client_id)
    const name = own.at(-1)?.client_name ?? (client ? clientName(client) : 'A deleted client')
    return { client_id, name, consents: own, grants: grants.filter(grant => grant.client_id === client_id) }
  }))
}

function clientCard({ client_id, name, consents, grants }: Allowed, field: Html, basePath: string): Html {
  const form = (name: string, value: string, button: Html) => html`<form method="post" action="${basePath}/account">${field}
<input type="hidden" name="${name}" value="${value}">${button}</form>`
  return html`<section class="card">
<h3>${name}</h3>
<p class="muted small">${isClientIdUrl(client_id) ? 'Described at' : 'Registered here as'}
<code>${displayText(client_id, 300)}</code></p>
${consents.map(({ scope, redirect_host, given_at }) => html`
<p>On ${timeElement(given_at)} you allowed <code>${scope}</code>. The answer went to <strong>${redirect_host}</strong>.</p>`)}
${grants.length === 0 ? html`<p>It has no access at the moment.</p>` : html`<ul class="rows">${grants.slice(-maxListed).map(grant => html`
<li><span>Access since ${timeElement(grant.created_at)} with <code>${grant.scope}</code>${
  grant.refreshed_at === undefined ? undefined : html`, last refreshed on ${timeElement(grant.refreshed_at)}`}</span>
${form('grant_id', grant.grant_id, revokeButton(name, grant))}</li>`)}
</ul>`}
${grants.length > maxListed ? html`<p>And ${grants.length - maxListed} older.</p>` : undefined}
${form('client_id', client_id, html`<button class="danger">Revoke all access of ${name}</button>`)}
</section>`
}

/** The label tells users of screen readers which access each button revokes. */
function revokeButton(name: string, { created_at }: ListedGrant): Html {
  return html`<button aria-label="Revoke this access of ${name} since ${minute(created_at)}">Revoke this access</button>`
}
