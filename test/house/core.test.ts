/** The core can be read in an evening, and stands without the rooms beside it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { packageRoot } from '../package-root.ts'

const mostLines = 5_000

describe('The core', () => {
  it('has at most 5,000 lines with its rules', () => {
    const core = join(packageRoot, 'src/core')
    const files = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
    const lines = files.map(name => readFileSync(join(core, name), 'utf8').split('\n').length - 1)
    const size = lines.reduce((sum, count) => sum + count, 0)
    assert.ok(size > 1_000 && size <= mostLines, `it has ${size} lines`)
  })

  it('compiles when every room beside it is deleted', t => {
    const folder = mkdtempSync(join(packageRoot, 'dist/.core-'))
    t.after(() => rmSync(folder, { recursive: true }))
    for (const name of ['package.json', 'tsconfig.json', 'src/core', 'src/base']) {
      cpSync(join(packageRoot, name), join(folder, name), { recursive: true })
    }
    symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
    const compiler = join(packageRoot, 'node_modules/typescript/bin/tsc')
    const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '--noEmit', '-p', folder], { encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  })
})
