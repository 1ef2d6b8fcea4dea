/** Starts and stops the server: the socket, its timeouts, and the services of the application. */
import { setMaxListeners } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { steadyClock } from '../base/config/clock.ts'
import { loadConfig, withPort, type Config } from '../base/config/config.ts'
import { ConfigError, type Environment } from '../base/config/environment.ts'
import { createLogger, type Logger } from '../base/config/logger.ts'
import { readTlsFiles } from '../base/config/tls.ts'
import { parseUsers } from '../base/config/users-file.ts'
import { demonstrationUsers, Users } from '../base/config/users.ts'
import { Connections } from '../base/http/connections.ts'
import { documentFetcher, type FetchDocument } from '../base/http/fetch-document.ts'
import { MemoryStore } from '../base/store/memory.ts'
import { RateLimits } from '../base/store/rate-limits.ts'
import type { Store } from '../base/store/store.ts'
import { securityHeaders } from '../base/ui/security-headers.ts'
import { FlowRecorder } from '../flow/recorder.ts'
import { routes } from '../routes.ts'
import type { Tool } from '../tools/tool.ts'
import { tools as ownTools, toolsByName } from '../tools/tools.ts'
import { createApplication, type Application } from './application.ts'
import { extensionsFor } from './extensions.ts'
import { warnAboutClearText, warnAboutUnknownVariables, warnAboutUsers } from './warnings.ts'

// Programs that embed the server import only this file.
export type { Config } from '../base/config/config.ts'
export { ConfigError, type Environment } from '../base/config/environment.ts'
export { createLogger, type Logger } from '../base/config/logger.ts'
export { ToolError, type Tool } from '../tools/tool.ts'
export { tools } from '../tools/tools.ts'
export { MemoryStore } from '../base/store/memory.ts'
export type { Store } from '../base/store/store.ts'
export { Users } from '../base/config/users.ts'
export { parseUsers } from '../base/config/users-file.ts'

export interface ServeOptions {
  /** The default is `tools` of `tools/tools.ts`. */
  readonly tools?: readonly Tool[]
  /** The current time as a NumericDate. */
  readonly now?: () => number
  readonly logger?: Logger
  readonly store?: Store
  /** The default is the users of OAUTH_USERS_FILE. */
  readonly users?: Users
  readonly fetchDocument?: FetchDocument
}

export interface RunningServer {
  readonly config: Config
  /** The port it listens on, which can differ from that of the issuer. */
  readonly port: number
  /** Finishes the requests in progress, rejects new ones, and resolves when every socket is closed. */
  close(): Promise<void>
}

/** In milliseconds and bytes. Node enforces the first two timeouts only at each `connectionsCheckingInterval`. */
const limits: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 10_000,
  maxHeaderSize: 16_384,
  // A rule checks Host.
  requireHostHeader: false,
}

const maxConnections = 10_000

export async function serve(env: Environment, options: ServeOptions = {}): Promise<RunningServer> {
  const initial = loadConfig(env)
  const tools = toolsByName(options.tools ?? ownTools)
  const users = options.users ?? await readUsers(initial)
  const server = createServer(initial)
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const connections = new Connections(server, initial.tls !== undefined, securityHeaders(initial.issuer))
  await listen(server, initial)
  const { port } = server.address() as AddressInfo
  const config = withPort(initial, port, env)
  const now = steadyClock(options.now)
  const logger = options.logger ?? createLogger(config.logLevel)
  warnAboutUnknownVariables(env, logger)
  warnAboutUsers(users, config, logger)
  warnAboutClearText(config, logger)
  const application = createApplication({
    config,
    now,
    store: options.store ?? new MemoryStore({ ...config, now }),
    users,
    logger,
    fetchDocument: options.fetchDocument ?? documentFetcher({ allowLoopback: config.allowLoopbackDocuments }),
    limits: new RateLimits(config, now),
    routes,
    ...extensionsFor(config, tools),
    recorder: config.debug ? new FlowRecorder(now) : undefined,
  }, stopping.signal)
  server.on('request', (incoming, outgoing) => void application(incoming, outgoing))
  const close = (): Promise<void> => {
    const closed = connections.close()
    stopping.abort()
    return closed
  }
  return { config, port, close }
}

/** In development, the demo users replace the file: `DEBUG` lets people sign in, and `OAUTH_AUTO_APPROVE` needs an approver. */
async function readUsers({ usersFile, debug, autoApprove }: Config): Promise<Users> {
  if (usersFile === undefined) return new Users(debug || autoApprove ? demonstrationUsers : [])
  const text = await readFile(usersFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError('OAUTH_USERS_FILE', `cannot be read: ${error.code ?? error.message}`)
  })
  return parseUsers(text)
}

function createServer({ tls }: Config): Server {
  const server = tls
    ? createHttpsServer({ ...limits, ...readTlsFiles(tls), minVersion: 'TLSv1.2', handshakeTimeout: 10_000 })
    : createHttpServer(limits)
  server.maxConnections = maxConnections
  // No limit but maxHeaderSize: Node silently drops headers above maxHeadersCount, such as a second Host.
  server.maxHeadersCount = 0
  // The application itself handles Expect: it sends 100 Continue only when it reads the body.
  const emitRequest = (...exchange: Parameters<Application>): boolean => server.emit('request', ...exchange)
  return server.on('checkContinue', emitRequest).on('checkExpectation', emitRequest)
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
