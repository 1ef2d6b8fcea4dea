/** Cookies of this server, which no script reads and no form of another site sends (RFC 6265bis section 4.1.2). */
import type { Config } from '../../base/config/config.ts'
import type { Request } from '../../base/http/message.ts'
import { hmacSha256 } from '../../base/protocol/crypto.ts'

export function readCookie(name: string, request: Request, config: Config): string | undefined {
  const prefix = `${fullName(name, config)}=`
  return (request.headers.cookie ?? '').split('; ').find(pair => pair.startsWith(prefix))?.slice(prefix.length)
}

/** The Set-Cookie header of a cookie that lives `lifetime` seconds; none removes it. */
export function cookieHeader(name: string, value: string, lifetime: number, config: Config): Record<string, string> {
  const secure = isSecure(config) ? '; Secure' : ''
  return { 'set-cookie': `${fullName(name, config)}=${value}; Path=/; Max-Age=${lifetime}; HttpOnly; SameSite=Lax${secure}` }
}

/** A key for each key of the access tokens, which makes nothing that could be taken for a token; the first signs. */
export function deriveKeys(purpose: string, { jwtKeys }: Config): readonly [string, ...string[]] {
  const [current, ...previous] = jwtKeys
  return [hmacSha256(current, purpose), ...previous.map(key => hmacSha256(key, purpose))]
}

/** RFC 6265bis section 4.1.3: a name with __Host- can be set over https only, for this host alone. */
function fullName(name: string, config: Config): string {
  return isSecure(config) ? `__Host-${name}` : name
}

function isSecure({ issuer }: Config): boolean {
  return issuer.startsWith('https:')
}
