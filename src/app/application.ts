/**
 * The HTTP application: passes each request to the handler of its route and writes the reply. Every error is caught here,
 * and `error-reply.ts` turns it into a reply.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AbortedRequest } from '../base/http/body.ts'
import { corsHeaders, preflightHeaders } from '../base/http/cors.ts'
import { empty, type Reply, type Request } from '../base/http/message.ts'
import { Router, type Found } from '../base/http/router.ts'
import { withHeaders, writeReply } from '../base/http/write-reply.ts'
import { methodIsAllowed, pathIsKnown } from '../base/rules/http.ts'
import { securityHeaders } from '../base/ui/security-headers.ts'
import type { Context, Services } from '../core/context/context.ts'
import type { Caller } from '../core/context/recording.ts'
import { routes, type Route } from '../routes.ts'
import { errorReply } from './error-reply.ts'
import { IncomingRequest } from './incoming-request.ts'
import { checkOrigin, checkRequestHead } from './request-head.ts'
import { proxyWarning } from './warnings.ts'

export type Application = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>

const router = new Router(routes)

/** In bytes. MCP messages can carry content. Forms and client metadata are short. */
const bodyLimits = { resource: 262_144, program: 65_536, browser: 65_536 } as const

const mcpMethods = ['GET', 'POST', 'DELETE']

/** When `stopping` is aborted, open-ended event streams end. */
export function createApplication(services: Services, stopping: AbortSignal): Application {
  const warnAboutProxy = proxyWarning(services)
  const pageHeaders = securityHeaders(services.config.issuer)
  const programHeaders = { ...pageHeaders, ...corsHeaders }
  return async (incoming, outgoing) => {
    const request = new IncomingRequest(incoming, outgoing, services, stopping)
    const { context } = request
    warnAboutProxy(incoming)
    let caller: Caller
    let reply: Reply
    try {
      checkRequestHead(incoming, request, context)
      const found = router.find(request.method, request.path)
      caller = found.siblings[0]?.caller
      request.parameter = found.parameter
      reply = request.method === 'OPTIONS' && caller !== undefined
        ? preflight(request, found.siblings)
        : await handle(request, found, context)
    } catch (error) {
      if (error instanceof AbortedRequest) return
      reply = errorReply(error, request, caller, context)
    }
    const common = caller === 'browser' ? pageHeaders : programHeaders
    logExchange(request, reply, context)
    if (context.recording) await record(request, withHeaders(reply, common), caller, context)
    try {
      await writeReply(reply, common, request, outgoing)
    } catch (error) {
      // The stream failed after its head was sent. Only closing the connection can tell the client.
      context.logFailure(error)
      outgoing.destroy()
    }
  }
}

async function handle(request: IncomingRequest, { route, siblings }: Found<Route>, context: Context): Promise<Reply> {
  context.check(pathIsKnown, siblings.length > 0, request.path)
  context.check(methodIsAllowed, route !== undefined, request.method, siblings.map(({ method }) => method).join(', '))
  if (route.caller === 'resource') checkOrigin(request, context)
  request.bodyLimit = route.bodyLimit ?? bodyLimits[route.caller]
  return route.handler(request, context)
}

/** The reply to OPTIONS: the methods of the path and, if scripts may call it, the CORS headers. */
function preflight(request: Request, siblings: readonly Route[]): Reply {
  const methods = siblings.flatMap(({ method }) => method === '*' ? mcpMethods : method)
  const requested = request.headers['access-control-request-headers'] as string | undefined
  return empty(204, {
    allow: [...methods, 'OPTIONS'].join(', '),
    ...(siblings[0]!.caller === 'browser' ? {} : preflightHeaders(methods, requested)),
  })
}

/** Records the exchange before the reply is sent, so that the record exists when the client follows `error_uri`. */
async function record(request: IncomingRequest, reply: Reply, caller: Caller, context: Context): Promise<void> {
  const body = await request.body?.catch(() => '') ?? ''
  const { id, time, startedAt } = context.recording!
  try {
    context.recorder?.record({
      id, time, duration: performance.now() - startedAt, request, body, caller, reply, verdicts: context.trace,
    })
  } catch (error) {
    // If recording fails, the client still gets its reply.
    context.logFailure(error)
  }
}

function logExchange(request: Request, reply: Reply, context: Context): void {
  if (!context.config.debug) return
  const rules = context.trace.map(({ rule, passed }) => passed ? rule.id : `${rule.id} FAILED`)
  context.logger.debug('exchange', { method: request.method, path: request.path, status: reply.status, rules })
}
