/** Rejects requests that a proxy and this server could read differently (request smuggling), and foreign hosts and origins. */
import type { IncomingMessage } from 'node:http'
import type { Config } from '../base/config/config.ts'
import type { Request } from '../base/http/message.ts'
import { isLoopbackHost } from '../base/protocol/loopback.ts'
import { headerValues } from '../base/http/request-headers.ts'
import {
  authorizationIsSentOnce, contentTypeIsSentOnce, expectationIsKnown, hostIsSentOnce, hostIsServed, httpVersionIsOne,
  originIsAllowed, requestTargetIsAPath, transferCodingIsChunked,
} from '../base/rules/http.ts'
import type { Context } from '../core/context/context.ts'
import type { IncomingRequest } from './incoming-request.ts'

export function checkRequestHead(incoming: IncomingMessage, { target, headers }: IncomingRequest, context: Context): void {
  const { headersDistinct, httpVersion } = incoming
  context.check(httpVersionIsOne, httpVersion === '1.1' || httpVersion === '1.0', httpVersion)
  context.check(requestTargetIsAPath, target.startsWith('/') && !target.startsWith('//'))
  // Node silently drops all but the first of repeated Host and Authorization headers.
  context.check(hostIsSentOnce, headersDistinct['host']?.length === 1)
  context.check(authorizationIsSentOnce, (headersDistinct['authorization']?.length ?? 0) <= 1)
  const types = headerValues('content-type', headersDistinct['content-type'])
  context.check(contentTypeIsSentOnce, types.length <= 1, types.join(' and '))
  // The raw header, because `request.headers` merges repeated values: `chunked` twice is not `chunked`.
  const coding = incoming.headers['transfer-encoding']
  context.check(transferCodingIsChunked, coding === undefined || (httpVersion === '1.1' && coding.toLowerCase() === 'chunked'))
  const { expect } = headers
  context.check(expectationIsKnown, expect === undefined || expect.toLowerCase() === '100-continue', expect)
  const host = (headers.host ?? '').toLowerCase()
  context.check(hostIsServed, isServedHost(host, context.config), host)
}

function isServedHost(host: string, config: Config): boolean {
  const hostname = host.replace(/:\d*$/, '')
  return isLoopbackHost(hostname) || hostname === new URL(config.issuer).hostname || config.allowedHosts.includes(hostname)
}

/** Prevents DNS rebinding (MCP 2026-07-28 basic/transports/streamable-http, Security & Endpoint). */
export function checkOrigin(request: Request, context: Context): void {
  const { origin } = request.headers
  if (origin !== undefined) context.check(originIsAllowed, isAllowedOrigin(origin, context.config), origin)
}

function isAllowedOrigin(origin: string, { issuer, allowedOrigins }: Config): boolean {
  // No URL parser: it would also accept `http://127.1` and `evil://localhost` as loopback, which no browser sends.
  const [, hostname = ''] = /^https?:\/\/(\[[^\]/]+\]|[^/:]+)(?::\d{1,5})?$/i.exec(origin) ?? []
  return isLoopbackHost(hostname.toLowerCase())
    || origin === new URL(issuer).origin
    || allowedOrigins.includes(origin.toLowerCase())
    || allowedOrigins.includes('*')
}
