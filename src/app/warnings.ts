/** Warnings about a configuration that is probably a mistake. Each is logged once, with the fix. */
import type { IncomingMessage } from 'node:http'
import type { Config } from '../base/config/config.ts'
import type { Environment } from '../base/config/environment.ts'
import type { Logger } from '../base/config/logger.ts'
import type { Users } from '../base/config/users.ts'
import { unknownVariables } from '../base/config/variables.ts'
import { isLoopbackHost } from '../base/protocol/loopback.ts'

export function warnAboutUnknownVariables(env: Environment, logger: Logger): void {
  for (const { name, nearest } of unknownVariables(env)) {
    logger.warn('unknown environment variable', { name, fix: `did you mean ${nearest}?` })
  }
}

export function warnAboutUsers(users: Users, { issuer }: Config, logger: Logger): void {
  if (users.list.length === 0) {
    logger.warn('nobody can sign in, because there are no users', {
      fix: 'set OAUTH_USERS_FILE to a file of users with passwords hashed by bin/hash-password, or DEBUG=true for two demo users',
    })
  } else if (users.areForDemonstration && !isLoopbackHost(new URL(issuer).hostname)) {
    logger.warn('anybody who can reach this server can sign in as a demo user', {
      fix: 'set OAUTH_USERS_FILE, or unset DEBUG',
    })
  }
}

/** OAuth 2.1 section 1.5: tokens and codes need TLS, except on loopback. */
export function warnAboutClearText({ host, issuer }: Config, logger: Logger): void {
  if (isLoopbackHost(host) || host === '::1' || issuer.startsWith('https:')) return
  logger.warn('other machines can connect, but SERVER_URL is not https', {
    SERVER_HOST: host,
    fix: 'set TLS_CERT_FILE and TLS_KEY_FILE, or put a TLS proxy in front and set SERVER_URL to its https URL',
  })
}

/** No header changes the URLs of this server, so behind a TLS proxy SERVER_URL must be the https URL. */
export function proxyWarning({ config, logger }: { config: Config; logger: Logger }): (incoming: IncomingMessage) => void {
  let warned = !config.issuer.startsWith('http:')
  return ({ headers }) => {
    if (warned || headers['x-forwarded-proto'] !== 'https') return
    warned = true
    const seen = headers['x-forwarded-host'] ?? headers.host
    logger.warn('clients connect over https through a proxy, but SERVER_URL is not https', {
      fix: `set SERVER_URL to the https URL that clients use, such as https://${seen}`,
    })
  }
}
