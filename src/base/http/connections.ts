/**
 * The connections of the server: how long one may stay idle, what is answered to bytes that are no request, and an end
 * that answers what is under way. Node itself would answer such bytes without any of our headers, would wait for ever
 * for a peer that does not read, and for sockets that never sent a byte when it closes.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * In milliseconds: a connection on which nothing moves for so long, while nothing is being worked out, is closed. Node
 * waits twice where bytes were written that the peer has not read.
 */
const idleTimeout = 20_000

/** How long the rest of a body may come that nobody reads: to close at once could destroy the reply with it. */
const lingering = 5_000

/** How long requests under way may take after `close`, in milliseconds. */
const graceful = 5_000

type Exchanges = Map<ServerResponse, IncomingMessage>

export class Connections {
  private readonly server: Server
  /** The exchanges under way on each connection; pipelined requests make more than one. */
  private readonly sockets = new Map<Socket, Exchanges>()
  /** By their peers: connections on which TLS has not begun. `server` wraps them in sockets of its own later. */
  private readonly handshakes = new Map<string, Socket>()
  private readonly headers: Readonly<Record<string, string>>
  private closed: Promise<void> | undefined

  /** `secure` says that it speaks TLS, `headers` are those of a reply to what is no request. */
  constructor(server: Server, secure: boolean, headers: Readonly<Record<string, string>>) {
    this.server = server
    this.headers = headers
    server.setTimeout(idleTimeout)
    server.on('timeout', (socket: Socket) => this.closeIdle(socket))
    server.on('connection', socket => secure ? this.addHandshake(socket) : this.add(socket))
    server.on('secureConnection', (socket: Socket) => {
      this.handshakes.delete(peerOf(socket))
      this.add(socket)
    })
    server.on('request', (incoming, outgoing) => this.begin(incoming, outgoing))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.refuse(error.code ?? '', socket))
    server.on('connect', (_incoming, socket: Duplex) => this.end(socket, 'CONNECT'))
  }

  /** Refuses what is new, answers what is under way, and resolves when every connection is closed. */
  close(): Promise<void> {
    return this.closed ??= new Promise(resolve => {
      this.server.close(() => resolve())
      this.handshakes.forEach(socket => socket.destroy())
      for (const [socket, exchanges] of this.sockets) if (exchanges.size === 0) socket.destroy()
      setTimeout(() => this.sockets.forEach((_exchanges, socket) => socket.destroy()), graceful).unref()
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
      if (!incoming.complete) setTimeout(() => incoming.complete || socket.destroy(), lingering).unref()
      if (this.closed && exchanges.size === 0) socket.destroySoon()
    })
  }

  /** A reply that is being worked out may take its time; one that nobody reads, or a silent peer, may not. */
  private closeIdle(socket: Socket): void {
    const open = [...this.sockets.get(socket) ?? []].filter(([outgoing]) => !outgoing.headersSent)
    const [incomplete] = open.filter(([, incoming]) => !incoming.complete)
    if (incomplete) this.refuse('ERR_HTTP_REQUEST_TIMEOUT', socket)
    else if (open.length === 0) socket.destroy()
  }

  /** Answers bytes that are no request, once the requests before them have been answered. */
  private refuse(code: string, socket: Duplex): void {
    const exchanges = this.sockets.get(socket as Socket)
    // TLS has not begun: nothing can be written, and what was meant to be would wait for ever.
    if (!exchanges) return void socket.destroy()
    const [outgoing, incoming] = [...exchanges].at(-1) ?? []
    if (!outgoing || !incoming) return this.end(socket, code)
    // The head of the last request was good and its body is not: this is the answer to it, unless it has one.
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

/** By the error codes of Node and of its parser. */
const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'Request Header Fields Too Large', description: 'the header is too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, reason: 'Content Too Large', description: 'the chunk extensions are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'Request Timeout', description: 'the request did not end in time' },
  CONNECT: { status: 405, reason: 'Method Not Allowed', description: 'this server is no proxy' },
}

const malformed: Refusal = { status: 400, reason: 'Bad Request', description: 'this is not an HTTP/1.1 request' }

function refusalOf(code: string): Refusal & { readonly body: string } {
  const refusal = refusals[code] ?? malformed
  return { ...refusal, body: JSON.stringify({ error: 'invalid_request', error_description: refusal.description }) }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
