/**
 * The connections of the server: idle timeouts, the response to bytes that are not a request, and a graceful shutdown. Left to
 * itself, Node would answer such bytes without our security headers and wait forever for a peer that does not read. On
 * shutdown, it would wait for sockets that never sent a byte.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * A connection is closed after this many idle milliseconds, unless a handler is still at work. Node waits twice as long if
 * the peer has not read what was written.
 */
const idleTimeout = 20_000

/** In milliseconds. How long to receive a body that nobody reads, because closing at once could destroy the reply as well. */
const lingerTimeout = 5_000

/** In milliseconds. How long unfinished requests may take after `close`. */
const shutdownTimeout = 5_000

/** The unfinished exchanges of a connection, oldest first. Pipelining makes more than one. */
type Exchanges = Map<ServerResponse, IncomingMessage>

export class Connections {
  private readonly server: Server
  private readonly sockets = new Map<Socket, Exchanges>()
  /** Connections on which the TLS handshake is not finished, by peer. Node wraps each in a new socket afterwards. */
  private readonly handshakes = new Map<string, Socket>()
  private readonly headers: Readonly<Record<string, string>>
  private closed: Promise<void> | undefined

  /** `headers` are sent with the response to bytes that are not a request. */
  constructor(server: Server, isTls: boolean, headers: Readonly<Record<string, string>>) {
    this.server = server
    this.headers = headers
    server.setTimeout(idleTimeout)
    server.on('timeout', (socket: Socket) => this.closeIdle(socket))
    server.on('connection', socket => isTls ? this.addHandshake(socket) : this.add(socket))
    server.on('secureConnection', (socket: Socket) => {
      this.handshakes.delete(peerOf(socket))
      this.add(socket)
    })
    server.on('request', (incoming, outgoing) => this.begin(incoming, outgoing))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.refuse(error.code ?? '', socket))
    server.on('connect', (_incoming, socket: Duplex) => this.end(socket, 'CONNECT'))
  }

  /** Refuses new requests, finishes those that have begun, and resolves when every connection is closed. */
  close(): Promise<void> {
    return this.closed ??= new Promise(resolve => {
      this.server.close(() => resolve())
      this.handshakes.forEach(socket => socket.destroy())
      for (const [socket, exchanges] of this.sockets) if (exchanges.size === 0) socket.destroy()
      setTimeout(() => this.sockets.forEach((_exchanges, socket) => socket.destroy()), shutdownTimeout).unref()
    })
  }

  private add(socket: Socket): void {
    this.sockets.set(socket, new Map())
    socket.once('close', () => this.sockets.delete(socket))
  }

  private addHandshake(socket: Socket): void {
    const peer = peerOf(socket)
    this.handshakes.set(peer, socket)
    socket.once('close', () => this.handshakes.delete(peer))
  }

  private begin(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming
    const exchanges = this.sockets.get(socket)
    if (!exchanges) return
    exchanges.set(outgoing, incoming)
    if (this.closed) outgoing.setHeader('connection', 'close')
    outgoing.once('close', () => {
      exchanges.delete(outgoing)
      if (!incoming.complete) setTimeout(() => incoming.complete || socket.destroy(), lingerTimeout).unref()
      if (this.closed && exchanges.size === 0) socket.destroySoon()
    })
  }

  /** A handler may take its time. A peer that sends no request, or does not read its reply, may not. */
  private closeIdle(socket: Socket): void {
    const unanswered = [...this.sockets.get(socket) ?? []].filter(([outgoing]) => !outgoing.headersSent)
    const isIncomplete = unanswered.some(([, incoming]) => !incoming.complete)
    if (isIncomplete) this.refuse('ERR_HTTP_REQUEST_TIMEOUT', socket)
    else if (unanswered.length === 0) socket.destroy()
  }

  /** Answers bytes that are not a request, once the requests before them have been answered. */
  private refuse(code: string, socket: Duplex): void {
    const exchanges = this.sockets.get(socket as Socket)
    // The TLS handshake is not finished, so nothing can be sent.
    if (!exchanges) return void socket.destroy()
    const [outgoing, incoming] = [...exchanges].at(-1) ?? []
    if (!outgoing || !incoming) return this.end(socket, code)
    // If the last request is incomplete, its body is at fault, and the refusal answers it unless a handler already has.
    if (incoming.complete) outgoing.once('close', () => this.end(socket, code))
    else if (outgoing.headersSent) outgoing.once('close', () => socket.destroy())
    else {
      const { status, body } = refusalOf(code)
      outgoing.once('finish', () => (socket as Socket).destroySoon())
      outgoing.writeHead(status, this.headersOf(body)).end(body)
    }
  }

  private end(socket: Duplex, code: string): void {
    if (!socket.writable || socket.destroyed) return void socket.destroy()
    const { status, reason, body } = refusalOf(code)
    const lines = Object.entries(this.headersOf(body)).map(([name, value]) => `${name}: ${value}`)
    socket.end(`${[`HTTP/1.1 ${status} ${reason}`, ...lines].join('\r\n')}\r\n\r\n${body}`)
    ;(socket as Socket).destroySoon()
  }

  private headersOf(body: string): Readonly<Record<string, string | number>> {
    return { ...this.headers, 'content-type': 'application/json', 'content-length': body.length, connection: 'close' }
  }
}

interface Refusal {
  readonly status: number
  readonly reason: string
  readonly description: string
}

/** By the error code of Node or of its HTTP parser. */
const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'Request Header Fields Too Large', description: 'the header is too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, reason: 'Content Too Large', description: 'the chunk extensions are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'Request Timeout', description: 'the request did not arrive in time' },
  CONNECT: { status: 405, reason: 'Method Not Allowed', description: 'this server is not a proxy' },
}

const malformed: Refusal = { status: 400, reason: 'Bad Request', description: 'this is not an HTTP/1.1 request' }

function refusalOf(code: string): Refusal & { readonly body: string } {
  const refusal = refusals[code] ?? malformed
  return { ...refusal, body: JSON.stringify({ error: 'invalid_request', error_description: refusal.description }) }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
