import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { steadyClock } from '../../src/base/config/clock.ts'

/** A steady clock whose wall clock and stopwatch the test controls. */
function clocks() {
  const at = { wall: 1000, elapsed: 0 }
  return { at, clock: steadyClock(() => at.wall, () => at.elapsed) }
}

describe('steadyClock()', () => {
  it('follows the wall clock', () => {
    const { at, clock } = clocks()
    assert.equal(clock(), 1000)
    Object.assign(at, { wall: 1010, elapsed: 10 })
    assert.equal(clock(), 1010)
  })

  it('follows the wall clock while the machine sleeps, when no stopwatch runs', () => {
    const { at, clock } = clocks()
    Object.assign(at, { wall: 5000, elapsed: 1 })
    assert.equal(clock(), 5000)
  })

  it('continues by the elapsed time if the wall clock is set back', () => {
    const { at, clock } = clocks()
    Object.assign(at, { wall: 1010, elapsed: 10 })
    clock()
    Object.assign(at, { wall: 500, elapsed: 15 })
    assert.equal(clock(), 1015)
    Object.assign(at, { wall: 505, elapsed: 20 })
    assert.equal(clock(), 1020)
  })

  it('follows the wall clock again once it has caught up', () => {
    const { at, clock } = clocks()
    Object.assign(at, { wall: 900, elapsed: 1 })
    assert.equal(clock(), 1001)
    Object.assign(at, { wall: 2000, elapsed: 2 })
    assert.equal(clock(), 2000)
  })

  it('uses the clock of the machine by default', () => {
    assert.ok(Math.abs(steadyClock()() - Date.now() / 1000) < 1)
  })
})
