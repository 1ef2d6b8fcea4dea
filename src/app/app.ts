/**
 * The HTTP application: turns what `node:http` received into a `Request`, asks the route for a `Reply`, and writes it.
 * Errors end here, and become a reply in `app/error-reply.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { isLoopbackHost, type Config } from '../base/config/config.ts'
import { Context, type Recording, type Services } from '../core/context/context.ts'
import { errorReply, type Caller } from './error-reply.ts'
import { AbortedRequest, readBody } from '../base/http/body.ts'
import { corsHeaders, preflightHeaders } from '../base/http/cors.ts'
import { empty, type Reply, type Request } from '../base/http/message.ts'
import { Router, type Found } from '../base/http/router.ts'
import { securityHeaders } from '../base/ui/security-headers.ts'
import { withHeaders, writeReply } from '../base/http/write-reply.ts'
import { routes, type Route } from '../routes.ts'
import {
  authorizationIsSentOnce, contentTypeIsSentOnce, expectationIsKnown, hostIsSentOnce, hostIsServed, httpVersionIsOne,
  methodIsAllowed, originIsAllowed, pathIsKnown, requestTargetIsAPath, transferCodingIsChunked,
} from '../base/rules/http.ts'

export type Application = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>

const router = new Router(routes)

/** In bytes: an MCP message may carry content, a form and client metadata have no reason to be long. */
const bodyLimits = { resource: 262_144, program: 65_536, browser: 65_536 } as const

const methodsOfMcp = ['GET', 'POST', 'DELETE']

/** Once `stopping` is aborted, replies that would go on for ever end. */
export function createApplication(services: Services, stopping: AbortSignal): Application {
  const warnOnce = proxyWarning(services)
  const pageHeaders = securityHeaders(services.config.issuer)
  const programHeaders = { ...pageHeaders, ...corsHeaders }
  return async (incoming, outgoing) => {
    const request = new IncomingRequest(incoming, outgoing, services, stopping)
    const { context } = request
    warnOnce(incoming)
    let caller: Caller
    let reply: Reply
    try {
      checkRequestHead(incoming, context)
      const found = router.find(request.method, request.path)
      caller = found.siblings[0]?.caller
      request.parameter = found.parameter
      reply = request.method === 'OPTIONS' && caller !== undefined
        ? preflight(request, found.siblings)
        : await answer(request, found, context)
    } catch (error) {
      if (error instanceof AbortedRequest) return
      reply = errorReply(error, request, caller, context)
    }
    const common = caller === 'browser' ? pageHeaders : programHeaders
    logExchange(request, reply, context)
    if (context.recording) await record(request, withHeaders(reply, common), caller, context, context.recording)
    try {
      await writeReply(reply, common, request, outgoing)
    } catch (error) {
      // A stream failed whose head is sent: only the end of the connection can say so.
      context.logFailure(error)
      outgoing.destroy()
    }
  }
}

async function answer(request: IncomingRequest, { route, siblings }: Found<Route>, context: Context): Promise<Reply> {
  context.check(pathIsKnown, siblings.length > 0, request.path)
  context.check(methodIsAllowed, route !== undefined, request.method, siblings.map(({ method }) => method).join(', '))
  if (route.caller === 'resource') checkOrigin(request, context)
  request.bodyLimit = route.bodyLimit ?? bodyLimits[route.caller]
  return route.handler(request, context)
}

/** A `Request` over what Node received. */
class IncomingRequest implements Request {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: IncomingMessage['headers']
  readonly remoteAddress: string
  readonly context: Context
  parameter = ''
  bodyLimit = 0
  /** The body, once a handler asked for it. */
  body: Promise<string> | undefined
  private readonly incoming: IncomingMessage
  private readonly outgoing: ServerResponse
  private readonly stopping: AbortSignal
  private controller: AbortController | undefined

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, services: Services, stopping: AbortSignal) {
    const target = incoming.url ?? ''
    const mark = target.indexOf('?')
    this.method = incoming.method ?? ''
    this.path = localPath(mark < 0 ? target : target.slice(0, mark), services.config.basePath)
    this.query = mark < 0 ? '' : target.slice(mark + 1)
    this.headers = incoming.headers
    this.remoteAddress = remoteAddressOf(incoming, services.config)
    this.incoming = incoming
    this.outgoing = outgoing
    this.stopping = stopping
    this.context = new Context(services, this)
  }

  text(): Promise<string> {
    const proceed = this.headers.expect === undefined ? undefined : () => this.outgoing.writeContinue()
    return this.body = readBody(this.incoming, this.bodyLimit, this.context, proceed)
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      const controller = new AbortController()
      const abort = () => controller.abort()
      this.stopping.addEventListener('abort', abort)
      this.outgoing.once('close', abort).once('close', () => this.stopping.removeEventListener('abort', abort))
      if (this.stopping.aborted || this.outgoing.destroyed) abort()
      this.controller = controller
    }
    return this.controller.signal
  }
}

/**
 * The path below that of SERVER_URL. A well-known URI is found in the inserted form of RFC 8414 section 3.1
 * (`/.well-known/name/tenant`) and in the appended form (`/tenant/.well-known/name`). A proxy may have taken the path
 * of SERVER_URL away already, so a path without it is served as well.
 */
function localPath(path: string, basePath: string): string {
  if (basePath === '') return path
  if (isBelow(path, basePath)) return path.slice(basePath.length) || '/'
  const [, wellKnown, rest] = /^(\/\.well-known\/[^/]+)(\/.*)$/.exec(path) ?? []
  return wellKnown !== undefined && isBelow(rest!, basePath) ? wellKnown + rest!.slice(basePath.length) : path
}

function isBelow(path: string, basePath: string): boolean {
  return path === basePath || path.startsWith(`${basePath}/`)
}

/** The address that the connection comes from, or that the proxy in front of this server saw it come from. */
function remoteAddressOf({ socket, headers }: IncomingMessage, { behindProxy }: Config): string {
  const forwarded = behindProxy ? String(headers['x-forwarded-for'] ?? '') : ''
  // The proxy appends what it sees; whatever stands before that, the client may have written.
  const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim()
  return isIP(last) === 0 ? socket.remoteAddress ?? '' : last
}

/** What no component may read differently from another: version, target, framing, Host, Authorization and Content-Type. */
function checkRequestHead(incoming: IncomingMessage, context: Context): void {
  const { url = '', headers, headersDistinct, httpVersion } = incoming
  context.check(httpVersionIsOne, httpVersion === '1.1' || httpVersion === '1.0', httpVersion)
  // Node passes absolute-form and `*` on as they are, and of two headers it silently keeps the first.
  context.check(requestTargetIsAPath, url.startsWith('/') && !url.startsWith('//'))
  context.check(hostIsSentOnce, headersDistinct['host']?.length === 1)
  context.check(authorizationIsSentOnce, (headersDistinct['authorization']?.length ?? 0) <= 1)
  context.check(contentTypeIsSentOnce, (headersDistinct['content-type']?.length ?? 0) <= 1)
  const coding = headers['transfer-encoding']
  context.check(transferCodingIsChunked, coding === undefined || (httpVersion === '1.1' && coding.toLowerCase() === 'chunked'))
  const { expect } = headers
  context.check(expectationIsKnown, expect === undefined || expect.toLowerCase() === '100-continue', expect)
  const host = headersDistinct['host'][0]!.toLowerCase()
  context.check(hostIsServed, isServedHost(host, context.config), host)
}

function isServedHost(host: string, config: Config): boolean {
  const hostname = host.replace(/:\d*$/, '')
  return isLoopbackHost(hostname) || hostname === new URL(config.issuer).hostname || config.allowedHosts.includes(hostname)
}

/** MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint: against DNS rebinding. */
function checkOrigin(request: Request, context: Context): void {
  const { origin } = request.headers
  const { issuer, allowedOrigins } = context.config
  if (origin === undefined) return
  // As a browser writes it: a URL parser would read `http://127.1` and `evil://localhost` as loopback, too.
  const [, hostname = ''] = /^https?:\/\/(\[[^\]/]+\]|[^/:]+)(?::\d{1,5})?$/i.exec(origin) ?? []
  const loopback = isLoopbackHost(hostname.toLowerCase())
  const allowed = loopback || origin === new URL(issuer).origin
    || allowedOrigins.includes(origin.toLowerCase()) || allowedOrigins.includes('*')
  context.check(originIsAllowed, allowed, origin)
}

/** The answer to OPTIONS: what the path takes, and for a path that scripts may call also what a browser asks (CORS). */
function preflight(request: Request, siblings: readonly Route[]): Reply {
  const methods = siblings.flatMap(({ method }) => method === '*' ? methodsOfMcp : method)
  const requested = request.headers['access-control-request-headers'] as string | undefined
  return empty(204, {
    allow: [...methods, 'OPTIONS'].join(', '),
    ...(siblings[0]!.caller === 'browser' ? {} : preflightHeaders(methods, requested)),
  })
}

/** Before the reply is sent, so that whoever follows its `error_uri` finds the record. */
async function record(
  request: IncomingRequest, reply: Reply, caller: Caller, context: Context, recording: Recording,
): Promise<void> {
  const body = await request.body?.catch(() => '') ?? ''
  const { id, time, begun } = recording
  try {
    context.recorder?.record({
      id, time, duration: performance.now() - begun, request, body, caller, reply, verdicts: context.trace,
    })
  } catch (error) {
    // What cannot be recorded is answered all the same.
    context.logFailure(error)
  }
}

function logExchange(request: Request, reply: Reply, context: Context): void {
  if (!context.config.debug) return
  const rules = context.trace.map(({ rule, passed }) => passed ? rule.id : `${rule.id} FAILED`)
  context.logger.debug('exchange', { method: request.method, path: request.path, status: reply.status, rules })
}

/** SERVER_URL is the only source of URLs: a header cannot change them. So say it once when they seem to be wrong. */
function proxyWarning({ config, logger }: Services): (incoming: IncomingMessage) => void {
  let warned = !config.issuer.startsWith('http:')
  return ({ headers }) => {
    if (warned || headers['x-forwarded-proto'] !== 'https') return
    warned = true
    const seen = headers['x-forwarded-host'] ?? headers.host
    logger.warn('a proxy speaks https, but SERVER_URL says http', {
      fix: `set SERVER_URL to the https URL that clients use, such as https://${seen}`,
    })
  }
}
