/** Whether what a user allowed before answers a request now, so that he is not asked again. */
import type { Request } from '../../base/http/message.ts'
import { includesScope } from '../../base/protocol/scope.ts'
import type { Consent, RequestedGrant } from '../../base/store/records.ts'

/**
 * RFC 8252 section 8.6: an earlier consent answers only for a client whose identity is assured, and an https redirect is
 * what assures it, since the code then reaches the host that the user judged. Any program can listen on loopback or claim a
 * private-use scheme, so that there the user is always asked.
 *
 * Nor does it answer where another site sent the browser here: that site would learn, without a click, who uses the client
 * (W3C Fetch Metadata section 2.3). A browser that does not say who sent it counts as sent by another site.
 */
export function consentApplies(earlier: Consent, { redirect_uri, scope }: RequestedGrant, request: Request): boolean {
  const site = request.headers['sec-fetch-site']
  return /^https:/i.test(redirect_uri)
    && includesScope(earlier.scope.split(' '), scope.split(' '))
    && (site === 'none' || site === 'same-origin')
}
