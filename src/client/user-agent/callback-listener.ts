/** Receives the authorization response on loopback (RFC 8252 section 7.3). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { splitQuery } from '../../base/protocol/redirect-uri.ts'
import { contentSecurityPolicy } from '../../base/ui/page.ts'
import type { PendingAuthorization } from '../../core/client/authorization-request.ts'
import { answers, brokenIssuerRule } from '../../core/client/authorization-response.ts'
import { denialPage, nothingPage, otherIssuerPage, strayPage, successPage, type CallbackPage } from './callback-pages.ts'
import { ClientError, exitCodes } from '../../base/client/errors.ts'

const callbackPath = '/callback'

/** In milliseconds: five minutes to sign in and decide. */
const userTimeout = 300_000

/** Beyond this the oldest connection is closed, so that idle connections cannot block the real callback. */
const maxConnections = 32

/** In bytes: the code may be long, and a browser sends the cookies of every program on this host with it. */
const maxHeaderSize = 262_144

export class CallbackListener {
  readonly redirect_uri: string
  private readonly servers: Server[] = []
  private pending: PendingAuthorization | undefined
  private settle: ((response: URLSearchParams) => void) | undefined
  private timer: NodeJS.Timeout | undefined
  private readonly connections = new Set<Socket>()

  private constructor(server: Server, redirect_uri: string) {
    this.redirect_uri = redirect_uri
    this.serve(server)
  }

  /** Listens on a loopback port, or on any free one if `port` is 0. For `localhost` it listens on IPv4 and IPv6. */
  static async open(host: string, port: number): Promise<CallbackListener> {
    const server = await listen(host === '[::1]' ? '::1' : '127.0.0.1', port)
    const boundPort = (server.address() as AddressInfo).port
    const listener = new CallbackListener(server, `http://${host}:${boundPort}${callbackPath}`)
    if (host !== 'localhost') return listener
    try {
      listener.serve(await listen('::1', boundPort))
      return listener
    } catch (error) {
      // Only a taken port is a ClientError. Anything else means that this machine has no IPv6.
      if (!(error instanceof ClientError)) return listener
      // A browser may try ::1 first and hand the code to the program that owns the port there.
      await listener.close()
      if (port !== 0) throw error
      return CallbackListener.open(host, 0)
    }
  }

  /** Waits for the response to `pending`, and rejects every other request meanwhile. */
  receive(pending: PendingAuthorization): Promise<URLSearchParams> {
    this.pending = pending
    return new Promise((resolve, reject) => {
      this.timer = setTimeout(() => reject(noResponse()), userTimeout)
      this.settle = response => {
        clearTimeout(this.timer)
        resolve(response)
      }
    })
  }

  async close(): Promise<void> {
    clearTimeout(this.timer)
    await Promise.all(this.servers.map(server => new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })))
  }

  private serve(server: Server): void {
    this.servers.push(server)
    server.on('request', (incoming, outgoing) => this.answer(incoming, outgoing))
    server.on('connection', socket => this.admit(socket))
  }

  private admit(socket: Socket): void {
    this.connections.add(socket)
    socket.once('close', () => this.connections.delete(socket))
    const [oldest] = this.connections
    if (this.connections.size > maxConnections) oldest!.destroy()
  }

  private answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const [path, query] = splitQuery(incoming.url ?? '')
    const response = new URLSearchParams(query)
    if (incoming.method !== 'GET' || path.replace(/\/$/, '') !== callbackPath) return reply(outgoing, nothingPage())
    // Login CSRF: a stray or forged callback must not end the wait for the real one.
    if (!this.pending || !answers(response, this.pending)) return reply(outgoing, strayPage())
    outgoing.once('close', () => this.settle?.(response))
    reply(outgoing, pageFor(response, this.pending))
  }
}

/** Quotes the response only if it comes from the issuer that was asked. Otherwise it may be a mix-up attack (RFC 9207). */
function pageFor(response: URLSearchParams, pending: PendingAuthorization): CallbackPage {
  const { issuer } = pending
  if (brokenIssuerRule(response, pending)) return otherIssuerPage(issuer)
  const error = response.get('error')
  return error === null ? successPage(issuer) : denialPage(issuer, error, response.get('error_description'))
}

function reply(outgoing: ServerResponse, { status, document }: CallbackPage): void {
  outgoing.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  })
  outgoing.end(document.text)
}

function listen(address: string, port: number): Promise<Server> {
  const server = createServer({ maxHeaderSize, headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_000 })
  return new Promise((resolve, reject) => {
    server.once('error', error => {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      reject(isTaken ? portTaken(address, port) : error)
    })
    server.listen(port, address, () => resolve(server))
  })
}

function portTaken(address: string, port: number): ClientError {
  return new ClientError(`port ${port} of ${address} is used by another program`, exitCodes.failed, {
    remedy: 'Free the port, choose another with --callback-port, or leave out the option to use any free port.',
  })
}

function noResponse(): ClientError {
  return new ClientError('the browser did not come back within five minutes', exitCodes.authorizationNeeded, {
    remedy: 'Run the command again, with --headless if this machine has no browser. If the page said that the client is '
      + 'unknown, run --remove-client first.',
  })
}
