/** Cookies that no script can read and no form of another site can send (RFC 6265bis section 4.1.2). */
import type { Config } from '../../base/config/config.ts'
import type { Request } from '../../base/http/message.ts'
import { hmacSha256 } from '../../base/protocol/crypto.ts'

export function readCookie(name: string, request: Request, config: Config): string | undefined {
  const prefix = `${fullName(name, config)}=`
  return (request.headers.cookie ?? '').split('; ').find(pair => pair.startsWith(prefix))?.slice(prefix.length)
}

/** The Set-Cookie header. `lifetime` is in seconds. 0 removes the cookie. */
export function cookieHeader(name: string, value: string, lifetime: number, config: Config): Record<string, string> {
  const secure = isSecure(config) ? '; Secure' : ''
  return { 'set-cookie': `${fullName(name, config)}=${value}; Path=/; Max-Age=${lifetime}; HttpOnly; SameSite=Lax${secure}` }
}

/** Derives a key from each JWT key, so that nothing signed with it passes as an access token. The first one signs. */
export function deriveKeys(purpose: string, { jwtKeys }: Config): readonly [string, ...string[]] {
  const [current, ...previous] = jwtKeys
  return [hmacSha256(current, purpose), ...previous.map(key => hmacSha256(key, purpose))]
}

/** RFC 6265bis section 4.1.3: a __Host- cookie can be set only over https, and only by this host. */
function fullName(name: string, config: Config): string {
  return isSecure(config) ? `__Host-${name}` : name
}

function isSecure({ issuer }: Config): boolean {
  return issuer.startsWith('https:')
}
