/** Receives the authorization response on loopback (RFC 8252 section 7.3). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { contentSecurityPolicy } from '../http/page.ts'
import { answers, isFromIssuer, type PendingAuthorization } from './authorization-request.ts'
import { denialPage, nothingPage, otherIssuerPage, strayPage, successPage, type CallbackPage } from './callback-pages.ts'
import { ClientError, exitCodes } from './errors.ts'

const path = '/callback'

/** Five minutes, in milliseconds: signing in takes its time, and waiting for ever helps nobody. */
const patience = 300_000

export class CallbackListener {
  readonly redirect_uri: string
  private readonly servers: readonly Server[]
  private pending: PendingAuthorization | undefined
  private settle: ((response: URLSearchParams) => void) | undefined

  private constructor(servers: readonly Server[], redirect_uri: string) {
    this.servers = servers
    this.redirect_uri = redirect_uri
    servers.forEach(server => server.on('request', (incoming, outgoing) => this.answer(incoming, outgoing)))
  }

  /** Listens on a port of loopback; 0 is any free one. For `localhost` both address families are listened on. */
  static async open(host: string, port: number): Promise<CallbackListener> {
    const servers = [await listen(host === '[::1]' ? '::1' : '127.0.0.1', port)]
    const bound = (servers[0]!.address() as AddressInfo).port
    if (host === 'localhost') await listen('::1', bound).then(server => servers.push(server), () => {})
    return new CallbackListener(servers, `http://${host}:${bound}${path}`)
  }

  /** Waits for the answer to `pending`; whatever else arrives meanwhile is turned away. */
  receive(pending: PendingAuthorization): Promise<URLSearchParams> {
    this.pending = pending
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new ClientError(
        'no answer from the browser within five minutes', exitCodes.authorizationNeeded,
        { remedy: 'Run the command again. If the page said that the client is unknown, run --remove-client first.' },
      )), patience)
      this.settle = response => {
        clearTimeout(timer)
        resolve(response)
      }
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map(server => new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })))
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
