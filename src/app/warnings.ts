/** What the server says about its own configuration when it is likely a mistake: once each, with the fix. */
import type { IncomingMessage } from 'node:http'
import type { Config } from '../base/config/config.ts'
import type { Environment } from '../base/config/environment.ts'
import { isLoopbackHost } from '../base/protocol/loopback.ts'
import type { Logger } from '../base/config/logger.ts'
import type { Users } from '../base/config/users.ts'
import { unknownVariables } from '../base/config/variables.ts'

export function warnOfUnknownVariables(env: Environment, logger: Logger): void {
  for (const { name, nearest } of unknownVariables(env)) {
    logger.warn('unknown environment variable', { name, fix: `did you mean ${nearest}?` })
  }
}

export function warnOfUsers(users: Users, { issuer }: Config, logger: Logger): void {
  if (users.list.length === 0) {
    logger.warn('nobody can sign in, since there are no users', {
      fix: 'set OAUTH_USERS_FILE to a file of users, with passwords hashed by bin/hash-password; '
        + 'with DEBUG=true there are two to try',
    })
  } else if (users.areForDemonstration && !isLoopbackHost(new URL(issuer).hostname)) {
    logger.warn('anybody who reaches this server can sign in as a demonstration user', {
      fix: 'set OAUTH_USERS_FILE, or do not set DEBUG where SERVER_URL is public',
    })
  }
}

/** OAuth 2.1 section 1.5: tokens and codes travel by TLS, except for what stays on this machine. */
export function warnOfClearText({ host, issuer }: Config, logger: Logger): void {
  if (isLoopbackHost(host) || host === '::1' || issuer.startsWith('https:')) return
  logger.warn('other machines can connect, but SERVER_URL says http', {
    SERVER_HOST: host,
    fix: 'set TLS_CERT_FILE and TLS_KEY_FILE, or put a proxy with TLS in front and set SERVER_URL to its https URL',
  })
}

/** SERVER_URL is the only source of URLs and no header can change them, so a proxy that speaks https needs it to say so. */
export function warningOfProxy({ config, logger }: { config: Config; logger: Logger }): (incoming: IncomingMessage) => void {
  let warned = !config.issuer.startsWith('http:')
  return ({ headers }) => {
    if (warned || headers['x-forwarded-proto'] !== 'https') return
    warned = true
    const seen = headers['x-forwarded-host'] ?? headers.host
    logger.warn('a proxy speaks https, but SERVER_URL says http', {
      fix: `set SERVER_URL to the https URL that clients use, such as https://${seen}`,
    })
  }
}
