/** Which redirects the client follows (RFC 9110 section 15.4). */
import { redactUrl } from '../protocol/redact.ts'

/** More than any honest server needs. */
export const maxRedirects = 5

export type Redirect = { readonly target: string } | { readonly problem: string }

/**
 * Returns where a response redirects to, or why the client does not go there. A request may carry a code or a token, so it
 * never leaves its origin. Only 307 and 308 keep the method: after any other status a POST would become a GET.
 */
export function readRedirect(method: string, url: string, status: number, location: string | null): Redirect | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined
  if (location === null) return { problem: `${status} without a Location` }
  const problem = (reason: string): Redirect => ({ problem: `${status} with the Location ${redactUrl(location.slice(0, 300))}, ${reason}` })
  if (!URL.canParse(location, url)) return problem('which is not a URL')
  const target = new URL(location, url)
  target.hash = ''
  if (target.origin !== new URL(url).origin) return problem('which is on another origin')
  // Node would send them as credentials.
  if (target.username !== '' || target.password !== '') return problem('which has a user name')
  if (method !== 'GET' && status < 307) return problem(`which would turn the ${method} into a GET`)
  return { target: target.href }
}
