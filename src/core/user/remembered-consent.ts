/** Decides whether an earlier consent applies to a request, so that the user is not asked again. */
import type { Request } from '../../base/http/message.ts'
import { includesScope } from '../../base/protocol/scope.ts'
import type { Consent, RequestedGrant } from '../../base/store/records.ts'

/**
 * RFC 8252 section 8.6: only if the identity of the client is assured. An https redirect URI assures it: the code reaches the
 * host that the user approved. Any program can listen on loopback or claim a private-use scheme, so there the user is always
 * asked.
 *
 * And only if no other site sent the browser here: that site would learn, without a click, that the user uses the client
 * (W3C Fetch Metadata section 2.3). A browser that sends no Sec-Fetch-Site counts as sent by another site.
 */
export function consentApplies(earlier: Consent, { redirect_uri, scope }: RequestedGrant, request: Request): boolean {
  const site = request.headers['sec-fetch-site']
  return /^https:/i.test(redirect_uri)
    && includesScope(earlier.scope.split(' '), scope.split(' '))
    && (site === 'none' || site === 'same-origin')
}
