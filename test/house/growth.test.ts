import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertLinear } from '../growth.ts'

describe('assertLinear()', () => {
  it('accepts work that grows with its input', () => assertLinear(60_000, size => 'a='.repeat(size).replaceAll('=', '%3d')))

  it('accepts work that does not depend on its input', () => assertLinear(60_000, () => 'a='.repeat(200_000).replaceAll('=', '%3d')))

  it('rejects a regular expression that backtracks', async () => {
    await assert.rejects(assertLinear(24_000, size => /\s+$/.test(`${' '.repeat(size)}x`)), /takes \d{2} times the work/)
  })
})
