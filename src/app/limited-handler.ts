/** Limits how often one address may call a handler per minute (RFC 6585 section 4). */
import { OAuthError } from '../base/protocol/errors.ts'
import { addressIsWithinLimits } from '../base/rules/http.ts'
import type { Limited } from '../base/store/rate-limits.ts'
import type { Context, Handler } from '../core/context/context.ts'

/** `refusals` counts only rejected requests, so that requests with valid credentials never use up the limit. */
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
