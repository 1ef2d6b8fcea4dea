import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { it } from 'node:test'
import { packageRoot } from '../../package-root.ts'

it('A dozen kills of clients and servers leave nothing corrupted and nothing half written', { timeout: 120_000 }, async () => {
  const run = spawn(process.execPath, [join(packageRoot, 'test/faults.mjs'), '12'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [run.stdout, run.stderr]) stream.on('data', text => { output += text })
  assert.deepEqual(await once(run, 'exit'), [0, null], output)
  assert.match(output, /Nothing is corrupted/)
})
