import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkOf } from '../../src/base/http/network.ts'

describe('networkOf()', () => {
  const same: Record<string, string> = {
    '192.0.2.1': '192.0.2.1', '::ffff:192.0.2.1': '192.0.2.1', '::FFFF:192.0.2.1': '192.0.2.1', '': '',
    '::ffff:c000:207': '192.0.2.7', '0:0:0:0:0:ffff:192.0.2.7': '192.0.2.7', '0:0:0:0:0:FFFF:C000:0207': '192.0.2.7', '::ffff:0:0': '0.0.0.0',
    '::192.0.2.7': '0:0:0:0::/64', '64:ff9b::192.0.2.7': '64:ff9b:0:0::/64', '::ffff:0:c000:207': '0:0:0:0::/64',
    '2001:db8:0:1::': '2001:db8:0:1::/64', '2001:db8:0:1:ffff:ffff:ffff:ffff': '2001:db8:0:1::/64', '2001:0DB8::1:0:0:0:1': '2001:db8:0:1::/64',
    '::1': '0:0:0:0::/64', '::': '0:0:0:0::/64', 'fe80::1%eth0': 'fe80:0:0:0::/64', '1:2:3:4:5:6:7::': '1:2:3:4::/64',
  }
  for (const [address, network] of Object.entries(same)) {
    it(`maps ${JSON.stringify(address)} to ${network || 'itself'}`, () => assert.equal(networkOf(address), network))
  }
})
