/** Tells public addresses from special ones: loopback, private, link-local and the like (the IANA registries of RFC 6890). */
import { BlockList, isIP, isIPv4 } from 'node:net'

type Subnet = readonly [network: string, prefix: number]

const special = blockList(
  [
    ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
    ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.31.196.0', 24], ['192.52.193.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16],
    ['192.175.48.0', 24], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
  ],
  // The special ranges within global unicast: protocol assignments and Teredo, documentation, 6to4, AS112, documentation.
  [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['2620:4f:8000::', 48], ['3fff::', 20]],
)
const globalUnicast = blockList([], [['2000::', 3]])
const loopback = blockList([['127.0.0.0', 8]], [['::1', 128]])
/** RFC 1918, RFC 6598 and RFC 4193. */
const privateNetworks = blockList(
  [['10.0.0.0', 8], ['100.64.0.0', 10], ['172.16.0.0', 12], ['192.168.0.0', 16]], [['fc00::', 7]],
)

/** Whether `address` (without brackets) is a public address. An IPv4-mapped IPv6 address is not. */
export function isPublicAddress(address: string): boolean {
  return (isIPv4(address) || contains(globalUnicast, address)) && !contains(special, address)
}

export function isLoopbackAddress(address: string): boolean {
  return contains(loopback, address)
}

export function isPrivateAddress(address: string): boolean {
  return contains(privateNetworks, address)
}

function blockList(ipv4: readonly Subnet[], ipv6: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ipv4) list.addSubnet(network, prefix, 'ipv4')
  for (const [network, prefix] of ipv6) list.addSubnet(network, prefix, 'ipv6')
  return list
}

function contains(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}
