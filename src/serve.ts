/** Starts and stops the server: the socket, its time limits, and an end that answers what is under way. */
import { setMaxListeners } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createApplication } from './app.ts'
import { ConfigError, isLoopbackHost, loadConfig, withPort, type Config, type Environment } from './config.ts'
import { FlowRecorder } from './flow.ts'
import { documentFetcher, type FetchDocument } from './http/fetch-document.ts'
import { createLogger, type Logger } from './logger.ts'
import type { Tool } from './mcp/tool.ts'
import { tools as ownTools, toolsByName } from './mcp/tools.ts'
import { routes } from './routes.ts'
import { MemoryStore } from './store/memory.ts'
import type { Store } from './store/store.ts'
import { demonstrationUsers, parseUsers, Users } from './users.ts'

export interface ServeOptions {
  /** The tools of the MCP server; those of `mcp/tools.ts` unless given. */
  readonly tools?: readonly Tool[]
  /** The present as a NumericDate. */
  readonly now?: () => number
  readonly logger?: Logger
  readonly store?: Store
  /** Who can sign in; those of OAUTH_USERS_FILE unless given. */
  readonly users?: Users
  readonly fetchDocument?: FetchDocument
}

export interface RunningServer {
  readonly config: Config
  /** The port on which it listens, which need not be that of the issuer. */
  readonly port: number
  /** Answers what is under way, refuses what is new, and resolves when every socket is closed. */
  close(): Promise<void>
}

/** How long requests under way may take after `close`, in milliseconds. */
const graceful = 5_000

export async function serve(env: Environment, options: ServeOptions = {}): Promise<RunningServer> {
  const initial = loadConfig(env)
  const tools = toolsByName(options.tools ?? ownTools)
  const users = options.users ?? await readUsers(initial)
  const server = createServer({
    // A header or a body that never ends is cut off; Node looks for such ones at the interval only.
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 10_000,
    maxHeaderSize: 16_384,
  })
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const close = closer(server, stopping)
  await listen(server, initial)
  const { port } = server.address() as AddressInfo
  const config = withPort(initial, port, env)
  const now = options.now ?? (() => Date.now() / 1000)
  const logger = options.logger ?? createLogger(config.logLevel)
  warnOfUsers(users, config, logger)
  const application = createApplication({
    config,
    now,
    store: options.store ?? new MemoryStore({ ...config, now }),
    users,
    logger,
    fetchDocument: options.fetchDocument ?? documentFetcher({ allowLoopback: config.allowLoopbackDocuments }),
    tools,
    routes,
    recorder: config.debug ? new FlowRecorder(now) : undefined,
  }, stopping.signal)
  server.on('request', (incoming, outgoing) => void application(incoming, outgoing))
  return { config, port, close }
}

/** Development has users without a file: `DEBUG` for a server to try, `OAUTH_AUTO_APPROVE` to have somebody to approve. */
async function readUsers({ usersFile, debug, autoApprove }: Config): Promise<Users> {
  if (usersFile === undefined) return new Users(debug || autoApprove ? demonstrationUsers : [])
  const text = await readFile(usersFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError('OAUTH_USERS_FILE', `names a file that cannot be read: ${error.code ?? error.message}`)
  })
  return parseUsers(text)
}

function warnOfUsers(users: Users, { issuer }: Config, logger: Logger): void {
  if (users.list.length === 0) {
    logger.warn('nobody can sign in, since there are no users', {
      fix: 'set OAUTH_USERS_FILE to a file of users, with passwords hashed by bin/hash-password; with DEBUG=true there are two to try',
    })
  } else if (users.areForDemonstration && !isLoopbackHost(new URL(issuer).hostname)) {
    logger.warn('whoever reaches this server can sign in as a demonstration user', {
      fix: 'set OAUTH_USERS_FILE, or do not set DEBUG where SERVER_URL is public',
    })
  }
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** `server.close()` alone waits for sockets that never sent a byte, and for streams that never end: `stopping` ends these. */
function closer(server: Server, stopping: AbortController): () => Promise<void> {
  const sockets = new Map<Socket, { busy: boolean }>()
  let closing: Promise<void> | undefined
  server.on('connection', socket => {
    sockets.set(socket, { busy: false })
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', ({ socket }, outgoing) => {
    const state = sockets.get(socket)
    if (!state) return
    state.busy = true
    if (closing) outgoing.setHeader('connection', 'close')
    outgoing.once('close', () => {
      state.busy = false
      if (closing) socket.end()
    })
  })
  return () => closing ??= new Promise(resolve => {
    server.close(() => resolve())
    stopping.abort()
    for (const [socket, { busy }] of sockets) if (!busy) socket.destroy()
    setTimeout(() => sockets.forEach((_state, socket) => socket.destroy()), graceful).unref()
  })
}
