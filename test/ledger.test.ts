import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

it('docs/specification.md names every rule with its lines and tests, and docs/attacks.md every attack', () => {
  let root = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(root, 'bin/ledger'))) root = dirname(root)
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin/ledger'), '--check'], { encoding: 'utf8' })
  assert.equal(stderr, '')
  assert.equal(status, 0)
})
