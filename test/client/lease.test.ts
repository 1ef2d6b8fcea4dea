import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLease } from '../../src/client/storage/lease.ts'
import type { TestContext } from '../harness.ts'

async function leasePath(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'mcp-lease-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  return join(home, 'lease')
}

function owner(pid: number, host = hostname()): string {
  return JSON.stringify({ pid, host, id: 'another' })
}

/** The id of a process that has exited. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid!
}

async function setBack(path: string, seconds: number): Promise<void> {
  const then = new Date(Date.now() - seconds * 1000)
  await utimes(path, then, then)
}

/** Asserts that nobody gets the lease before the file at `path` is deleted. */
async function assertWaits(path: string): Promise<void> {
  let taken = false
  const work = withLease(path, async () => { taken = true })
  await sleep(400)
  assert.equal(taken, false, 'the lease is not stolen')
  await rm(path)
  await work
  assert.equal(taken, true)
}

/** Lets many acquire the lease at once, and asserts that they hold it one at a time. */
async function assertAlone(path: string, count: number): Promise<void> {
  let inside = 0
  let done = 0
  await Promise.all(Array.from({ length: count }, () => withLease(path, async () => {
    assert.equal(++inside, 1, 'one at a time')
    await sleep(1)
    inside--
    done++
  })))
  assert.equal(done, count)
}

describe('withLease()', () => {
  it('returns what the work returns, and leaves no file', async t => {
    const path = await leasePath(t)
    assert.equal(await withLease(path, async () => 'done'), 'done')
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  it('keeps a private file that names its process while it works', async t => {
    const path = await leasePath(t)
    await withLease(path, async () => {
      const { pid, host } = JSON.parse(await readFile(path, 'utf8')) as { pid: number; host: string }
      assert.deepEqual({ pid, host }, { pid: process.pid, host: hostname() })
      assert.equal((await stat(path)).mode & 0o777, 0o600)
    })
  })

  it('releases the lease if the work fails', async t => {
    const path = await leasePath(t)
    await assert.rejects(withLease(path, async () => { throw new Error('no') }), /no/)
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  it('admits 20 one at a time', async t => assertAlone(await leasePath(t), 20))

  it('creates a private folder', async t => {
    const path = join(await leasePath(t), 'below', 'lease')
    await withLease(path, async () => {})
    assert.equal((await stat(join(path, '..'))).mode & 0o777, 0o700)
  })

  it('waits for a process that is running', async t => {
    const path = await leasePath(t)
    await writeFile(path, owner(process.pid))
    await assertWaits(path)
  })

  it('waits for a process on another machine, which it cannot observe', async t => {
    const path = await leasePath(t)
    await writeFile(path, owner(await deadPid(), 'another-machine'))
    await assertWaits(path)
  })

  it('waits for a lease that does not name its owner yet', async t => {
    const path = await leasePath(t)
    await writeFile(path, '')
    await assertWaits(path)
  })

  it('takes over from a process that has exited', async t => {
    const path = await leasePath(t)
    await writeFile(path, owner(await deadPid()))
    assert.equal(await withLease(path, async () => 'taken'), 'taken')
  })

  for (const [what, text] of [
    ['a running process', owner(process.pid)], ['another machine', owner(1, 'another-machine')], ['nobody', ''],
  ] as const) {
    it(`takes over from ${what} if nobody touches the lease`, async t => {
      const path = await leasePath(t)
      await writeFile(path, text)
      assert.equal(await withLease(path, async () => 'taken', 300), 'taken')
    })
  }

  it('admits 20 one at a time over a stale lease, and leaves nothing behind', async t => {
    const path = await leasePath(t)
    await writeFile(path, owner(await deadPid()))
    await assertAlone(path, 20)
    assert.deepEqual(await readdir(join(path, '..')), [])
  })

  it('touches the lease while it works', async t => {
    const path = await leasePath(t)
    await withLease(path, async () => {
      await setBack(path, 9)
      const before = (await stat(path)).mtimeMs
      while ((await stat(path)).mtimeMs === before) await sleep(50)
    })
  })

  for (const [what, seconds] of [['an hour ago', 3600], ['in an hour', -3600]] as const) {
    it(`waits for a lease that is touched, even if its time stamp says ${what}: clocks differ`, async t => {
      const path = await leasePath(t)
      await writeFile(path, owner(process.pid))
      let moves = 0
      const moving = setInterval(() => void setBack(path, seconds + moves++), 50)
      t.after(async () => clearInterval(moving))
      let taken = false
      const work = withLease(path, async () => { taken = true }, 300)
      await sleep(1000)
      assert.equal(taken, false)
      clearInterval(moving)
      await work
    })
  }

  it('tells a suspended holder that it has lost the lease', async t => {
    const path = await leasePath(t)
    await withLease(path, async ({ isHeld }) => {
      assert.equal(await isHeld(), true)
      await writeFile(path, owner(process.pid))
      assert.equal(await isHeld(), false)
    })
  })

  it('does not release a lease that somebody else took over', async t => {
    const path = await leasePath(t)
    await withLease(path, () => writeFile(path, owner(process.pid)))
    assert.equal(await readFile(path, 'utf8'), owner(process.pid))
  })
})
