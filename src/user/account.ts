/** `/account`: what the signed-in user allowed, and the forms that take it back. */
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

/** How many grants of a client are listed, the newest: withdrawing everything reaches the others. */
const mostListed = 20

/** A client with what the user allowed it, and what it can do by that now. */
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
<h2>What you allowed</h2>
${clients.length === 0 ? notice('neutral', html`<p>No application can act in your name.</p>`) : undefined}
${clients.map(client => clientCard(client, field, config.basePath))}`, { site: config, path: '/account' }, headers)
}

/** Withdraws what a client was allowed, or ends one of its grants. Both take effect at once, and twice is as good as once. */
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
    // A client whose grant nobody was asked for has no name in a consent; one that is gone has none at all.
    const client = await store.findClient(client_id)
    const name = own.at(-1)?.client_name ?? (client ? clientName(client) : 'A client that is gone')
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
<p>On ${timeElement(given_at)} you allowed <code>${scope}</code>; the answer went to <strong>${redirect_host}</strong>.</p>`)}
${grants.length === 0 ? html`<p>It has no access now.</p>` : html`<ul class="rows">${grants.slice(-mostListed).map(grant => html`
<li><span>Access since ${timeElement(grant.created_at)} with <code>${grant.scope}</code>${
  grant.refreshed_at === undefined ? undefined : html`, last renewed on ${timeElement(grant.refreshed_at)}`}</span>
${form('grant_id', grant.grant_id, endButton(name, grant))}</li>`)}
</ul>`}
${grants.length > mostListed ? html`<p>And ${grants.length - mostListed} older ones.</p>` : undefined}
${form('client_id', client_id, html`<button class="danger">Withdraw everything from ${name}</button>`)}
</section>`
}

/** Who hears the buttons one after the other has to know which access each ends. */
function endButton(name: string, { created_at }: ListedGrant): Html {
  return html`<button aria-label="End this access, of ${name} since ${minute(created_at)}">End this access</button>`
}
