/** Whom an address belongs to, as far as an address tells. */
import { isIPv4, isIPv6 } from 'node:net'

/**
 * The network that is one party: an IPv4 address, also in IPv6 clothes however they are spelled (RFC 4291 section 2.5.5.2),
 * or the first 64 bits of an IPv6 address, since one household has at least the rest to choose from (RFC 6177 section 2).
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  // As Node spells the peers of every request on a socket for both families: not worth taking apart.
  if (address.startsWith('::ffff:') && isIPv4(address.slice(7))) return address.slice(7)
  const groups = groupsOf(address)
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every(group => group === 0)
  if (isMapped) return groups.slice(6).flatMap(group => [group >> 8, group & 0xff]).join('.')
  return `${groups.slice(0, 4).map(group => group.toString(16)).join(':')}::/64`
}

/** The eight groups of 16 bits of an IPv6 address (RFC 4291 section 2.2). */
function groupsOf(address: string): readonly number[] {
  const parts = address.split('%', 1)[0]!.split('::')
  const [head = [], tail] = parts.map(part => part === '' ? [] : part.split(':').flatMap(numbersOf))
  return tail ? [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail] : head
}

/** One group in hexadecimal, or the two of the IPv4 address in which an IPv6 address may end. */
function numbersOf(part: string): readonly number[] {
  if (!part.includes('.')) return [Number.parseInt(part, 16)]
  const [a, b, c, d] = part.split('.').map(Number)
  return [a! << 8 | b!, c! << 8 | d!]
}
