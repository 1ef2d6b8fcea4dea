/**
 * Consent: asks the user, and handles the decision. Meanwhile the request waits in the store, under a one-time
 * `consent_token` that only the page knows, bound to the browser and the user. Another site cannot forge a decision (CSRF,
 * RFC 6749 section 10.12), and no other browser or user can make it.
 */
import { redirect, type Reply, type Request } from '../../base/http/message.ts'
import { parseForm, type Parameters } from '../../base/http/parameters.ts'
import { constantTimeEqual, randomToken, sha256 } from '../../base/protocol/crypto.ts'
import { OAuthError } from '../../base/protocol/errors.ts'
import { redirectHost } from '../../base/protocol/redirect-uri.ts'
import { formatScope, includesScope } from '../../base/protocol/scope.ts'
import type { AuthorizationRequest, Client, Consent, RequestedGrant } from '../../base/store/records.ts'
import { html } from '../../base/ui/html.ts'
import { pageReply } from '../../base/ui/page.ts'
import type { Context } from '../context/context.ts'
import { checkRedirectUri, errorLocation, issueCode } from '../oauth/authorization-response.ts'
import { findClient } from '../oauth/find-client.ts'
import {
  consentBelongsToBrowser, consentBelongsToUser, consentIsOpen, consentIsWithinRequest, scopeIsKept, userApproved,
} from '../rules/authorization.ts'
import { findSession, type SignedIn } from './browser-session.ts'
import { checkFormSite, csrfField, identifyBrowser, readBrowser } from './browser.ts'
import { clientName, consentBody, consentTitle } from './consent-page.ts'
import { returnToRequest } from './return-to.ts'

/** Stores the request and shows the page. */
export async function askForConsent(
  requested: RequestedGrant, client: Client, signedIn: SignedIn, earlier: Consent | undefined, request: Request, context: Context,
): Promise<Reply> {
  const { browser, headers } = identifyBrowser(request, context)
  const consent_token = randomToken()
  const { user } = signedIn
  await context.store.addAuthorizationRequest(sha256(consent_token), {
    ...requested, browser_hash: sha256(browser), sub: user.sub, client_name: clientName(client),
  })
  const question = {
    requested, client, user, earlier,
    decisionField: html`<input type="hidden" name="consent_token" value="${consent_token}">`,
    signOutFields: html`${csrfField(browser, signedIn, context)}
<input type="hidden" name="return_to" value="${returnToRequest(request)}">`,
  }
  const frame = { site: context.config, width: 'narrow', asksUser: true } as const
  return pageReply(200, consentTitle(question, context), consentBody(question, context), frame, headers)
}

/** Handles the form of the page. Any `decision` other than `approve` denies. */
export async function decide(request: Request, context: Context): Promise<Reply> {
  const { store } = context
  checkFormSite(request, context)
  const form = await parseForm(request, context)
  const token_hash = sha256(form.get('consent_token') ?? '')
  const waiting = await store.findAuthorizationRequest(token_hash)
  context.check(consentIsOpen, waiting !== undefined)
  const browser = readBrowser(request, context)
  const isSameBrowser = browser !== undefined && constantTimeEqual(sha256(browser), waiting.browser_hash)
  context.check(consentBelongsToBrowser, isSameBrowser)
  const signedIn = await findSession(request, context)
  context.check(consentBelongsToUser, signedIn?.user.sub === waiting.sub)
  const scopes = readScopes(form, waiting, context)
  // The client may have changed its redirect URIs, or been deleted, since the page was shown.
  const client = await findClient(waiting.client_id, context)
  checkRedirectUri(waiting.redirect_uri, client?.metadata.redirect_uris ?? [], context)
  context.check(consentIsOpen, await store.useAuthorizationRequest(token_hash) !== undefined)
  return redirect(303, await applyDecision(form.get('decision') === 'approve', scopes, waiting, context))
}

/** The scopes that the user left checked, in the order of the request. */
function readScopes(form: Parameters, waiting: AuthorizationRequest, context: Context): readonly string[] {
  const checked = form.namesAfter('scope.')
  const requested = waiting.scope.split(' ')
  context.check(consentIsWithinRequest, includesScope(requested, checked), checked, requested)
  return requested.filter(scope => checked.includes(scope))
}

/** Remembers the decision and returns the URL that brings it to the client. */
async function applyDecision(
  approved: boolean, scopes: readonly string[], waiting: AuthorizationRequest, context: Context,
): Promise<string> {
  const { sub, client_id, client_name, redirect_uri } = waiting
  const redirect_host = redirectHost(redirect_uri)
  // The latest decision replaces earlier consent.
  await context.store.forgetConsent(sub, client_id, redirect_host)
  try {
    context.check(userApproved, approved)
    context.check(scopeIsKept, scopes.length > 0)
    const scope = formatScope(scopes)
    await context.store.rememberConsent({ sub, client_id, client_name, redirect_host, scope, given_at: context.now() })
    return await issueCode({ ...waiting, scope }, sub, context)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    context.audit('authorization denied', { client_id, sub, scope: waiting.scope })
    return errorLocation(waiting.redirect_uri, waiting.state, error, context)
  }
}
