/** The issuer identifier, and what follows from it. */
import { ConfigError } from './environment.ts'

export interface Identity {
  /** `SERVER_URL` without a trailing slash: the issuer identifier, the same bytes wherever it appears. */
  readonly issuer: string
  /** The path of the issuer, without a trailing slash: `''` or `/tenant`. */
  readonly basePath: string
  /** The resource identifier of the MCP server (RFC 8707 section 2): the issuer and `/mcp`. */
  readonly resource: string
}

export function identityOf(issuer: string): Identity {
  const { pathname } = new URL(issuer)
  return { issuer, basePath: pathname === '/' ? '' : pathname, resource: `${issuer}/mcp` }
}

/** The issuer of a server without SERVER_URL. */
export function localIssuer(port: number, isTls: boolean): string {
  // `origin` omits the default port of the scheme.
  return new URL(`${isTls ? 'https' : 'http'}://localhost:${port}`).origin
}

/**
 * RFC 8414 section 2: the issuer is a URL without query or fragment. Clients compare it as a string, so it must be written
 * exactly as `URL` normalizes it. A different spelling (case, default port, `..`) is refused here, before a client fails on it.
 */
export function parseIssuer(raw: string, isTls: boolean): string {
  const invalid = (problem: string): ConfigError => new ConfigError('SERVER_URL', problem)
  if (!URL.canParse(raw)) throw invalid(`is not a URL: ${JSON.stringify(raw)}; write it like https://mcp.example.com`)
  const { protocol, pathname, href } = new URL(raw)
  if (protocol !== 'https:' && protocol !== 'http:') throw invalid(`must begin with https: or http:, not ${protocol}`)
  if (isTls && protocol === 'http:') throw invalid('begins with http:, but with TLS_CERT_FILE the server speaks https')
  if (/[?#@]/.test(raw)) throw invalid('has a query, a fragment or a user name, which an issuer must not have')
  if (pathname.includes('//')) throw invalid('has an empty segment in its path')
  const normal = href.replace(/\/$/, '')
  if (raw !== normal && raw !== `${normal}/`) {
    throw invalid(`is ${JSON.stringify(raw)}; write it as ${normal}, because clients compare it character by character`)
  }
  return normal
}
