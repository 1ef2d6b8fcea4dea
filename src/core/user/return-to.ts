/** Where the browser goes back to after it was at the sign-in page: an authorization request, or a page of our own. */
import type { Request } from '../../base/http/message.ts'
import type { Parameters } from '../../base/http/parameters.ts'
import type { Context } from '../context/context.ts'
import { returnToIsLocal } from '../rules/user.ts'

/**
 * The authorization request as it came, but that it does not ask to sign in again. Where another site sent the browser
 * here, coming back from our own page must not hide that: such a request asks for consent.
 */
export function returnToRequest({ query, headers }: Request): string {
  const site = headers['sec-fetch-site']
  // RFC 6749 section 3.1: an empty one counts as omitted, as in `authorize`.
  const prompts = new Set(readPrompts(new URLSearchParams(query).getAll('prompt').find(Boolean)))
  prompts.delete('login')
  prompts.delete('select_account')
  if (site !== 'none' && site !== 'same-origin') prompts.add('consent')
  const pairs = query.split('&').filter(pair => !new URLSearchParams(pair).has('prompt'))
  if (prompts.size > 0) pairs.push(`prompt=${[...prompts].join('+')}`)
  return `/oauth/authorize?${pairs.join('&')}`
}

/** The values of `prompt` that mean something here (OpenID Connect Core 1.0 section 3.1.2.1). */
export function readPrompts(prompt: string | undefined): readonly string[] {
  const known = ['none', 'login', 'consent', 'select_account']
  return (prompt ?? '').split(' ').filter(value => known.includes(value))
}

/** The pages that one can return to, as they are written: whatever a URL parser might take for another host is none of them. */
export function readReturnTo(parameters: Parameters, context: Context): string {
  const return_to = parameters.get('return_to') ?? '/account'
  context.check(returnToIsLocal, /^(?:\/|\/account|\/oauth\/authorize\?[\x21-\x7e]*)$/.test(return_to))
  return return_to
}

/**
 * Where a link to the sign-in page may lead on to: to no authorization request, since a link of another site with one would
 * come back to it as from ourselves.
 */
export function readPageToReturnTo(parameters: Parameters, context: Context): string {
  const return_to = readReturnTo(parameters, context)
  context.check(returnToIsLocal, !return_to.startsWith('/oauth/'))
  return return_to
}
