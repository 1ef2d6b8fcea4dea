/** The configuration: read from the environment once, validated and frozen. Every error names its variable. */
import { isLoopbackHost } from '../protocol/loopback.ts'
import { ConfigError, type Environment } from './environment.ts'
import { identityOf, localIssuer, parseIssuer, type Identity } from './issuer.ts'
import { readJwtKeys, type JwtKeys } from './jwt-keys.ts'
import type { LogLevel } from './logger.ts'
import { tlsFilesOf, type TlsFiles } from './tls.ts'
import { readVariables, type Values } from './variables.ts'

export interface Config extends Identity {
  readonly host: string
  readonly port: number
  /** Set if the server speaks TLS itself. */
  readonly tls?: TlsFiles
  /** Whether the last address in X-Forwarded-For is that of the client, because a proxy appended it. */
  readonly behindProxy: boolean
  readonly jwtKeys: JwtKeys
  /** Lifetimes are in seconds. */
  readonly accessTokenLifetime: number
  readonly authorizationCodeLifetime: number
  readonly refreshTokenLifetime: number
  readonly refreshTokenReuseWindow: number
  /** How many requests of one address are accepted per minute. 0 is no limit. */
  readonly registrationLimit: number
  readonly authorizationLimit: number
  /** How many requests with credentials of one address may be refused per minute before it has to wait. 0 is no limit. */
  readonly refusalLimit: number
  readonly autoApprove: boolean
  readonly usersFile: string | undefined
  /** Whether clients may register for the client credentials grant, which needs no user. */
  readonly clientCredentials: boolean
  /** Whether DPoP proofs must carry a nonce from this server. */
  readonly dpopNonce: boolean
  /** Development only: whether metadata documents and keys of clients may be on this machine. */
  readonly allowLoopbackDocuments: boolean
  /** Hosts (without port) and origins that are served in addition to loopback and those of the issuer. */
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly serverName: string
  readonly serverVersion: string
  readonly debug: boolean
  readonly logLevel: LogLevel
}

export function loadConfig(env: Environment): Config {
  const values = readVariables(env)
  const { DEBUG: debug, OAUTH_AUTO_APPROVE: autoApprove, SERVER_PORT: port } = values
  const tls = tlsFilesOf(values.TLS_CERT_FILE, values.TLS_KEY_FILE)
  const isTls = tls !== undefined
  const issuer = values.SERVER_URL === undefined ? localIssuer(port, isTls) : parseIssuer(values.SERVER_URL, isTls)
  checkDevelopmentOnly('OAUTH_AUTO_APPROVE', values, issuer)
  checkDevelopmentOnly('OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK', values, issuer)
  return Object.freeze({
    ...identityOf(issuer),
    host: values.SERVER_HOST,
    port,
    ...(tls ? { tls } : {}),
    behindProxy: values.SERVER_BEHIND_PROXY,
    jwtKeys: readJwtKeys(values.JWT_SECRET_KEY, values.JWT_PREVIOUS_SECRET_KEYS, debug),
    accessTokenLifetime: 60 * values.JWT_ACCESS_TOKEN_EXPIRE_MINUTES,
    authorizationCodeLifetime: 60 * values.OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES,
    refreshTokenLifetime: 86_400 * values.OAUTH_REFRESH_TOKEN_EXPIRE_DAYS,
    refreshTokenReuseWindow: values.OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS,
    registrationLimit: values.RATE_LIMIT_REGISTRATIONS_PER_MINUTE,
    authorizationLimit: values.RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE,
    refusalLimit: values.RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE,
    autoApprove,
    usersFile: values.OAUTH_USERS_FILE,
    // Anybody can register a client. In production, that alone must not be enough to get a token.
    clientCredentials: values.OAUTH_CLIENT_CREDENTIALS ?? (debug || autoApprove),
    dpopNonce: values.OAUTH_DPOP_NONCE,
    allowLoopbackDocuments: values.OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK,
    allowedHosts: values.SERVER_ALLOWED_HOSTS.map(host => host.toLowerCase()),
    allowedOrigins: values.SERVER_ALLOWED_ORIGINS.map(origin => origin.toLowerCase()),
    serverName: values.MCP_SERVER_NAME,
    serverVersion: values.MCP_SERVER_VERSION,
    debug,
    logLevel: values.LOG_LEVEL ?? (debug ? 'debug' : 'info'),
  })
}

/** Puts the port on which the server listens into a default issuer. With `SERVER_PORT=0` it is known only then. */
export function withPort(config: Config, port: number, env: Environment): Config {
  if (env['SERVER_URL'] || config.port === port) return config
  return Object.freeze({ ...config, ...identityOf(localIssuer(port, config.tls !== undefined)), port })
}

/** These flags open what must stay closed on a public server. */
function checkDevelopmentOnly(
  name: 'OAUTH_AUTO_APPROVE' | 'OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK', values: Values, issuer: string,
): void {
  if (values[name] && !isLoopbackHost(new URL(issuer).hostname)) {
    throw new ConfigError(name, `is for development only, but SERVER_URL is public (${issuer}): unset it`)
  }
}
