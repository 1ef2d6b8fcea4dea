/** Receives the authorization response on loopback (RFC 8252 section 7.3). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { contentSecurityPolicy } from '../../base/ui/page.ts'
import { answers, isFromIssuer, type PendingAuthorization } from '../../core/client/authorization-request.ts'
import { denialPage, nothingPage, otherIssuerPage, strayPage, successPage, type CallbackPage } from './callback-pages.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'

const path = '/callback'

/** Five minutes, in milliseconds: signing in takes its time, and waiting for ever helps nobody. */
const patience = 300_000

/** How many connections are kept. The oldest gives way, so that idle ones cannot keep the right callback out. */
const maxConnections = 32

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

  /** Listens on a port of loopback; 0 is any free one. For `localhost` both address families are listened on. */
  static async open(host: string, port: number): Promise<CallbackListener> {
    const server = await listen(host === '[::1]' ? '::1' : '127.0.0.1', port)
    const bound = (server.address() as AddressInfo).port
    const listener = new CallbackListener(server, `http://${host}:${bound}${path}`)
    if (host !== 'localhost') return listener
    try {
      listener.serve(await listen('::1', bound))
      return listener
    } catch (error) {
      // Where there is no IPv6, nobody listens there. Whoever has the port there would get the code of a browser that
      // tries it first.
      if (!(error instanceof ClientError)) return listener
      await listener.close()
      if (port !== 0) throw error
      return CallbackListener.open(host, 0)
    }
  }

  /** Waits for the answer to `pending`; whatever else arrives meanwhile is turned away. */
  receive(pending: PendingAuthorization): Promise<URLSearchParams> {
    this.pending = pending
    return new Promise((resolve, reject) => {
      this.timer = setTimeout(() => reject(new ClientError(
        'no answer from the browser within five minutes', exitCodes.authorizationNeeded,
        {
          remedy: 'Run the command again, with --headless where this machine has no browser. If the page said that the client '
            + 'is unknown, run --remove-client first.',
        },
      )), patience)
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
    const [requested, query = ''] = (incoming.url ?? '').split('?', 2)
    const response = new URLSearchParams(query)
    if (incoming.method !== 'GET' || requested !== path) return reply(outgoing, nothingPage())
    // A stray or forged callback must not end the wait for the real one.
    if (!this.pending || !answers(response, this.pending)) return reply(outgoing, strayPage())
    outgoing.once('close', () => this.settle?.(response))
    reply(outgoing, answerPage(response, this.pending))
  }
}

/** What an answer says is shown only where it comes from the issuer that was asked. */
function answerPage(response: URLSearchParams, pending: PendingAuthorization): CallbackPage {
  const { issuer } = pending
  if (!isFromIssuer(response, pending)) return otherIssuerPage(issuer)
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
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2_000 })
  return new Promise((resolve, reject) => {
    server.once('error', error => reject((error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      ? new ClientError(`port ${port} of ${address} is taken by another program`, exitCodes.failed, {
          remedy: 'Free the port, choose another with --callback-port, or leave the option out to use any free one.',
        })
      : error))
    server.listen(port, address, () => resolve(server))
  })
}
