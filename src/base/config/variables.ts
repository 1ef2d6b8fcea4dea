/** Every environment variable of the server. A test compares docs/configuration.md and .env.example with this table. */
import { nearestMiss } from '../rules/nearest-miss.ts'
import { flag, list, logLevel, number, text, type Environment, type Variable } from './environment.ts'
import { version } from './version.ts'

const lifetime = { moreThan: 0, atMost: 5_256_000 }
const rateLimit = { atMost: 1_000_000, whole: true }

export const variables = {
  SERVER_URL: text(
    undefined, 'the issuer, exactly as clients see it; may have a path', '`http://localhost:<port>`, or https with TLS'),
  SERVER_HOST: text('127.0.0.1', 'the address to listen on'),
  SERVER_PORT: number(8000, { atMost: 65_535, whole: true }, 'the port to listen on; 0 picks a free one'),
  SERVER_ALLOWED_HOSTS: list('more names that the Host header may have, separated by commas'),
  SERVER_ALLOWED_ORIGINS: list('more origins whose pages may call `/mcp`, separated by commas; `*` allows all'),
  SERVER_BEHIND_PROXY: flag(false, 'rate limits use the last address in `X-Forwarded-For`; '
    + 'turn it on only if your proxy always appends that address'),
  TLS_CERT_FILE: text(undefined, 'PEM file of the certificate chain; with `TLS_KEY_FILE`, the server speaks https itself'),
  TLS_KEY_FILE: text(undefined, 'PEM file of the private key of the certificate'),
  JWT_SECRET_KEY: text(undefined, 'the HS256 key, at least 32 bytes; required unless `DEBUG=true`'),
  JWT_PREVIOUS_SECRET_KEYS: list('former keys, separated by commas; their tokens are accepted until they expire'),
  JWT_ACCESS_TOKEN_EXPIRE_MINUTES: number(60, lifetime, 'lifetime of an access token; it never outlives its grant'),
  OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES: number(10, lifetime, 'lifetime of an authorization code'),
  OAUTH_REFRESH_TOKEN_EXPIRE_DAYS: number(30, lifetime, 'lifetime of a grant; refreshing does not extend it'),
  OAUTH_REFRESH_TOKEN_REUSE_WINDOW_SECONDS: number(30, { atMost: 600 },
    'how long a repeated refresh gets the same answer; 0 revokes the grant at the first repetition'),
  RATE_LIMIT_REGISTRATIONS_PER_MINUTE: number(3000, rateLimit, 'registrations per address; 0 is no limit'),
  RATE_LIMIT_AUTHORIZATIONS_PER_MINUTE: number(3000, rateLimit, 'authorization requests per address; 0 is no limit'),
  RATE_LIMIT_TOKEN_FAILURES_PER_MINUTE: number(3000, rateLimit, 'failed requests with credentials per address '
    + '(token, revocation, introspection, registration management); 0 is no limit'),
  OAUTH_AUTO_APPROVE: flag(
    false, 'development only: approves clients on this machine without asking, on behalf of the first user'),
  OAUTH_USERS_FILE: text(
    undefined, '[who can sign in](#let-people-sign-in); without it, only the two demonstration users of `DEBUG=true`'),
  OAUTH_CLIENT_CREDENTIALS: flag(undefined, 'lets clients register to get tokens on their own behalf, without a user',
    '`true` with `DEBUG` or `OAUTH_AUTO_APPROVE`, otherwise `false`'),
  OAUTH_DPOP_NONCE: flag(false, 'requires a nonce from this server in every DPoP proof'),
  OAUTH_CLIENT_METADATA_ALLOW_LOOPBACK: flag(
    false, 'development only: accepts metadata documents and keys of clients from this machine, even over http'),
  MCP_SERVER_NAME: text('mcp-authorization', 'the name that the MCP server reports'),
  MCP_SERVER_VERSION: text(version, 'the version that the MCP server reports', 'the version of this program'),
  DEBUG: flag(false, 'development only: generates a signing key, names the exact rule in every error, '
    + 'logs every request with its rules, and records requests for `/flow`'),
  LOG_LEVEL: logLevel('`debug`, `info`, `warn`, `error` or `silent`', '`info`, or `debug` with `DEBUG`'),
}

export type Values = {
  readonly [Name in keyof typeof variables]: (typeof variables)[Name] extends Variable<infer T> ? T : never
}

export function readVariables(env: Environment): Values {
  const entries = Object.entries<Variable<unknown>>(variables).map(([name, { fallback, read }]) => {
    const raw = env[name]
    return [name, raw ? read(raw, name) : fallback] as const
  })
  return Object.fromEntries(entries) as unknown as Values
}

const ourPrefix = /^(?:SERVER|TLS|JWT|OAUTH|RATE_LIMIT|MCP_SERVER)_/

/** Variables that look like ours but are not, each with the known one that is nearest. Most are typos. */
export function unknownVariables(env: Environment): readonly { readonly name: string; readonly nearest: string }[] {
  const known = Object.keys(variables)
  return Object.keys(env).filter(name => !known.includes(name)).flatMap(name => {
    const { candidate, received, expected } = nearestMiss(name, known)!
    const difference = received.length + expected.length
    const isNear = difference <= 4 && difference * 2 < candidate.length
    return isNear || ourPrefix.test(name) ? [{ name, nearest: candidate }] : []
  })
}
