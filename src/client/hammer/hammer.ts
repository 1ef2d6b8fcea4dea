/**
 * Shows what a server does when N processes refresh one grant at once, which is how most logins are lost: through the
 * storage of this client, where one of them refreshes for all, or each on its own with the same refresh token, as
 * clients do that do not know of one another.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint } from '../../base/protocol/crypto.ts'
import { displayText } from '../../base/ui/html.ts'
import type { DpopProver } from '../extensions/dpop.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import type { HammerJob, HammerResult } from './worker.ts'
import { open } from '../../core/client/wire/http.ts'
import type { StoredTokens } from '../../core/client/storage.ts'
import type { TokenKeeper } from '../../core/client/token-keeper.ts'
import type { Trace } from '../../core/client/wire/trace.ts'

const worker = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url))

interface Hammering {
  readonly count: number
  readonly job: HammerJob
  readonly keeper: TokenKeeper
  readonly trace: Trace
  readonly print: (text: string) => void
}

/** Whether nobody was logged out. */
export async function hammerRefresh({ count, job, keeper, trace, print }: Hammering): Promise<boolean> {
  const before = await keeper.find()
  if (!before?.refresh_token) {
    throw new ClientError(`there is no refresh token for ${job.serverUrl}`, exitCodes.authorizationNeeded, {
      remedy: 'Run --authorize.',
    })
  }
  const way = job.state ? 'each with the same refresh token' : 'through the storage'
  print(`${count} processes refresh one grant at once, ${way}:`)
  const results = await runAll(count, job)
  const alive = await whichWork(job.serverUrl, results, (await keeper.keysFor(before)).prover, trace)
  const survivor = job.state ? await takeUp(keeper, before, results, trace) : await renewed(keeper)
  print(tableOf(results, alive))
  const loggedOut = results.filter(({ access_token }) => access_token === undefined || !alive.has(access_token)).length
  print(summaryOf(results, survivor !== undefined, job.state !== undefined))
  const passed = loggedOut === 0 && survivor !== undefined
  const survival = survivor ? 'the grant survives' : 'the grant is dead'
  print(passed ? 'PASSED: nobody is logged out' : `FAILED: ${loggedOut} of ${count} processes are logged out, ${survival}`)
  return passed
}

/** Starts the processes, waits until all are ready, and lets them go at once. */
async function runAll(count: number, job: HammerJob): Promise<readonly HammerResult[]> {
  const children = Array.from({ length: count }, () => fork(worker, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
  try {
    await Promise.all(children.map(child => messageOf(child)))
    const results = children.map(child => messageOf(child) as Promise<HammerResult>)
    for (const child of children) child.send(job)
    return await Promise.all(results)
  } finally {
    for (const child of children) child.kill()
  }
}

async function messageOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(() => { throw new ClientError('a process of the hammer ended early', exitCodes.failed) })
  const [message] = await Promise.race([once(child, 'message'), ended]) as [unknown]
  ended.catch(() => {})
  return message
}

/** The access tokens that the MCP server takes now that all have been answered. */
async function whichWork(
  url: string, results: readonly HammerResult[], prover: DpopProver | undefined, trace: Trace,
): Promise<ReadonlySet<string>> {
  const alive = new Set<string>()
  for (const token of new Set(results.flatMap(({ access_token }) => access_token ?? []))) {
    const credentials = prover
      ? { authorization: `DPoP ${token}`, dpop: prover.proof('POST', url, token) }
      : { authorization: `Bearer ${token}` }
    const response = await open({
      method: 'POST', url, body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
      headers: { ...credentials, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    }, trace)
    response.discard()
    if (response.status !== 401) alive.add(token)
  }
  return alive
}

/** Puts the tokens of the processes into the storage, one after the other, until one can be refreshed. */
async function takeUp(
  keeper: TokenKeeper, before: StoredTokens, results: readonly HammerResult[], trace: Trace,
): Promise<StoredTokens | undefined> {
  const pairs = new Map(results.flatMap(({ access_token, refresh_token }) => (
    access_token === undefined ? [] : [[refresh_token ?? before.refresh_token!, access_token] as const])))
  for (const [refresh_token, access_token] of [...pairs].reverse()) {
    await keeper.save({ ...before, access_token, refresh_token, expires_in: undefined, scope: before.scope }, before)
    const survivor = await renewed(keeper)
    if (survivor) return survivor
  }
  trace.note('no refresh token that the processes hold works any more')
  return undefined
}

async function renewed(keeper: TokenKeeper): Promise<StoredTokens | undefined> {
  try {
    return await keeper.renew()
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    return undefined
  }
}

function tableOf(results: readonly HammerResult[], alive: ReadonlySet<string>): string {
  const mark = (token: string | undefined): string => token === undefined ? '-' : fingerprint(token)
  const rows = results.map(({ milliseconds, asked, access_token, refresh_token, problem }, i) => {
    const answer = asked ? 'refreshed' : 'found new tokens'
    const works = access_token !== undefined && alive.has(access_token)
    return [
      String(i + 1), `${milliseconds} ms`, problem === undefined ? answer : displayText(problem, 60),
      mark(access_token), mark(refresh_token), works ? 'works' : 'logged out',
    ]
  })
  const all = [['process', 'time', 'answer', 'access token', 'refresh token', 'at the end'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  return all.map(row => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n')
}

function summaryOf(results: readonly HammerResult[], survives: boolean, isRaw: boolean): string {
  const served = results.filter(({ access_token }) => access_token !== undefined)
  const refreshTokens = new Set(served.map(({ refresh_token }) => refresh_token)).size
  const requests = results.filter(({ asked }) => asked).length
  const numbers = `${results.length} processes, token requests: ${requests}, processes with tokens: ${served.length}, `
    + `different refresh tokens: ${refreshTokens}`
  const meaning = isRaw
    ? meaningOf(served.length, results.length, refreshTokens, survives)
    : 'With --raw each process sends the refresh token itself.'
  return `${numbers}\n${meaning}`
}

/** What the numbers say of the server, for whoever runs it. */
function meaningOf(served: number, count: number, refreshTokens: number, survives: boolean): string {
  if (served === count && refreshTokens === 1) {
    return 'The server answers a repeated refresh like the first: clients that race need no lock.'
  }
  if (served === count && survives) {
    return 'The server gives each process a refresh token of its own: it does not notice that one was used twice.'
  }
  if (survives) {
    return 'The server refuses a repeated refresh and keeps the grant: a client that forgets its tokens when it is refused '
      + 'loses them for the others as well.'
  }
  return 'The server revokes the grant when a refresh token comes twice (OAuth 2.1 section 4.3.1) and allows clients that '
    + 'race no time: a window of some seconds would.'
}
