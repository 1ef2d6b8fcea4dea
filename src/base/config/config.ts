/**
 * The configuration: read from the environment once, validated, frozen. Every error names its variable.
 * The table of variables is in the README.
 */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { ConfigError, flag, list, number, text, type Environment } from './environment.ts'
import { isLogLevel, type LogLevel } from './logger.ts'
import { version } from './version.ts'

export { ConfigError, type Environment } from './environment.ts'

export interface Config {
  /** `SERVER_URL` without a trailing slash: the issuer identifier, the same bytes wherever it appears. */
  readonly issuer: string
  /** The path of the issuer, without a trailing slash: `''` or `/tenant`. */
  readonly basePath: string
  /** The resource identifier of the MCP server (RFC 8707 section 2): the issuer and `/mcp`. */
  readonly resource: string
  readonly host: string
  readonly port: number
  /** Where the server speaks TLS itself. */
  readonly tls?: TlsFiles
  /** Whether the last address in X-Forwarded-For is the client: a proxy in front wrote it. */
  readonly behindProxy: boolean
  /** The first signs; the others were in use before and still verify. */
  readonly jwtKeys: readonly [KeyObject, ...KeyObject[]]
  /** Lifetimes in seconds. */
  readonly accessTokenLifetime: number
  readonly authorizationCodeLifetime: number
  readonly refreshTokenLifetime: number
  readonly refreshTokenReuseWindow: number
  /** How many requests of one address are answered in a minute; 0 is no limit. */
  readonly registrationLimit: number
  readonly authorizationLimit: number
  /** How many of its requests with credentials are refused in a minute, before it has to wait; 0 is no limit. */
  readonly refusalLimit: number
  readonly autoApprove: boolean
  /** The file of the users who can sign in; it is read at start. */
  readonly usersFile: string | undefined
  /** Whether clients may register to get tokens for themselves, without a user. */
  readonly clientCredentials: boolean
  /** Whether DPoP proofs must carry a nonce of this server. */
  readonly dpopNonce: boolean
  /** Development only: whether metadata documents and keys of clients may be on this machine. */
  readonly allowLoopbackDocuments: boolean
  /** Hosts (without port) and origins that are served besides loopback and those of the issuer. */
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly serverName: string
  readonly serverVersion: string
  readonly debug: boolean
  readonly logLevel: LogLevel
}

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

export function loadConfig(env: Environment): Config {
  const debug = flag(env, 'DEBUG')
  const host = text(env, 'SERVER_HOST', '127.0.0.1')
  const port = number(env, 'SERVER_PORT', { fallback: 8000, atLeast: 0, atMost: 65535, whole: true })
  const tls = tlsFiles(env)
  const issuer = serverUrl(env, port, tls)
  const autoApprove = developmentFlag(env, 'OAUTH_AUTO_APPROVE', issuer)
  const allowLoopbackDocuments = developmentFlag(env, 'OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK', issuer)
  return Object.freeze({
    ...identity(issuer),
    host,
    port,
    ...(tls ? { tls } : {}),
    behindProxy: flag(env, 'SERVER_BEHIND_PROXY'),
    jwtKeys: jwtKeys(env, debug),
    accessTokenLifetime: 60 * lifetime(env, 'JWT_ACCESS_TOKEN_EXPIRE_MINUTES', 60),
    authorizationCodeLifetime: 60 * lifetime(env, 'OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES', 10),
    refreshTokenLifetime: 86400 * lifetime(env, 'OAUTH_REFRESH_TOKEN_EXPIRE_DAYS', 30),
    refreshTokenReuseWindow: number(env, 'OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS', {
      fallback: 30, atLeast: 0, atMost: 600,
    }),
    registrationLimit: limit(env, 'RATE_LIMIT_REGISTRATIONS_PER_MINUTE'),
    authorizationLimit: limit(env, 'RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE'),
    refusalLimit: limit(env, 'RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE'),
    autoApprove,
    usersFile: env['OAUTH_USERS_FILE'] || undefined,
    // Registration is open: where it is not a trial, a stranger could give himself tokens that no user stands behind.
    clientCredentials: flag(env, 'OAUTH_CLIENT_CREDENTIALS', debug || autoApprove),
    dpopNonce: flag(env, 'OAUTH_DPOP_NONCE'),
    allowLoopbackDocuments,
    allowedHosts: list(env, 'SERVER_ALLOWED_HOSTS'),
    allowedOrigins: list(env, 'SERVER_ALLOWED_ORIGINS'),
    serverName: text(env, 'MCP_SERVER_NAME', 'mcp-authorization'),
    serverVersion: text(env, 'MCP_SERVER_VERSION', version),
    debug,
    logLevel: logLevel(env, debug),
  })
}

/** The configuration once the port is known: `SERVER_PORT=0` means any free one, and it belongs to the issuer. */
export function withPort(config: Config, port: number, env: Environment): Config {
  if (env['SERVER_URL'] || config.port === port) return config
  return Object.freeze({ ...config, ...identity(localUrl(port, config.tls)), port })
}

/** Whether `hostname` (as `URL` spells it) is this machine to itself (RFC 8252 section 7.3). */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
}

function identity(issuer: string): Pick<Config, 'issuer' | 'basePath' | 'resource'> {
  const { pathname } = new URL(issuer)
  return { issuer, basePath: pathname === '/' ? '' : pathname, resource: `${issuer}/mcp` }
}

/**
 * RFC 8414 section 2: the issuer is a URL without query or fragment. Clients compare it as a string, so it has to
 * be written as every URL parser would write it: what `URL` changes (case, default port, `..`) is refused here
 * rather than found out by a client.
 */
function serverUrl(env: Environment, port: number, tls: TlsFiles | undefined): string {
  const raw = env['SERVER_URL']
  if (!raw) return localUrl(port, tls)
  let url: URL
  try {
    url = new URL(raw)
  } catch {
    throw new ConfigError('SERVER_URL', `is not a URL: ${JSON.stringify(raw)}; write it like https://mcp.example.com`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ConfigError('SERVER_URL', `has the scheme ${url.protocol} where https: or http: is needed`)
  }
  if (tls && url.protocol === 'http:') {
    throw new ConfigError('SERVER_URL', 'has the scheme http:, but with TLS_CERT_FILE the server speaks https')
  }
  if (/[?#@]/.test(raw)) {
    throw new ConfigError('SERVER_URL', 'has a query, fragment or user name, which an issuer must not have')
  }
  if (url.pathname.includes('//')) throw new ConfigError('SERVER_URL', 'has an empty segment in its path')
  const normal = url.href.replace(/\/$/, '')
  if (raw !== normal && raw !== `${normal}/`) {
    throw new ConfigError('SERVER_URL', `is ${JSON.stringify(raw)}: write it as ${normal}, as clients compare it`)
  }
  return normal
}

/** The default port of the scheme goes without saying. */
function localUrl(port: number, tls: TlsFiles | undefined): string {
  return new URL(`${tls ? 'https' : 'http'}://localhost:${port}`).origin
}

/** One without the other would be a server that is thought to be secure and is not. */
function tlsFiles(env: Environment): TlsFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = env
  if (certFile && keyFile) return { certFile, keyFile }
  if (certFile) throw new ConfigError('TLS_KEY_FILE', 'is missing beside TLS_CERT_FILE')
  if (keyFile) throw new ConfigError('TLS_CERT_FILE', 'is missing beside TLS_KEY_FILE')
  return undefined
}

function jwtKeys(env: Environment, debug: boolean): Config['jwtKeys'] {
  const secret = env['JWT_SECRET_KEY']
  if (!secret && !debug) {
    throw new ConfigError('JWT_SECRET_KEY', 'is missing: set it to 32 random bytes or more, for example '
      + 'JWT_SECRET_KEY=$(openssl rand -hex 32); with DEBUG=true one is made up for each start')
  }
  const current = secret ? jwtKey('JWT_SECRET_KEY', secret) : createSecretKey(randomBytes(32))
  const previous = (env['JWT_PREVIOUS_SECRET_KEYS'] ?? '').split(',').map(item => item.trim()).filter(Boolean)
  return [current, ...previous.map(item => jwtKey('JWT_PREVIOUS_SECRET_KEYS', item))]
}

function jwtKey(variable: string, secret: string): KeyObject {
  // RFC 7518 section 3.2: a key of at least the size of the hash output, 256 bits.
  if (Buffer.byteLength(secret) < 32) {
    throw new ConfigError(variable, 'is shorter than 32 bytes, the least that HS256 allows')
  }
  if (new Set(secret).size < 8) {
    throw new ConfigError(variable, 'repeats itself: make it from random bytes, for example openssl rand -hex 32')
  }
  return createSecretKey(Buffer.from(secret))
}

function logLevel(env: Environment, debug: boolean): LogLevel {
  const level = text(env, 'LOG_LEVEL', debug ? 'debug' : 'info').toLowerCase()
  if (!isLogLevel(level)) {
    throw new ConfigError('LOG_LEVEL', `is ${JSON.stringify(level)}; use debug, info, warn, error or silent`)
  }
  return level
}

/** A flag that opens what must stay closed on the internet. */
function developmentFlag(env: Environment, name: string, issuer: string): boolean {
  const on = flag(env, name)
  if (on && !isLoopbackHost(new URL(issuer).hostname)) {
    throw new ConfigError(name, `is for development, but SERVER_URL is public (${issuer}): unset it`)
  }
  return on
}

function lifetime(env: Environment, name: string, fallback: number): number {
  return number(env, name, { fallback, moreThan: 0, atMost: 5_256_000 })
}

/** For requests of one address in a minute. */
function limit(env: Environment, name: string): number {
  return number(env, name, { fallback: 3000, atLeast: 0, atMost: 1_000_000, whole: true })
}
