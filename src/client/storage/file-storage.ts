/**
 * The storage of the client as one JSON file, which only its owner can read. Every write replaces the whole file, so a
 * crash leaves either the old state or the new one.
 */
import { randomUUID } from 'node:crypto'
import { chmod, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { ClientState, ClientStorage, Lease } from '../../core/client/seams/storage.ts'
import { withLease } from './lease.ts'
import { emptyState, formatState, parseState } from './stored-state.ts'

/** The suffixes of temporary files that a killed process leaves behind. */
const leftoverSuffix = /^(?:[\da-f-]{36}\.tmp|(?:writing|refreshing)\.stale-[\da-f-]{36})$/

export class FileStorage implements ClientStorage {
  private readonly path: string
  private readonly warn: (text: string) => void

  constructor(path: string, warn: (text: string) => void) {
    this.path = path
    this.warn = warn
  }

  async read(): Promise<ClientState> {
    const path = await this.resolvePath()
    let text: string
    let wasExposed: boolean
    try {
      wasExposed = await this.restrictAccess(path)
      text = await readFile(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState
      throw this.asClientError(error)
    }
    const read = parseState(text)
    if (read && wasExposed) {
      this.warn(`${this.path} could be read or written by other users of this machine. `
        + 'Now only you can. If others do use it, authorize again: they may have copied your tokens.')
    }
    if (!read) return this.setAside(path)
    for (const problem of read.problems) this.warn(`${this.path}: ${problem} cannot be used and is ignored. Authorize there again.`)
    return read.state
  }

  async update(change: (state: ClientState) => ClientState): Promise<void> {
    const path = await this.resolvePath()
    try {
      for (let written = false; !written;) {
        written = await withLease(`${path}.writing`, async lease => {
          await this.removeLeftovers(path)
          return this.write(path, change(await this.read()), lease)
        })
      }
    } catch (error) {
      throw this.asClientError(error)
    }
  }

  async exclusively<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    try {
      return await withLease(`${await this.resolvePath()}.refreshing`, work)
    } catch (error) {
      throw this.asClientError(error)
    }
  }

  /** Follows symbolic links. Replacing the link itself would leave the old secrets behind in the file it points to. */
  private resolvePath(): Promise<string> {
    return realpath(this.path).catch(() => this.path)
  }

  /** Makes the file private to its owner. Returns whether other users had access before. */
  private async restrictAccess(path: string): Promise<boolean> {
    const stats = await stat(path)
    if (stats.isDirectory()) throw this.unusable('it is a directory')
    // Reading a pipe or a device could block forever.
    if (!stats.isFile()) throw this.unusable('it is not a file')
    const user = process.getuid?.()
    // The owner of the file could plant tokens and registrations in it.
    if (user !== undefined && user !== 0 && stats.uid !== user) throw this.unusable('it belongs to another user')
    if (process.platform === 'win32' || (stats.mode & 0o077) === 0) return false
    await chmod(path, 0o600)
    return true
  }

  /** Names the file in errors of the file system. All other errors stay as they are. */
  private asClientError(error: unknown): unknown {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) return error
    return this.unusable(code ?? syscall, error)
  }

  private unusable(reason: string, cause?: unknown): ClientError {
    return new ClientError(`the client storage ${this.path} cannot be used: ${reason}`, exitCodes.failed, {
      remedy: 'Choose another file with --storage, or fix its owner and permissions.', cause,
    })
  }

  /** Keeps a file that is not valid under another name, so that nothing overwrites it. */
  private async setAside(path: string): Promise<ClientState> {
    const aside = `${path}.corrupt-${randomUUID()}`
    try {
      await rename(path, aside)
    } catch (error) {
      // Another process has moved the file already, and may have written a new one.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.read()
      throw this.asClientError(error)
    }
    this.warn(`${this.path} is not a valid client storage. It was moved to ${aside}, and the client starts with an empty one.`)
    return emptyState
  }

  /** Writes the state unless the lease is lost, because then others may have written since. Returns whether it did. */
  private async write(path: string, state: ClientState, lease: Lease): Promise<boolean> {
    const temporary = `${path}.${randomUUID()}.tmp`
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(formatState(state))
        await file.sync()
      } finally {
        await file.close()
      }
      if (!await lease.isHeld()) return false
      await rename(temporary, path)
      return true
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Removes the files of processes that were killed during a write or a takeover of a lease. */
  private async removeLeftovers(path: string): Promise<void> {
    const prefix = `${basename(path)}.`
    for (const name of await readdir(dirname(path))) {
      const isLeftover = name.startsWith(prefix) && leftoverSuffix.test(name.slice(prefix.length))
      if (isLeftover) await rm(join(dirname(path), name), { force: true })
    }
  }
}
