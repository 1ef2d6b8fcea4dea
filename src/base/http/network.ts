/** Groups addresses by the party that they belong to, so that one party cannot evade a limit by changing its address. */
import { isIPv4, isIPv6 } from 'node:net'

/**
 * An IPv4 address stands for itself, also when it is mapped into IPv6 in any spelling (RFC 4291 section 2.5.5.2). An IPv6
 * address stands for its first 64 bits, because a single household can choose at least the rest (RFC 6177 section 2).
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  // Shortcut for the spelling that Node uses for every IPv4 peer of a dual-stack socket.
  if (address.startsWith('::ffff:') && isIPv4(address.slice(7))) return address.slice(7)
  const groups = groupsOf(address)
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every(group => group === 0)
  if (isMapped) return groups.slice(6).flatMap(group => [group >> 8, group & 0xff]).join('.')
  return `${groups.slice(0, 4).map(group => group.toString(16)).join(':')}::/64`
}

/** The eight 16-bit groups of an IPv6 address (RFC 4291 section 2.2). */
function groupsOf(address: string): readonly number[] {
  const parts = address.split('%', 1)[0]!.split('::')
  const [head = [], tail] = parts.map(part => part === '' ? [] : part.split(':').flatMap(numbersOf))
  return tail ? [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail] : head
}

/** One hexadecimal group, or the two groups of an IPv4 address at the end of an IPv6 address. */
function numbersOf(part: string): readonly number[] {
  if (!part.includes('.')) return [Number.parseInt(part, 16)]
  const [a, b, c, d] = part.split('.').map(Number)
  return [a! << 8 | b!, c! << 8 | d!]
}
