/** Addresses that do not belong to a host on the internet (the IANA special-purpose address registries, RFC 6890). */
import { BlockList, isIP, isIPv4 } from 'node:net'

const special = new BlockList()
const specialIPv4 = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
  ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.31.196.0', 24], ['192.52.193.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16],
  ['192.175.48.0', 24], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const
// Within 2000::/3, which is all that is global unicast: protocol assignments and Teredo, documentation, 6to4, AS112.
const specialIPv6 = [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['2620:4f:8000::', 48], ['3fff::', 20]] as const
for (const [network, prefix] of specialIPv4) special.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of specialIPv6) special.addSubnet(network, prefix, 'ipv6')

const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Networks that somebody runs for himself: RFC 1918, RFC 6598, RFC 4193. */
const ownNetworks = new BlockList()
for (const [network, prefix] of [['10.0.0.0', 8], ['100.64.0.0', 10], ['172.16.0.0', 12], ['192.168.0.0', 16]] as const) {
  ownNetworks.addSubnet(network, prefix, 'ipv4')
}
ownNetworks.addSubnet('fc00::', 7, 'ipv6')

/** Whether an address (without brackets) is one of a host on the internet. IPv4 in IPv6 clothes is none. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false
  if (isIPv4(address)) return !special.check(address, 'ipv4')
  return globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6')
}

export function isLoopbackAddress(address: string): boolean {
  return isIP(address) !== 0 && loopback.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

export function isPrivateAddress(address: string): boolean {
  return isIP(address) !== 0 && ownNetworks.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}
