/**
 * Identifies the browser by a cookie, and protects forms against CSRF (RFC 6749 section 10.12): a form is accepted only from
 * the browser that this server showed it to.
 */
import type { Request } from '../../base/http/message.ts'
import { parseForm, type Parameters } from '../../base/http/parameters.ts'
import { constantTimeEqual, hmacSha256, randomToken } from '../../base/protocol/crypto.ts'
import { html, type Html } from '../../base/ui/html.ts'
import type { Context } from '../context/context.ts'
import { formBelongsToBrowser, formIsFromThisSite } from '../rules/user.ts'
import type { SignedIn } from './browser-session.ts'
import { cookieHeader, deriveKeys, readCookie } from './cookies.ts'

/** One hour, in seconds. A form that is submitted later is rejected. */
const lifetime = 3_600

/** The id of the browser, a new one if it has none, and the header that sets or renews its cookie. */
export function identifyBrowser(request: Request, context: Context): { browser: string; headers: Record<string, string> } {
  const browser = readBrowser(request, context) ?? randomToken()
  return { browser, headers: cookieHeader('browser', browser, lifetime, context.config) }
}

export function readBrowser(request: Request, { config }: Context): string | undefined {
  return readCookie('browser', request, config)
}

/** The hidden field that binds a form to this browser and, if somebody is signed in, to their session. */
export function csrfField(browser: string, signedIn: SignedIn | undefined, { config }: Context): Html {
  return html`<input type="hidden" name="csrf_token" value="${csrfToken(deriveKeys('form', config)[0], browser, signedIn)}">`
}

/** Reads a form that contains a `csrfField`. */
export async function parseOwnForm(request: Request, signedIn: SignedIn | undefined, context: Context): Promise<Parameters> {
  checkFormSite(request, context)
  const form = await parseForm(request, context)
  const presented = form.get('csrf_token') ?? ''
  const browser = readBrowser(request, context)
  const isOwn = browser !== undefined
    && deriveKeys('form', context.config).some(key => constantTimeEqual(csrfToken(key, browser, signedIn), presented))
  context.check(formBelongsToBrowser, isOwn)
  return form
}

/**
 * Checks that one of our own pages sent the form. `Origin: null` passes, because browsers send it from pages that send no
 * Referer (Fetch, the Origin header). Old browsers do not send Sec-Fetch-Site. Then only the token in the form decides.
 */
export function checkFormSite({ headers }: Request, context: Context): void {
  const { origin = 'null', host } = headers
  const site = headers['sec-fetch-site'] ?? 'same-origin'
  const isOwnOrigin = origin === 'null' || origin === new URL(context.config.issuer).origin
    || (URL.canParse(origin) && new URL(origin).host === host)
  const isOwnSite = site === 'same-origin' || site === 'none'
  context.check(formIsFromThisSite, isOwnOrigin && isOwnSite, [origin, site])
}

function csrfToken(key: string, browser: string, signedIn: SignedIn | undefined): string {
  return hmacSha256(key, `${browser} ${signedIn?.session_hash ?? ''}`)
}
