/** The storage of the client in memory: for tests, and for programs that store the state themselves. */
import type { ClientState, ClientStorage, Lease } from '../../core/client/seams/storage.ts'
import { emptyState } from './stored-state.ts'

export class MemoryStorage implements ClientStorage {
  private state: ClientState
  private last: Promise<unknown> = Promise.resolve()

  constructor(state = emptyState) {
    this.state = state
  }

  async read(): Promise<ClientState> {
    return this.state
  }

  async update(change: (state: ClientState) => ClientState): Promise<void> {
    this.state = change(this.state)
  }

  exclusively<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    const run = (): Promise<T> => work({ isHeld: async () => true })
    // Starts when the work before it has ended, whether that succeeded or failed.
    const result = this.last.then(run, run)
    this.last = result.catch(() => {})
    return result
  }
}
