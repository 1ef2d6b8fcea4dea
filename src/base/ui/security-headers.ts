/** The headers of every response, unless its handler overrides them. */
import { contentSecurityPolicy } from './page.ts'

/** In seconds: how long browsers must use https (RFC 6797 section 6.1.1). One year. */
const strictTransport = 31_536_000

export function securityHeaders(issuer: string): Readonly<Record<string, string>> {
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'content-security-policy': contentSecurityPolicy,
    'cache-control': 'no-store',
    ...(issuer.startsWith('https:') ? { 'strict-transport-security': `max-age=${strictTransport}` } : {}),
  }
}
