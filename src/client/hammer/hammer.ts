/**
 * `--hammer-refresh`: lets N processes refresh the same tokens at once, which is how most logins are lost. Either they share
 * the storage of this client, and one of them refreshes for all; or each sends the refresh token itself, like clients that
 * do not know of each other.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import type { HammerJob, HammerResult } from './worker.ts'
import { open } from '../../base/client/http.ts'
import { report } from './report.ts'
import type { Prover } from '../../core/client/seams/proof-of-possession.ts'
import type { StoredTokens } from '../../core/client/seams/storage.ts'
import type { TokenKeeper } from '../../core/client/token-keeper.ts'
import type { Trace } from '../../base/client/trace.ts'

const worker = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url))

interface HammerOptions {
  readonly count: number
  readonly job: HammerJob
  readonly keeper: TokenKeeper
  readonly trace: Trace
  readonly print: (text: string) => void
}

/** Returns whether every process stays logged in. */
export async function hammerRefresh({ count, job, keeper, trace, print }: HammerOptions): Promise<boolean> {
  const before = await keeper.find()
  if (!before?.refresh_token) {
    throw new ClientError(`there is no refresh token for ${job.serverUrl}`, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize first.',
    })
  }
  const isRaw = job.state !== undefined
  const mode = isRaw ? 'each with the same refresh token' : 'through the storage'
  print(`${count} processes refresh the same tokens at once, ${mode}:`)
  const results = await runWorkers(count, job)
  const working = await findWorkingTokens(job.serverUrl, results, keeper.proverFor(before), trace)
  const survives = isRaw ? await adoptTokens(keeper, before, results, trace) : await canRefresh(keeper)
  const { text, passed } = report({ results, working, survives, isRaw })
  print(text)
  return passed
}

/** Starts the processes, waits until all are ready, and gives them the job at once. */
async function runWorkers(count: number, job: HammerJob): Promise<readonly HammerResult[]> {
  const children = Array.from({ length: count }, () => fork(worker, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
  try {
    await Promise.all(children.map(child => nextMessage(child)))
    const results = children.map(child => nextMessage(child) as Promise<HammerResult>)
    for (const child of children) child.send(job)
    return await Promise.all(results)
  } finally {
    for (const child of children) child.kill()
  }
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', () => reject(new ClientError('a process of --hammer-refresh ended too early', exitCodes.failed)))
  })
}

/** The access tokens that the MCP server still accepts after the race. */
async function findWorkingTokens(
  url: string, results: readonly HammerResult[], prover: Prover | undefined, trace: Trace,
): Promise<ReadonlySet<string>> {
  const working = new Set<string>()
  for (const token of new Set(results.flatMap(({ access_token }) => access_token ?? []))) {
    const credentials = prover
      ? { authorization: `${prover.tokenType} ${token}`, ...prover.prove('POST', url, token) }
      : { authorization: `Bearer ${token}` }
    const response = await open({
      method: 'POST', url, body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
      headers: { ...credentials, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    }, trace)
    response.discard()
    if (response.status !== 401) working.add(token)
  }
  return working
}

/** Stores the tokens of one process after the other, until a pair can be refreshed. Returns whether one can. */
async function adoptTokens(
  keeper: TokenKeeper, before: StoredTokens, results: readonly HammerResult[], trace: Trace,
): Promise<boolean> {
  const pairs = new Map<string, string>()
  for (const { access_token, refresh_token = before.refresh_token! } of results) {
    if (access_token !== undefined) pairs.set(refresh_token, access_token)
  }
  for (const [refresh_token, access_token] of [...pairs].reverse()) {
    await keeper.save({ access_token, refresh_token, token_type: before.token_type }, before)
    if (await canRefresh(keeper)) return true
  }
  trace.note('none of the refresh tokens works any more')
  return false
}

async function canRefresh(keeper: TokenKeeper): Promise<boolean> {
  try {
    await keeper.renew()
    return true
  } catch (error) {
    if (error instanceof ClientError) return false
    throw error
  }
}
