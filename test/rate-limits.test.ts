import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkOf, RateLimits } from '../src/http/rate-limits.ts'

function limits(registrationLimit: number) {
  const at = { now: 0 }
  const none = { authorizationLimit: 0, tokenFailureLimit: 0 }
  return { at, limits: new RateLimits({ registrationLimit, ...none }, () => at.now) }
}

describe('RateLimits', () => {
  it('lets as many pass in a minute as the limit says', () => {
    const { limits: { count, secondsLeft } } = bind(limits(2))
    count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'a'), 0)
    count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'a'), 60)
  })

  it('counts each address for itself', () => {
    const { limits: { count, secondsLeft } } = bind(limits(1))
    count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'b'), 0)
  })

  it('counts each kind for itself', () => {
    const { limits: { count, secondsLeft } } = bind(limits(1))
    count('registrations', 'a')
    assert.equal(secondsLeft('authorizations', 'a'), 0)
  })

  it('says how long the minute lasts that began with the first request', () => {
    const { at, limits: { count, secondsLeft } } = bind(limits(1))
    count('registrations', 'a')
    at.now = 59.5
    assert.equal(secondsLeft('registrations', 'a'), 1)
    at.now = 60
    assert.equal(secondsLeft('registrations', 'a'), 0)
  })

  it('has no limit where it is 0', () => {
    const { limits: { count, secondsLeft } } = bind(limits(0))
    for (let i = 0; i < 1000; i++) count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'a'), 0)
  })
})

describe('networkOf()', () => {
  const same: Record<string, string> = {
    '192.0.2.1': '192.0.2.1', '::ffff:192.0.2.1': '192.0.2.1', '::FFFF:192.0.2.1': '192.0.2.1', '': '',
    '2001:db8:0:1::': '2001:db8:0:1::/64', '2001:db8:0:1:ffff:ffff:ffff:ffff': '2001:db8:0:1::/64', '2001:0DB8::1:0:0:0:1': '2001:db8:0:1::/64',
    '::1': '0:0:0:0::/64', '::': '0:0:0:0::/64', 'fe80::1%eth0': 'fe80:0:0:0::/64', '1:2:3:4:5:6:7::': '1:2:3:4::/64',
  }
  for (const [address, network] of Object.entries(same)) {
    it(`takes ${JSON.stringify(address)} for ${network || 'itself'}`, () => assert.equal(networkOf(address), network))
  }
})

function bind({ at, limits }: { at: { now: number }; limits: RateLimits }) {
  return { at, limits: { count: limits.count.bind(limits), secondsLeft: limits.secondsLeft.bind(limits) } }
}
