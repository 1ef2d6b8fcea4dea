/** Handlers that one address may have so often in a minute and no more (RFC 6585 section 4). */
import { OAuthError } from '../base/protocol/errors.ts'
import { addressIsWithinLimits } from '../base/rules/http.ts'
import type { Limited } from '../base/store/rate-limits.ts'
import type { Context, Handler } from '../core/context/context.ts'

/** Of requests with credentials only the refused ones count, so that no address is kept from working by working. */
export function limited(kind: Limited, handler: Handler): Handler {
  return kind === 'refusals' ? limitRefusals(kind, handler) : limitRequests(kind, handler)
}

function limitRequests(kind: Limited, handler: Handler): Handler {
  return (request, context) => {
    checkLimit(kind, request.remoteAddress, context)
    context.limits.count(kind, request.remoteAddress)
    return handler(request, context)
  }
}

function limitRefusals(kind: Limited, handler: Handler): Handler {
  return async (request, context) => {
    checkLimit(kind, request.remoteAddress, context)
    try {
      return await handler(request, context)
    } catch (error) {
      if (error instanceof OAuthError) context.limits.count(kind, request.remoteAddress)
      throw error
    }
  }
}

function checkLimit(kind: Limited, address: string, context: Context): void {
  const seconds = context.limits.secondsLeft(kind, address)
  context.check(addressIsWithinLimits, seconds === 0, address, seconds)
}
