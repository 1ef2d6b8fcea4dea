/**
 * The storage of the client as one JSON file, which only its owner can read. Every write replaces the whole file, so a
 * crash leaves either the old state or the new one.
 */
import { randomUUID } from 'node:crypto'
import { chmod, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ClientState, ClientStorage, Lease } from '../../core/client/storage.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import { withLease } from './lease.ts'
import { emptyState, parseState } from './stored-state.ts'

/** What follows the name of the storage in the names of its temporary files. */
const leftBehind = /^(?:[\da-f-]{36}\.tmp|(?:writing|refreshing)\.stale-[\da-f-]{36})$/

export class FileStorage implements ClientStorage {
  private readonly path: string
  private readonly warn: (text: string) => void

  constructor(path: string, warn: (text: string) => void) {
    this.path = path
    this.warn = warn
  }

  async read(): Promise<ClientState> {
    const path = await this.target()
    let text: string
    let isOpen: boolean
    try {
      isOpen = await this.guard(path)
      text = await readFile(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState
      throw this.named(error)
    }
    const state = parseState(text)
    if (state && isOpen) {
      this.warn(`${this.path} could be read or written by other users of this machine. `
        + 'It is yours alone now; where others use the machine, authorize again.')
    }
    return state ?? this.setAside(path)
  }

  async update(change: (state: ClientState) => ClientState): Promise<void> {
    const path = await this.target()
    try {
      for (let written = false; !written;) {
        written = await withLease(`${path}.writing`, async lease => {
          await this.sweep(path)
          return this.write(path, change(await this.read()), lease)
        })
      }
    } catch (error) {
      throw this.named(error)
    }
  }

  async exclusively<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    try {
      return await withLease(`${await this.target()}.refreshing`, work)
    } catch (error) {
      throw this.named(error)
    }
  }

  /** Where a symbolic link leads, which stays a link; a copy in its place would leave secrets behind at its end. */
  private target(): Promise<string> {
    return realpath(this.path).catch(() => this.path)
  }

  /** Sees to it that the file is one, and for its owner alone; whether it was for others as well. */
  private async guard(path: string): Promise<boolean> {
    const stats = await stat(path)
    if (!stats.isFile() && !stats.isDirectory()) throw this.unusable('it is not a file')
    const user = process.getuid?.()
    // Whoever owns the file chooses the tokens and the registrations that are used.
    if (user !== undefined && user !== 0 && stats.uid !== user) throw this.unusable('it belongs to another user')
    if (process.platform === 'win32' || (stats.mode & 0o077) === 0 || stats.isDirectory()) return false
    await chmod(path, 0o600)
    return true
  }

  /** An error of the file system as one that names the file; any other as it is. */
  private named(error: unknown): unknown {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) return error
    return this.unusable(code ?? syscall, error)
  }

  private unusable(reason: string, cause?: unknown): ClientError {
    return new ClientError(`the client storage ${this.path} cannot be used: ${reason}`, exitCodes.failed, {
      remedy: 'Choose another file with --storage, or correct its rights.', cause,
    })
  }

  /** A file that cannot be read is kept for its owner, and never written over. */
  private async setAside(path: string): Promise<ClientState> {
    const aside = `${path}.corrupt-${randomUUID()}`
    try {
      await rename(path, aside)
    } catch (error) {
      // Another process came first, and has put a new file in its place or not.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.read()
      throw this.named(error)
    }
    this.warn(`${this.path} is not readable as client storage. It was moved to ${aside}; registrations and tokens begin anew.`)
    return emptyState
  }

  /** Writes the state, unless the lease was lost meanwhile: then others have stored what this state does not know. */
  private async write(path: string, state: ClientState, lease: Lease): Promise<boolean> {
    const temporary = `${path}.${randomUUID()}.tmp`
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(`${JSON.stringify({ version: 1, ...state }, undefined, 2)}\n`)
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

  /** Removes what processes left behind that were killed while they wrote, or while they took a lease over. */
  private async sweep(path: string): Promise<void> {
    const begins = `${basename(path)}.`
    for (const name of await readdir(dirname(path))) {
      const isLeft = name.startsWith(begins) && leftBehind.test(name.slice(begins.length))
      if (isLeft) await rm(join(dirname(path), name), { force: true })
    }
  }
}
