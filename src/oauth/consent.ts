/**
 * Consent: the page on which the user decides, and the decision. The request waits in the store meanwhile, under an
 * id that only this page knows, and is bound to the browser by a cookie: so a decision cannot be forged by another
 * site, be repeated, be altered, or be made in another browser (RFC 6749 section 10.12).
 */
import type { Context } from '../context.ts'
import { constantTimeEqual, randomToken, sha256 } from '../crypto.ts'
import { OAuthError } from '../errors.ts'
import { displayText, html, type Html } from '../http/html.ts'
import { htmlReply, redirect, type Reply, type Request } from '../http/message.ts'
import { page } from '../http/page.ts'
import { parseForm } from '../http/parameters.ts'
import { consentBelongsToBrowser, consentIsOpen, userApproved } from '../rules/authorization.ts'
import type { Client, RequestedGrant } from '../store/records.ts'
import { errorLocation, grantedLocation } from './authorization-response.ts'
import { isClientIdUrl } from './client-id-metadata-document.ts'
import { findClient } from './find-client.ts'
import { checkRedirectUri, isLoopbackRedirectUri, redirectHost } from './redirect-uri.ts'
import { scopeDescriptions } from './scope.ts'
import { demoUser } from './user.ts'

/** Keeps the request and shows the page. */
export async function askForConsent(
  requested: RequestedGrant, client: Client, request: Request, context: Context,
): Promise<Reply> {
  const browser = readBrowserCookie(request, context) ?? randomToken()
  const csrf_token = randomToken()
  await context.store.addAuthorizationRequest(sha256(csrf_token), { ...requested, browser_hash: sha256(browser) })
  return htmlReply(200, consentPage(requested, client, csrf_token, context), {
    'set-cookie': browserCookie(browser, context),
  })
}

/** Answers the form of the page: `decision` is `approve`, and anything else denies. */
export async function decide(request: Request, context: Context): Promise<Reply> {
  const { store } = context
  const form = await parseForm(request, context)
  const id_hash = sha256(form.required('csrf_token'))
  const waiting = await store.findAuthorizationRequest(id_hash)
  context.check(consentIsOpen, waiting !== undefined)
  const browser = readBrowserCookie(request, context)
  const same = browser !== undefined && constantTimeEqual(sha256(browser), waiting.browser_hash)
  context.check(consentBelongsToBrowser, same)
  // While the user thought, the client may have withdrawn the redirect URI, or itself.
  const client = await findClient(waiting.client_id, context)
  checkRedirectUri(waiting.redirect_uri, client?.metadata.redirect_uris ?? [], context)
  context.check(consentIsOpen, await store.useAuthorizationRequest(id_hash) !== undefined)
  return redirect(303, await decisionLocation(form.get('decision') === 'approve', waiting, context))
}

async function decisionLocation(approved: boolean, requested: RequestedGrant, context: Context): Promise<string> {
  try {
    context.check(userApproved, approved)
    return await grantedLocation(requested, demoUser.sub, context)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    return errorLocation(requested.redirect_uri, requested.state, error, context)
  }
}

function consentPage(requested: RequestedGrant, client: Client, csrf_token: string, { config }: Context): Html {
  const name = displayText(client.metadata.client_name ?? '') || 'A client without a name'
  const scopes = requested.scope.split(' ').map(scope => html`<li>${scopeDescriptions[scope]} <code>${scope}</code></li>`)
  const local = isLoopbackRedirectUri(requested.redirect_uri)
  return page(`Allow ${name} to use ${config.serverName}?`, html`
<p>${voucher(name, client)}</p>
<p>It asks to:</p>
<ul>${scopes}</ul>
<p>After your decision your browser goes to <strong>${redirectHost(requested.redirect_uri)}</strong>.</p>
${local ? html`<p class="warning">That is this computer: any program that runs on it could be the one that asks. Go on only if you
have just started this yourself.</p>` : undefined}
<form method="post" action="${config.basePath}/oauth/consent">
<input type="hidden" name="csrf_token" value="${csrf_token}">
<button class="primary" name="decision" value="approve">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>`)
}

/** Who stands behind the name: the host of a metadata document vouches for it, for a registered client nobody does. */
function voucher(name: string, { client_id }: Client): Html {
  if (!isClientIdUrl(client_id)) return html`<strong>${name}</strong> chose this name itself; nobody has checked it.`
  return html`The metadata document of <strong>${new URL(client_id).host}</strong> gives this name to <code>${client_id}</code>.`
}

/** RFC 6265bis section 4.1.3: a name with __Host- can be set over https only, for this host alone. */
function cookieName({ config }: Context): string {
  return config.issuer.startsWith('https:') ? '__Host-browser' : 'browser'
}

function browserCookie(browser: string, context: Context): string {
  const secure = context.config.issuer.startsWith('https:') ? '; Secure' : ''
  return `${cookieName(context)}=${browser}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax${secure}`
}

function readBrowserCookie(request: Request, context: Context): string | undefined {
  const prefix = `${cookieName(context)}=`
  return (request.headers.cookie ?? '').split('; ').find(pair => pair.startsWith(prefix))?.slice(prefix.length)
}
