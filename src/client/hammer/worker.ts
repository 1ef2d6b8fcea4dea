/** One process of `--hammer-refresh`: reports that it is ready, receives its job, and answers with the result. */
import { readPrivateKey } from '../extensions/signing.ts'
import { withExtensions } from '../extensions/with-extensions.ts'
import { FileStorage } from '../storage/file-storage.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { ClientState } from '../../core/client/seams/storage.ts'
import { TokenKeeper } from '../../core/client/token-keeper.ts'
import { Trace } from '../../base/client/trace.ts'

/** Sent over a pipe, so that no secret appears on a command line. */
export interface HammerJob {
  readonly serverUrl: string
  /** The storage file that all processes share. */
  readonly storage: string
  /** What the file contained, for processes that must not share it. */
  readonly state: ClientState | undefined
  /** PEM. */
  readonly privateKey: string | undefined
}

export interface HammerResult {
  readonly milliseconds: number
  /** Whether the process sent a token request. Otherwise it found new tokens in the storage. */
  readonly sentRequest: boolean
  readonly access_token?: string
  readonly refresh_token?: string
  /** Why it has no tokens. */
  readonly problem?: string
}

if (process.send) {
  process.once('message', (job: HammerJob) => void run(job).then(reply))
  process.send('ready')
}

function reply(result: HammerResult): void {
  process.send!(result, () => process.disconnect())
}

async function run({ serverUrl, storage: path, state, privateKey }: HammerJob): Promise<HammerResult> {
  const startedAt = performance.now()
  let sentRequest = false
  let lastNote: string | undefined
  const trace = new Trace({ step: () => { sentRequest = true }, note: text => { lastNote = text } })
  const storage = state ? new MemoryStorage(state) : new FileStorage(path, () => {})
  const identity = privateKey === undefined ? {} : { privateKey: readPrivateKey(privateKey) }
  const keeper = new TokenKeeper(withExtensions({ serverUrl, storage, trace, identity }))
  const outcome = await keeper.renew().catch((error: Error) => error)
  const measured = { milliseconds: Math.round(performance.now() - startedAt), sentRequest }
  // The note quotes the server. The error only says that there is no refresh token any more.
  if (outcome instanceof Error) return { ...measured, problem: lastNote?.replace(/^.*refused: /, '') ?? outcome.message }
  const { access_token, refresh_token } = outcome
  return { ...measured, access_token, ...(refresh_token === undefined ? {} : { refresh_token }) }
}
