/**
 * A lease on a file name: one process at a time. The holder creates the file with O_EXCL and keeps its time fresh;
 * a file that is not kept fresh, or whose process is gone, is stale and is taken over.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, exitCodes } from './errors.ts'

/** In milliseconds. */
const heartbeat = 2_000
const staleAfter = 10_000
const patience = 120_000

export async function withLease<T>(path: string, work: () => Promise<T>): Promise<T> {
  const owner = await acquire(path)
  const beat = setInterval(() => void touch(path, owner), heartbeat)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    if (await ownerOf(path) === owner) await rm(path, { force: true })
  }
}

async function acquire(path: string): Promise<string> {
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() })
  const deadline = Date.now() + patience
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  while (!await create(path, owner)) {
    await takeAwayIfStale(path)
    if (Date.now() > deadline) {
      throw new ClientError(`${path} is held by another process: ${await ownerOf(path) ?? 'unknown'}`, exitCodes.failed, {
        remedy: 'Wait for that process, or remove the file if it is gone.',
      })
    }
    await sleep(20 + Math.random() * 60)
  }
  return owner
}

async function create(path: string, owner: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.writeFile(owner)
    await file.close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes a stale lease away by renaming it, which one process alone can do. Between the look and the rename another
 * process may have taken over, and then its fresh lease was caught: it is put back.
 */
async function takeAwayIfStale(path: string): Promise<void> {
  const seen = await ownerOf(path)
  if (seen === undefined || !await isStale(path, seen)) return
  const aside = `${path}.stale-${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const caught = await ownerOf(aside)
  if (caught !== seen && caught !== undefined) await create(path, caught)
  await rm(aside, { force: true })
}

async function isStale(path: string, owner: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path)
    return Date.now() - mtimeMs > staleAfter || isGone(owner)
  } catch {
    return false
  }
}

/** Whether the owner is a process of this machine that has ended. */
function isGone(owner: string): boolean {
  try {
    const { pid, host } = JSON.parse(owner) as { pid: number; host: string }
    if (host !== hostname()) return false
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

async function ownerOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

async function touch(path: string, owner: string): Promise<void> {
  if (await ownerOf(path) !== owner) return
  const now = new Date()
  await utimes(path, now, now).catch(() => {})
}
