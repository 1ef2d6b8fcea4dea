/** What `--hammer-refresh` prints: a row for each process, the numbers, what they say about the server, and the verdict. */
import { fingerprint } from '../../base/protocol/crypto.ts'
import { displayText } from '../../base/ui/html.ts'
import type { HammerResult } from './worker.ts'

interface Race {
  readonly results: readonly HammerResult[]
  /** The access tokens that work after the race. */
  readonly working: ReadonlySet<string>
  /** Whether any refresh token works after the race. */
  readonly survives: boolean
  /** Whether each process sent the refresh token itself. */
  readonly isRaw: boolean
}

export function report(race: Race): { text: string; passed: boolean } {
  const { results, working, survives, isRaw } = race
  const served = results.filter(({ access_token }) => access_token !== undefined)
  const requests = results.filter(({ sentRequest }) => sentRequest).length
  const refreshTokens = new Set(served.map(({ refresh_token }) => refresh_token)).size
  const loggedOut = results.filter(result => !isLoggedIn(result, working)).length
  const passed = survives && loggedOut === 0
  const numbers = `processes: ${results.length}, token requests: ${requests}, processes with tokens: ${served.length}, `
    + `different refresh tokens: ${refreshTokens}`
  const meaning = isRaw
    ? explain(served.length === results.length, refreshTokens, survives)
    : 'To have each process send the refresh token itself, add --raw.'
  const grant = survives ? 'but the grant survives' : 'and the grant is dead'
  const verdict = passed
    ? 'PASSED: nobody was logged out'
    : `FAILED: ${loggedOut} of ${results.length} processes were logged out, ${grant}`
  return { passed, text: [table(results, working), numbers, meaning, verdict].join('\n') }
}

function isLoggedIn({ access_token }: HammerResult, working: ReadonlySet<string>): boolean {
  return access_token !== undefined && working.has(access_token)
}

function table(results: readonly HammerResult[], working: ReadonlySet<string>): string {
  const mark = (token: string | undefined): string => token === undefined ? '-' : fingerprint(token)
  const header = ['process', 'time', 'answer', 'access token', 'refresh token', 'at the end']
  const rows = results.map((result, i) => {
    const { milliseconds, sentRequest, access_token, refresh_token, problem } = result
    const success = sentRequest ? 'refreshed' : 'found new tokens'
    return [
      String(i + 1), `${milliseconds} ms`, problem === undefined ? success : displayText(problem, 60),
      mark(access_token), mark(refresh_token), isLoggedIn(result, working) ? 'works' : 'logged out',
    ]
  })
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map(row => row[column]!.length)))
  const format = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()
  return [header, ...rows].map(format).join('\n')
}

/** What the outcome of a raw race says about the server. */
function explain(allServed: boolean, refreshTokens: number, survives: boolean): string {
  if (allServed && refreshTokens === 1) {
    return 'The server answers a repeated refresh like the first one, so clients that race need no lock.'
  }
  if (allServed && survives) {
    return 'The server gives each process its own refresh token: it does not notice that one was used twice.'
  }
  if (survives) {
    return 'The server refuses a repeated refresh but keeps the grant. A client that deletes its tokens when it is refused '
      + 'logs out the others too.'
  }
  return 'The server revokes the grant when a refresh token is used twice (OAuth 2.1 section 4.3.1), and gives racing clients '
    + 'no grace period. One of a few seconds would help.'
}
