import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkOf } from '../src/http/network.ts'

describe('networkOf()', () => {
  const networks = {
    '192.0.2.1': '192.0.2.1',
    '::ffff:192.0.2.1': '::ffff:192.0.2.1',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2',
    '2001:db8::1': '2001:db8:0:0',
    '2001:db8:1:2::': '2001:db8:1:2',
    '::1': '0:0:0:0',
    'fe80::1%eth0': 'fe80:0:0:0',
  }
  for (const [address, network] of Object.entries(networks)) {
    it(`is ${network} for ${address} (RFC 6177 section 2)`, () => assert.equal(networkOf(address), network))
  }
  it('is nothing for nothing', () => assert.equal(networkOf(''), ''))
})
