/** Whom an address belongs to, as far as an address tells. */
import { isIPv6 } from 'node:net'

/**
 * The network that is one party: an IPv4 address, also in IPv6 clothes, or the first 64 bits of an IPv6 address, since one
 * household has at least the rest to choose from (RFC 6177 section 2).
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.split('%', 1)[0]!.split('::')
  const groups = head === '' ? [] : head.split(':')
  const known = groups.length + (tail === undefined || tail === '' ? 0 : tail.split(':').length)
  const all = tail === undefined ? groups : [...groups, ...Array<string>(Math.max(0, 8 - known)).fill('0'), ...tail.split(':')]
  return `${all.slice(0, 4).map(group => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
