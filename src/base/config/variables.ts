/** Every environment variable of the server. A test compares docs/configuration.md and .env.example with this table. */
import { nearestMiss } from '../rules/nearest-miss.ts'
import { flag, list, logLevel, number, readVariable, text, type Environment, type Variable } from './environment.ts'
import { version } from './version.ts'

const lifetime = { moreThan: 0, atMost: 5_256_000 }
const inMinutes = { ...lifetime, unit: 60 }
const inDays = { ...lifetime, unit: 86_400 }
const perMinute = { atMost: 1_000_000, whole: true }
const lowerCase = (item: string): string => item.toLowerCase()

/** By the name that the value has in the configuration. Lifetimes are converted to seconds. */
export const variables = {
  serverUrl: text('SERVER_URL', undefined, 'the issuer, exactly as clients see it; may have a path',
    '`http://localhost:<port>`, or https with TLS'),
  host: text('SERVER_HOST', '127.0.0.1', 'the address to listen on'),
  port: number('SERVER_PORT', 8000, { atMost: 65_535, whole: true }, 'the port to listen on; 0 picks a free one'),
  allowedHosts: list('SERVER_ALLOWED_HOSTS',
    'more names that the Host header may have, separated by commas', lowerCase),
  allowedOrigins: list('SERVER_ALLOWED_ORIGINS',
    'more origins whose pages may call `/mcp`, separated by commas; `*` allows all', lowerCase),
  behindProxy: flag('SERVER_BEHIND_PROXY', false,
    'rate limits use the last address in `X-Forwarded-For`; turn it on only if your proxy always appends that address'),
  certFile: text('TLS_CERT_FILE', undefined,
    'PEM file of the certificate chain; with `TLS_KEY_FILE`, the server speaks https itself'),
  keyFile: text('TLS_KEY_FILE', undefined, 'PEM file of the private key of the certificate'),
  secretKey: text('JWT_SECRET_KEY', undefined, 'the HS256 key, at least 32 bytes; required unless `DEBUG=true`'),
  previousSecretKeys: list('JWT_PREVIOUS_SECRET_KEYS',
    'former keys, separated by commas; their tokens are accepted until they expire'),
  accessTokenLifetime: number('JWT_ACCESS_TOKEN_EXPIRE_MINUTES', 60, inMinutes,
    'lifetime of an access token; it never outlives its grant'),
  authorizationCodeLifetime: number('OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES', 10, inMinutes,
    'lifetime of an authorization code'),
  refreshTokenLifetime: number('OAUTH_REFRESH_TOKEN_EXPIRE_DAYS', 30, inDays,
    'lifetime of a grant; refreshing does not extend it'),
  refreshTokenReuseWindow: number('OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS', 30, { atMost: 600 },
    'how long a repeated refresh gets the same answer; 0 revokes the grant at the first repetition'),
  registrationLimit: number('RATE_LIMIT_REGISTRATIONS_PER_MINUTE', 3000, perMinute,
    'registrations per address; 0 is no limit'),
  authorizationLimit: number('RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE', 3000, perMinute,
    'authorization requests per address; 0 is no limit'),
  refusalLimit: number('RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE', 3000, perMinute, 'failed requests with credentials per address '
    + '(token, revocation, introspection, registration management); 0 is no limit'),
  autoApprove: flag('OAUTH_AUTO_APPROVE', false,
    'development only: approves clients on this machine without asking, on behalf of the first user'),
  usersFile: text('OAUTH_USERS_FILE', undefined,
    '[who can sign in](#let-people-sign-in); without it, only the two demonstration users of `DEBUG=true`'),
  clientCredentials: flag('OAUTH_CLIENT_CREDENTIALS', undefined,
    'lets clients register to get tokens on their own behalf, without a user',
    '`true` with `DEBUG` or `OAUTH_AUTO_APPROVE`, otherwise `false`'),
  dpopNonce: flag('OAUTH_DPOP_NONCE', false, 'requires a nonce from this server in every DPoP proof'),
  allowLoopbackDocuments: flag('OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK', false,
    'development only: accepts metadata documents and keys of clients from this machine, even over http'),
  serverName: text('MCP_SERVER_NAME', 'mcp-authorization', 'the name that the MCP server reports'),
  serverVersion: text('MCP_SERVER_VERSION', version, 'the version that the MCP server reports', 'the version of this program'),
  debug: flag('DEBUG', false, 'development only: generates a signing key, names the exact rule in every error, '
    + 'logs every request with its rules, and records requests for `/flow`'),
  logLevel: logLevel('LOG_LEVEL', '`debug`, `info`, `warn`, `error` or `silent`', '`info`, or `debug` with `DEBUG`'),
}

export type Values = { readonly [Key in keyof typeof variables]: (typeof variables)[Key]['fallback'] }

export function readVariables(env: Environment): Values {
  const entries = Object.entries<Variable<unknown>>(variables).map(([key, variable]) => [key, readVariable(variable, env)])
  return Object.fromEntries(entries) as unknown as Values
}

const ourPrefix = /^(?:SERVER|TLS|JWT|OAUTH|RATE_LIMIT|MCP_SERVER)_/

/** Variables that look like ours but are not, each with the known one that is nearest. Most are typos. */
export function unknownVariables(env: Environment): readonly { readonly name: string; readonly nearest: string }[] {
  const known = Object.values(variables).map(({ name }) => name)
  return Object.keys(env).filter(name => !known.includes(name)).flatMap(name => {
    const { candidate, received, expected } = nearestMiss(name, known)!
    const difference = received.length + expected.length
    const isNear = difference <= 4 && difference * 2 < candidate.length
    return isNear || ourPrefix.test(name) ? [{ name, nearest: candidate }] : []
  })
}
