/** The judge of growth, with costs that are given and not measured. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertLinear } from '../growth.ts'

/** Judges work that costs as much as `cost` says for a size. */
function judge(cost: (size: number) => number): Promise<void> {
  return assertLinear(60_000, size => size, async work => cost(await work() as number))
}

describe('assertLinear()', () => {
  it('accepts work that grows with its input', () => judge(size => size / 1_000))

  it('accepts work that does not depend on its input', () => judge(() => 100))

  it('accepts work whose short input costs next to nothing', () => judge(size => size < 10_000 ? 0.01 : size / 1_000))

  it('accepts work that takes no time', () => judge(size => size ** 2 / 1e9))

  it('rejects work that grows with the square of its input', async () => {
    await assert.rejects(judge(size => size ** 2 / 1e6), /takes 16 times the work/)
  })
})
