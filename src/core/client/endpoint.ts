/** Whether a URL that a server named may be used (OAuth 2.1 section 1.5, RFC 9728 section 7.7). */
import { isIP } from 'node:net'
import type { Trace } from '../../base/client/trace.ts'
import { isLoopbackHost } from '../../base/config/config.ts'
import { isLoopbackAddress, isPrivateAddress, isPublicAddress } from '../../base/http/special-address.ts'
import { redactUrl } from '../../base/protocol/redact.ts'
import { endpointIsSecure } from '../rules/client.ts'

/** Longer ones no browser takes as an argument, and no server as a request line (RFC 9110 section 4.1). */
const maxLength = 8000

/**
 * Checks `url`, which was named by the server at `namedBy`: https, or http on loopback; and no address that is nearer
 * than the server that names it.
 *
 * Addresses are judged, names are not: what a name leads to has to prove by its certificate that the name is its own
 * before it gets a byte of the request, and names of an enterprise lead into private networks for good reasons.
 */
export function checkEndpoint(url: unknown, namedBy: string, trace: Trace): asserts url is string {
  const problem = typeof url === 'string' ? endpointProblem(url, namedBy) : 'it is not a URL'
  // A redirect of the authorization server may carry a code.
  trace.check(endpointIsSecure, problem === undefined, typeof url === 'string' ? redactUrl(url) : url, problem)
}

function endpointProblem(url: string, namedBy: string): string | undefined {
  if (url.length > maxLength) return `it is longer than ${maxLength} characters`
  const authority = /^https?:\/\/([^/?#\\]+)[\x21-\x5b\x5d-\x7e]*$/i.exec(url)?.[1]
  if (authority === undefined || !URL.canParse(url)) return 'it is not an http or https URL'
  const { protocol, hostname, host, username, password } = new URL(url)
  if (username !== '' || password !== '' || authority.includes('@')) return 'it has a user name'
  // The parser does not tell an empty fragment from none.
  if (url.includes('#')) return 'it has a fragment'
  // `127.1`, `0x7f000001` and `127%2e0.0.1` are 127.0.0.1 to one parser and a name to another.
  const port = protocol === 'https:' ? /:443$/ : /:80$/
  if (authority.toLowerCase().replace(port, '') !== host) return 'its host is not written as it is read'
  if (protocol === 'http:' && !isLoopbackHost(hostname)) return 'it is http, beyond this machine'
  return isWithinReach(hostname, new URL(namedBy).hostname) ? undefined : `it is nearer to this machine than ${namedBy}`
}

/** A server on the internet names no private network, and this machine is named by itself alone. */
function isWithinReach(hostname: string, namedBy: string): boolean {
  if (isOfThisMachine(hostname)) return isOfThisMachine(namedBy)
  const address = addressOf(hostname)
  if (isIP(address) === 0 || isPublicAddress(address)) return true
  // Link-local addresses, where clouds keep their credentials, and those that are reserved belong to no server.
  return isPrivateAddress(address) && isPrivateAddress(addressOf(namedBy))
}

function isOfThisMachine(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/.test(hostname) || isLoopbackAddress(addressOf(hostname))
}

/** An IPv6 address without its brackets. */
function addressOf(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}
