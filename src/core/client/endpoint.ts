/** Whether the client may use a URL that a server named (OAuth 2.1 section 1.5, RFC 9728 section 7.7). */
import { isIP } from 'node:net'
import type { Trace } from '../../base/client/trace.ts'
import { isLoopbackHost } from '../../base/protocol/loopback.ts'
import { isLoopbackAddress, isPrivateAddress, isPublicAddress } from '../../base/http/special-address.ts'
import { redactUrl } from '../../base/protocol/redact.ts'
import { endpointIsSecure } from '../rules/client.ts'

/** Browsers do not accept longer URLs as an argument, nor servers as a request line (RFC 9110 section 4.1). */
const maxLength = 8000

/**
 * Checks `url`, which the server at `namedBy` named: it is https, or http on loopback, and it does not lead into a network
 * that the server itself is not in (SSRF).
 *
 * This checks addresses, not names. A host must prove its name by a certificate before it gets a byte of the request, and
 * enterprises have good reasons for names in private networks.
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
  // The URL parser does not distinguish an empty fragment from none.
  if (url.includes('#')) return 'it has a fragment'
  // `127.1`, `0x7f000001` and `127%2e0.0.1` are 127.0.0.1 to one parser and a name to another.
  const port = protocol === 'https:' ? /:443$/ : /:80$/
  if (authority.toLowerCase().replace(port, '') !== host) return 'its host is ambiguous'
  if (protocol === 'http:' && !isLoopbackHost(hostname)) return 'it is http to another machine'
  return isReachableFrom(hostname, new URL(namedBy).hostname) ? undefined : `it is in a network that ${namedBy} is not in`
}

/** Only this machine may name itself, and only a server in a private network may name addresses in private networks. */
function isReachableFrom(hostname: string, namedBy: string): boolean {
  if (isThisMachine(hostname)) return isThisMachine(namedBy)
  const address = addressOf(hostname)
  if (isIP(address) === 0 || isPublicAddress(address)) return true
  // All others are link-local, where clouds keep their credentials, or reserved.
  return isPrivateAddress(address) && isPrivateAddress(addressOf(namedBy))
}

function isThisMachine(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/.test(hostname) || isLoopbackAddress(addressOf(hostname))
}

/** An IPv6 address without its brackets. */
function addressOf(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}
