/** The storage of the client in memory: for tests, and for programs that store the state themselves. */
import type { ClientState, ClientStorage, Lease } from '../../core/client/storage.ts'
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
    const alone = (): Promise<T> => work({ isHeld: async () => true })
    const mine = this.last.then(alone, alone)
    this.last = mine.catch(() => {})
    return mine
  }
}
