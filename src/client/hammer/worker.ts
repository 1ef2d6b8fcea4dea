/** One process of `--hammer-refresh`: says that it is ready, gets its job, and answers with what became of it. */
import { readPrivateKey } from '../extensions/signing.ts'
import { FileStorage } from '../storage/file-storage.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { ClientState } from '../../core/client/storage.ts'
import { TokenKeeper } from '../../core/client/token-keeper.ts'
import { Trace } from '../../core/client/wire/trace.ts'

/** It travels over a pipe, so that no secret stands on a command line. */
export interface HammerJob {
  readonly serverUrl: string
  /** The file that all share. */
  readonly storage: string
  /** What was in it, for processes that share nothing. */
  readonly state?: ClientState
  /** PEM. */
  readonly privateKey?: string
}

export interface HammerResult {
  readonly milliseconds: number
  /** Whether the process sent a token request itself. */
  readonly asked: boolean
  readonly access_token?: string
  readonly refresh_token?: string
  /** Why it has no tokens. */
  readonly problem?: string
}

if (process.send) {
  process.once('message', (job: HammerJob) => void run(job).then(answer))
  process.send('ready')
}

function answer(result: HammerResult): void {
  process.send!(result, () => process.disconnect())
}

async function run({ serverUrl, storage: path, state, privateKey }: HammerJob): Promise<HammerResult> {
  const begun = performance.now()
  let asked = false
  let refusal: string | undefined
  const trace = new Trace({ step: () => { asked = true }, note: text => { refusal = text } })
  const storage = state ? new MemoryStorage(state) : new FileStorage(path, () => {})
  const identity = privateKey === undefined ? {} : { privateKey: readPrivateKey(privateKey) }
  const outcome = await new TokenKeeper(serverUrl, { storage, trace, identity }).renew().catch((error: Error) => error)
  const told = { milliseconds: Math.round(performance.now() - begun), asked }
  if (outcome instanceof Error) return { ...told, problem: refusal?.replace(/^.*refused: /, '') ?? outcome.message }
  const { access_token, refresh_token } = outcome
  return { ...told, access_token, ...(refresh_token === undefined ? {} : { refresh_token }) }
}
