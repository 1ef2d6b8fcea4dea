import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RateLimits } from '../../src/base/store/rate-limits.ts'

function limits(registrationLimit: number) {
  const at = { now: 0 }
  const none = { authorizationLimit: 0, refusalLimit: 0 }
  return { at, limits: new RateLimits({ registrationLimit, ...none }, () => at.now) }
}

describe('RateLimits', () => {
  it('allows as many requests per minute as the limit says', () => {
    const { limits: { count, secondsLeft } } = bind(limits(2))
    count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'a'), 0)
    count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'a'), 60)
  })

  it('counts each address separately', () => {
    const { limits: { count, secondsLeft } } = bind(limits(1))
    count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'b'), 0)
  })

  it('counts each kind separately', () => {
    const { limits: { count, secondsLeft } } = bind(limits(1))
    count('registrations', 'a')
    assert.equal(secondsLeft('authorizations', 'a'), 0)
  })

  it('says how long is left of the minute that began with the first request', () => {
    const { at, limits: { count, secondsLeft } } = bind(limits(1))
    count('registrations', 'a')
    at.now = 59.5
    assert.equal(secondsLeft('registrations', 'a'), 1)
    at.now = 60
    assert.equal(secondsLeft('registrations', 'a'), 0)
  })

  it('has no limit if it is 0', () => {
    const { limits: { count, secondsLeft } } = bind(limits(0))
    for (let i = 0; i < 1000; i++) count('registrations', 'a')
    assert.equal(secondsLeft('registrations', 'a'), 0)
  })
})

function bind({ at, limits }: { at: { now: number }; limits: RateLimits }) {
  return { at, limits: { count: limits.count.bind(limits), secondsLeft: limits.secondsLeft.bind(limits) } }
}
