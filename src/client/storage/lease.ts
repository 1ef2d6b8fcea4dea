/**
 * A lock file that survives crashes. The holder creates it with O_EXCL and touches it every two seconds. Others take it over
 * if its process has exited, or if they see no touch for ten seconds. They measure that on their own monotonic clock, because
 * the time stamp of a file is wrong as soon as somebody sets the clock.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { Lease } from '../../core/client/seams/storage.ts'

/** In milliseconds. */
const heartbeat = 2_000
const defaultStaleAfter = 10_000
const acquireTimeout = 40_000

/** Runs `work` while holding the lease. A lease that nobody touches for `staleAfter` milliseconds is taken over. */
export async function withLease<T>(path: string, work: (lease: Lease) => Promise<T>, staleAfter = defaultStaleAfter): Promise<T> {
  const owner = await acquire(path, staleAfter)
  const isHeld = async (): Promise<boolean> => await ownerOf(path) === owner
  const timer = setInterval(() => void touch(path, owner), heartbeat)
  try {
    return await work({ isHeld })
  } finally {
    clearInterval(timer)
    if (await isHeld()) await rm(path, { force: true })
  }
}

async function acquire(path: string, staleAfter: number): Promise<string> {
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() })
  const startedAt = performance.now()
  let seen: Observation | undefined
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  while (!await create(path, owner)) {
    seen = await observe(path, seen)
    if (seen && isStale(seen, staleAfter)) await removeStale(path, seen.owner)
    if (performance.now() - startedAt > acquireTimeout) {
      throw new ClientError(`another process holds ${path}: ${await ownerOf(path) ?? 'unknown'}`, exitCodes.failed, {
        remedy: 'Wait until that process is done. If it does not run any more, delete the file.',
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
      // The disk may be full. An empty lease names no owner, and everybody would wait for it.
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

/** What another process's lease looks like, and since when it has not changed. */
interface Observation {
  readonly owner: string
  readonly mtimeMs: number
  readonly since: number
}

async function observe(path: string, before: Observation | undefined): Promise<Observation | undefined> {
  const owner = await ownerOf(path)
  const mtimeMs = await stat(path).then(stats => stats.mtimeMs, () => undefined)
  if (owner === undefined || mtimeMs === undefined) return undefined
  return before?.owner === owner && before.mtimeMs === mtimeMs ? before : { owner, mtimeMs, since: performance.now() }
}

function isStale({ owner, since }: Observation, staleAfter: number): boolean {
  return hasExited(owner) || performance.now() - since > staleAfter
}

/**
 * Removes the lease of `owner` by renaming it, because only one process can succeed with that. If another process has
 * taken over since the observation, the renamed file is its fresh lease, and is put back.
 */
async function removeStale(path: string, owner: string): Promise<void> {
  const aside = `${path}.stale-${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const actual = await ownerOf(aside)
  if (actual !== undefined && actual !== owner) await create(path, actual)
  await rm(aside, { force: true })
}

/** Whether the owner was a process of this machine and has exited. */
function hasExited(owner: string): boolean {
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

/** Shows the others that the holder is alive. */
async function touch(path: string, owner: string): Promise<void> {
  if (await ownerOf(path) !== owner) return
  const now = new Date()
  await utimes(path, now, now).catch(() => {})
}
