/** Whom an address belongs to, as far as an address tells. */

/**
 * The network that is one party: an IPv4 address, or 64 bits of an IPv6 address, since one household has at least that
 * many to choose from (RFC 6177 section 2).
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':').filter(Boolean)
  const after = (tail ?? '').split(':').filter(Boolean)
  if (tail !== undefined) groups.push(...Array<string>(8 - groups.length - after.length).fill('0'), ...after)
  return groups.slice(0, 4).join(':')
}
