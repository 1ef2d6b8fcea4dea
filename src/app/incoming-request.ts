/** The `Request` that handlers get, on top of Node's: the path below SERVER_URL, the client address, the body on demand. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Config } from '../base/config/config.ts'
import { readBody } from '../base/http/body.ts'
import type { Request } from '../base/http/message.ts'
import { readHeaders } from '../base/http/request-headers.ts'
import { Context, type Services } from '../core/context/context.ts'

export class IncomingRequest implements Request {
  readonly method: string
  /** The request target in origin-form, if it can be converted. */
  readonly target: string
  readonly path: string
  readonly query: string
  readonly headers: IncomingHttpHeaders
  readonly remoteAddress: string
  readonly context: Context
  parameter = ''
  bodyLimit = 0
  /** Undefined until a handler reads the body. */
  body: Promise<string> | undefined
  private readonly incoming: IncomingMessage
  private readonly outgoing: ServerResponse
  private readonly stopping: AbortSignal
  private controller: AbortController | undefined

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, services: Services, stopping: AbortSignal) {
    const { target, headers } = readTarget(incoming.url ?? '', readHeaders(incoming))
    const mark = target.indexOf('?')
    this.method = incoming.method ?? ''
    this.path = localPath(mark < 0 ? target : target.slice(0, mark), services.config.basePath)
    this.query = mark < 0 ? '' : target.slice(mark + 1)
    this.target = target
    this.headers = headers
    this.remoteAddress = remoteAddressOf(incoming, services.config)
    this.incoming = incoming
    this.outgoing = outgoing
    this.stopping = stopping
    this.context = new Context(services, this)
  }

  text(): Promise<string> {
    const proceed = this.headers.expect === undefined ? undefined : () => this.outgoing.writeContinue()
    return this.body = readBody(this.incoming, this.headers, this.bodyLimit, this.context, proceed)
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

/** RFC 9112 section 3.2.2: the host of a target in absolute-form overrides the Host header. */
function readTarget(target: string, headers: IncomingHttpHeaders): { target: string; headers: IncomingHttpHeaders } {
  const [, host, rest = ''] = /^https?:\/\/([^/?#@]+)([/?].*)?$/i.exec(target) ?? []
  if (host === undefined) return { target, headers }
  return { target: rest.startsWith('/') ? rest : `/${rest}`, headers: { ...headers, host } }
}

/**
 * Removes the path of SERVER_URL. Well-known URIs work in the inserted form of RFC 8414 section 3.1
 * (`/.well-known/name/tenant`) and in the appended form (`/tenant/.well-known/name`). A path without it works as well,
 * because some proxies remove it.
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

/** The address of the peer or, behind a proxy, the address that the proxy saw. */
function remoteAddressOf({ socket, headers }: IncomingMessage, { behindProxy }: Config): string {
  const forwarded = behindProxy ? String(headers['x-forwarded-for'] ?? '') : ''
  // The proxy appends what it sees. A client can forge everything before that.
  const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim()
  return isIP(last) === 0 ? socket.remoteAddress ?? '' : last
}
