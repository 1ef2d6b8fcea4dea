import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { packageRoot } from '../package-root.ts'

it('docs/specification.md names every rule with its lines and tests, and docs/attacks.md every attack', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'bin/ledger'), '--check'], { encoding: 'utf8' })
  assert.equal(stderr, '')
  assert.equal(status, 0)
})
