/** The IANA IPv4 and IPv6 special-purpose address registries (RFC 6890), row by row, and the addresses next to the rows. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isLoopbackAddress, isPublicAddress } from '../../src/base/http/special-address.ts'

/** The first and the last address of each block. */
const special: Record<string, readonly string[]> = {
  'this network (RFC 791 section 3.2)': ['0.0.0.0', '0.255.255.255'],
  'private use (RFC 1918 section 3)': ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
  'shared address space (RFC 6598 section 7)': ['100.64.0.0', '100.127.255.255'],
  'loopback (RFC 1122 section 3.2.1.3)': ['127.0.0.0', '127.0.0.1', '127.255.255.255'],
  'link local, where clouds serve their credentials (RFC 3927 section 2.1)': ['169.254.0.0', '169.254.169.254', '169.254.255.255'],
  'protocol assignments (RFC 6890 section 2.1)': ['192.0.0.0', '192.0.0.170', '192.0.0.255'],
  'documentation (RFC 5737 section 3)': ['192.0.2.0', '192.0.2.255', '198.51.100.0', '198.51.100.255', '203.0.113.0', '203.0.113.255'],
  'AS112 (RFC 7534 section 3.1, RFC 7535 section 3.1)': ['192.31.196.0', '192.31.196.255', '192.175.48.0', '192.175.48.255'],
  'multicast tunnels (RFC 7450 section 7)': ['192.52.193.0', '192.52.193.255'],
  '6to4 relays (RFC 7526 section 4)': ['192.88.99.0', '192.88.99.255'],
  'benchmarks (RFC 2544 appendix C.2.2)': ['198.18.0.0', '198.19.255.255'],
  'multicast (RFC 5771 section 3)': ['224.0.0.0', '239.255.255.255'],
  'what is reserved, and broadcast (RFC 1112 section 4)': ['240.0.0.0', '255.255.255.254', '255.255.255.255'],
  'the unspecified address of IPv6 (RFC 4291 section 2.5.2)': ['::', '0:0:0:0:0:0:0:0'],
  'loopback of IPv6 (RFC 4291 section 2.5.3)': ['::1', '0000:0000:0000:0000:0000:0000:0000:0001'],
  'IPv4 mapped to IPv6 (RFC 4291 section 2.5.5.2)': ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:93.184.216.34'],
  'IPv4 compatible with IPv6 (RFC 4291 section 2.5.5.1)': ['::127.0.0.1', '::10.0.0.1'],
  'NAT64 (RFC 6052 section 2.1, RFC 8215 section 5)': ['64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b:1::a00:1'],
  'discard only (RFC 6666 section 4)': ['100::', '100::ffff:ffff:ffff:ffff'],
  'Teredo (RFC 4380 section 2.6)': ['2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
  'protocol assignments of IPv6 (RFC 2928 section 2)': ['2001:2::1', '2001:20::1', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
  'documentation of IPv6 (RFC 3849 section 2, RFC 9637 section 4)': ['2001:db8::', '2001:db8:ffff:ffff::', '3fff::', '3fff:fff:ffff::'],
  '6to4 (RFC 3056 section 2)': ['2002::', '2002:7f00:1::', '2002:a00:1::1', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  'AS112 of IPv6 (RFC 7534 section 3.1)': ['2620:4f:8000::', '2620:4f:8000:ffff::'],
  'segment routing (RFC 9602 section 6)': ['5f00::', '5f00:ffff::'],
  'unique local (RFC 4193 section 3.1)': ['fc00::', 'fd12:3456:789a:1::1', 'fdff:ffff::'],
  'link local of IPv6 (RFC 4291 section 2.5.6)': ['fe80::', 'fe80::1', 'febf::', 'fe80::1%eth0'],
  'site local (RFC 3879 section 4)': ['fec0::', 'feff::'],
  'multicast of IPv6 (RFC 4291 section 2.7)': ['ff00::', 'ff02::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
}

describe('isPublicAddress()', () => {
  for (const [block, addresses] of Object.entries(special)) {
    it(`refuses ${block}`, () => assert.deepEqual(addresses.filter(isPublicAddress), []))
  }

  const neighbours = [
    '1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255',
    '169.255.0.0', '172.15.255.255', '172.32.0.0', '191.255.255.255', '192.0.1.0', '192.0.3.0', '192.88.98.255', '192.167.255.255',
    '192.169.0.0', '198.17.255.255', '198.20.0.0', '203.0.112.255', '203.0.114.0', '223.255.255.255', '93.184.216.34',
    '2001:200::', '2001:db7:ffff::', '2001:db9::', '2003::1', '2606:4700:4700::1111', '2a00:1450:4001::1', '3ffe::',
  ]
  for (const address of neighbours) {
    it(`accepts ${address}, next to a block`, () => assert.ok(isPublicAddress(address)))
  }

  for (const text of ['', 'localhost', '127.1', '0x7f000001', '2130706433', '[::1]', '1.2.3.4.', '::ffff:1.2.3']) {
    it(`refuses ${JSON.stringify(text)}, which is not an address`, () => assert.ok(!isPublicAddress(text)))
  }
})

describe('isLoopbackAddress()', () => {
  for (const address of ['127.0.0.1', '127.255.255.255', '::1']) {
    it(`accepts ${address}`, () => assert.ok(isLoopbackAddress(address)))
  }

  for (const address of ['128.0.0.1', '10.0.0.1', '0.0.0.0', '::', '::2', 'localhost', '']) {
    it(`refuses ${JSON.stringify(address)}`, () => assert.ok(!isLoopbackAddress(address)))
  }
})
