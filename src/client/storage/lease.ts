/**
 * A lease on a file name: one process at a time. The holder creates the file with O_EXCL and keeps its time moving; a
 * file whose time stands still, or whose process is gone, is stale and is taken over. What counts is how long others
 * have watched it stand still, by a clock that nobody sets, and never what time it shows.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lease } from '../../core/client/storage.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'

/** In milliseconds. */
const heartbeat = 2_000
const usualStaleness = 10_000
const patience = 40_000

/** Runs `work` alone. A lease that stands still for `staleAfter` milliseconds is taken over. */
export async function withLease<T>(path: string, work: (lease: Lease) => Promise<T>, staleAfter = usualStaleness): Promise<T> {
  const owner = await acquire(path, staleAfter)
  const isHeld = async (): Promise<boolean> => await ownerOf(path) === owner
  const beat = setInterval(() => void touch(path, owner), heartbeat)
  try {
    return await work({ isHeld })
  } finally {
    clearInterval(beat)
    if (await isHeld()) await rm(path, { force: true })
  }
}

async function acquire(path: string, staleAfter: number): Promise<string> {
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() })
  const begun = performance.now()
  let seen: Sighting | undefined
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  while (!await create(path, owner)) {
    seen = await look(path, seen)
    if (seen && (performance.now() - seen.since > staleAfter || isGone(seen.owner))) await takeAway(path, seen.owner)
    if (performance.now() - begun > patience) {
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
    try {
      await file.writeFile(owner)
    } catch (error) {
      // A full disk: a lease without an owner would keep everybody waiting.
      await rm(path, { force: true })
      throw error
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** A lease of somebody else, and since when it stands as it does. */
interface Sighting {
  readonly owner: string
  readonly mtimeMs: number
  readonly since: number
}

async function look(path: string, before: Sighting | undefined): Promise<Sighting | undefined> {
  const owner = await ownerOf(path)
  const mtimeMs = await stat(path).then(stats => stats.mtimeMs, () => undefined)
  if (owner === undefined || mtimeMs === undefined) return undefined
  return before?.owner === owner && before.mtimeMs === mtimeMs ? before : { owner, mtimeMs, since: performance.now() }
}

/**
 * Takes a stale lease away by renaming it, which one process alone can do. Between the look and the rename another
 * process may have taken over, and then its fresh lease was caught: it is put back.
 */
async function takeAway(path: string, owner: string): Promise<void> {
  const aside = `${path}.stale-${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const caught = await ownerOf(aside)
  if (caught !== owner && caught !== undefined) await create(path, caught)
  await rm(aside, { force: true })
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
