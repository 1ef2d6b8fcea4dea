/** The configuration: read from the environment once, validated and frozen. Every error names its variable. */
import { isLoopbackHost } from '../protocol/loopback.ts'
import { ConfigError, type Environment } from './environment.ts'
import { identityOf, localIssuer, parseIssuer, type Identity } from './issuer.ts'
import { readJwtKeys, type JwtKeys } from './jwt-keys.ts'
import type { LogLevel } from './logger.ts'
import { tlsFilesOf, type TlsFiles } from './tls.ts'
import { readVariables, variables, type Values } from './variables.ts'

type Raw = 'serverUrl' | 'certFile' | 'keyFile' | 'secretKey' | 'previousSecretKeys'

/** The values of the variables, as `variables.ts` explains them, and what follows from them. */
export interface Config extends Identity, Omit<Values, Raw> {
  /** Set if the server speaks TLS itself. */
  readonly tls?: TlsFiles
  readonly jwtKeys: JwtKeys
  readonly clientCredentials: boolean
  readonly logLevel: LogLevel
}

export function loadConfig(env: Environment): Config {
  const { serverUrl, certFile, keyFile, secretKey, previousSecretKeys, ...values } = readVariables(env)
  const { debug, autoApprove } = values
  const tls = tlsFilesOf(certFile, keyFile)
  const isTls = tls !== undefined
  const issuer = serverUrl === undefined ? localIssuer(values.port, isTls) : parseIssuer(serverUrl, isTls)
  for (const key of ['autoApprove', 'allowLoopbackDocuments'] as const) {
    if (values[key] && !isLoopbackHost(new URL(issuer).hostname)) {
      throw new ConfigError(variables[key].name, `is for development only, but SERVER_URL is public (${issuer}): unset it`)
    }
  }
  return Object.freeze({
    ...identityOf(issuer),
    ...values,
    ...(tls ? { tls } : {}),
    jwtKeys: readJwtKeys(secretKey, previousSecretKeys, debug),
    // Anybody can register a client. In production, that alone must not be enough to get a token.
    clientCredentials: values.clientCredentials ?? (debug || autoApprove),
    logLevel: values.logLevel ?? (debug ? 'debug' : 'info'),
  })
}

/** Puts the port on which the server listens into a default issuer. With `SERVER_PORT=0` it is known only then. */
export function withPort(config: Config, port: number, env: Environment): Config {
  if (env['SERVER_URL'] || config.port === port) return config
  return Object.freeze({ ...config, ...identityOf(localIssuer(port, config.tls !== undefined)), port })
}
