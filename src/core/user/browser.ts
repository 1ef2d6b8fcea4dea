/**
 * The browser of the user: a cookie that tells it from every other, and forms that only it can send, from a page that
 * this server showed to it (RFC 6749 section 10.12).
 */
import type { Request } from '../../base/http/message.ts'
import { parseForm, type Parameters } from '../../base/http/parameters.ts'
import { constantTimeEqual, hmacSha256, randomToken } from '../../base/protocol/crypto.ts'
import { html, type Html } from '../../base/ui/html.ts'
import type { Context } from '../context/context.ts'
import { formBelongsToBrowser, formIsFromThisSite } from '../rules/user.ts'
import type { SignedIn } from './browser-session.ts'
import { cookieHeader, deriveKeys, readCookie } from './cookies.ts'

/** An hour, in seconds: longer than any page waits for an answer. */
const lifetime = 3_600

/** What tells the browser, made up where it has nothing, and the header that makes it stay. */
export function identifyBrowser(request: Request, context: Context): { browser: string; headers: Record<string, string> } {
  const browser = readBrowser(request, context) ?? randomToken()
  return { browser, headers: cookieHeader('browser', browser, lifetime, context.config) }
}

export function readBrowser(request: Request, { config }: Context): string | undefined {
  return readCookie('browser', request, config)
}

/** The field of a form that shows it to be of this browser and, where somebody is signed in, of his session. */
export function csrfField(browser: string, signedIn: SignedIn | undefined, { config }: Context): Html {
  return html`<input type="hidden" name="csrf_token" value="${csrfToken(deriveKeys('form', config)[0], browser, signedIn)}">`
}

/** Reads a form that carries the field. */
export async function parseOwnForm(request: Request, signedIn: SignedIn | undefined, context: Context): Promise<Parameters> {
  checkFormSite(request, context)
  const form = await parseForm(request, context)
  const presented = form.get('csrf_token') ?? ''
  const browser = readBrowser(request, context)
  const own = browser !== undefined
    && deriveKeys('form', context.config).some(key => constantTimeEqual(csrfToken(key, browser, signedIn), presented))
  context.check(formBelongsToBrowser, own)
  return form
}

/**
 * Checks that a form comes from a page of ours. `Origin: null` may do so: a browser sends it from a page without referrer
 * (Fetch, the Origin header). Where an old one sends no Sec-Fetch-Site beside it, the token in the form alone decides.
 */
export function checkFormSite({ headers }: Request, context: Context): void {
  const { origin = 'null', host } = headers
  const site = headers['sec-fetch-site'] ?? 'same-origin'
  const isOwn = origin === 'null' || origin === new URL(context.config.issuer).origin
    || (URL.canParse(origin) && new URL(origin).host === host)
  context.check(formIsFromThisSite, isOwn && (site === 'same-origin' || site === 'none'), [origin, site])
}

function csrfToken(key: string, browser: string, signedIn: SignedIn | undefined): string {
  return hmacSha256(key, `${browser} ${signedIn?.session_hash ?? ''}`)
}
