/** Where the browser returns to after sign-in: an authorization request, or a page of this server. */
import type { Request } from '../../base/http/message.ts'
import type { Parameters } from '../../base/http/parameters.ts'
import type { Context } from '../context/context.ts'
import { returnToIsLocal } from '../rules/user.ts'

/**
 * The authorization request, without the prompts to sign in again. If another site sent the browser here, `prompt=consent`
 * is added: coming back from our own page must not make `consentApplies` take the request for our own.
 */
export function returnToRequest({ query, headers }: Request): string {
  const site = headers['sec-fetch-site']
  // RFC 6749 section 3.1: an empty parameter counts as omitted.
  const prompts = new Set(readPrompts(new URLSearchParams(query).getAll('prompt').find(Boolean)))
  prompts.delete('login')
  prompts.delete('select_account')
  if (site !== 'none' && site !== 'same-origin') prompts.add('consent')
  const pairs = query.split('&').filter(pair => !new URLSearchParams(pair).has('prompt'))
  if (prompts.size > 0) pairs.push(`prompt=${[...prompts].join('+')}`)
  return `/oauth/authorize?${pairs.join('&')}`
}

/** The values of `prompt` that this server supports (OpenID Connect Core 1.0 section 3.1.2.1). */
export function readPrompts(prompt: string | undefined): readonly string[] {
  const known = ['none', 'login', 'consent', 'select_account']
  return (prompt ?? '').split(' ').filter(value => known.includes(value))
}

/** Reads `return_to` as raw text: a URL parser could find another host in it (open redirector). */
export function readReturnTo(parameters: Parameters, context: Context): string {
  const return_to = parameters.get('return_to') ?? '/account'
  context.check(returnToIsLocal, /^(?:\/|\/account|\/oauth\/authorize\?[\x21-\x7e]*)$/.test(return_to))
  return return_to
}

/**
 * Reads `return_to` from a link to the sign-in page. It must not be an authorization request: a link on another site would
 * make that request look like our own to `consentApplies`.
 */
export function readPageToReturnTo(parameters: Parameters, context: Context): string {
  const return_to = readReturnTo(parameters, context)
  context.check(returnToIsLocal, !return_to.startsWith('/oauth/'))
  return return_to
}
