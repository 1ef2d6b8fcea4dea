/** Whether a URL that a server named may be used (OAuth 2.1 section 1.5). */
import { isLoopbackHost } from '../config.ts'
import { redactUrl } from '../http/redact.ts'
import { endpointIsSecure } from '../rules/client.ts'
import type { Trace } from './trace.ts'

/** Addresses that no server on the internet has a reason to name: private, link-local, unspecified, carrier-grade. */
const privateAddress = /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.|^\[(?:::|f[cd]|fe[89ab])/i

/**
 * Checks `url`, which was named by the server at `namedBy`: https, or http on loopback; and nothing private, unless
 * the server that names it is private itself.
 */
export function checkEndpoint(url: unknown, namedBy: string, trace: Trace): asserts url is string {
  const problem = typeof url === 'string' ? endpointProblem(url, namedBy) : 'it is not a URL'
  // A redirect of the authorization server may carry a code.
  trace.check(endpointIsSecure, problem === undefined, typeof url === 'string' ? redactUrl(url) : url, problem)
}

function endpointProblem(url: string, namedBy: string): string | undefined {
  if (!/^https?:\/\/(?!\/)[\x21-\x7e]+$/i.test(url) || !URL.canParse(url)) return 'it is not an http or https URL'
  const { protocol, hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') return 'it has a user name'
  // The parser does not tell an empty fragment from none.
  if (url.includes('#')) return 'it has a fragment'
  if (protocol === 'http:' && !isLoopbackHost(hostname)) return 'it is http, beyond this machine'
  if (isPrivate(hostname) && !isPrivate(new URL(namedBy).hostname)) return `it is in a private network, and ${namedBy} is not`
  return undefined
}

function isPrivate(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/.test(hostname) || privateAddress.test(hostname)
}
