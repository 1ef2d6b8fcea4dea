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
  readonly isRaw: boolean
}

export function report(race: Race): string {
  return [table(race), numbers(race), explanation(race), verdict(race)].join('\n')
}

export function isPassed(race: Race): boolean {
  return race.survives && loggedOut(race) === 0
}

function loggedOut({ results, working }: Race): number {
  return results.filter(({ access_token }) => access_token === undefined || !working.has(access_token)).length
}

function table({ results, working }: Race): string {
  const header = ['process', 'time', 'answer', 'access token', 'refresh token', 'at the end']
  const rows = results.map(({ milliseconds, sentRequest, access_token, refresh_token, problem }, i) => {
    const success = sentRequest ? 'refreshed' : 'found new tokens'
    const works = access_token !== undefined && working.has(access_token)
    return [
      String(i + 1), `${milliseconds} ms`, problem === undefined ? success : displayText(problem, 60),
      mark(access_token), mark(refresh_token), works ? 'works' : 'logged out',
    ]
  })
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map(row => row[column]!.length)))
  const format = (row: readonly string[]): string => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()
  return [header, ...rows].map(format).join('\n')
}

function mark(token: string | undefined): string {
  return token === undefined ? '-' : fingerprint(token)
}

function numbers({ results }: Race): string {
  const { requests, served, refreshTokens } = count(results)
  return `processes: ${results.length}, token requests: ${requests}, processes with tokens: ${served}, `
    + `different refresh tokens: ${refreshTokens}`
}

function count(results: readonly HammerResult[]): { requests: number; served: number; refreshTokens: number } {
  const served = results.filter(({ access_token }) => access_token !== undefined)
  return {
    requests: results.filter(({ sentRequest }) => sentRequest).length,
    served: served.length,
    refreshTokens: new Set(served.map(({ refresh_token }) => refresh_token)).size,
  }
}

/** What the numbers say about the server. */
function explanation({ results, survives, isRaw }: Race): string {
  if (!isRaw) return 'To have each process send the refresh token itself, add --raw.'
  const { served, refreshTokens } = count(results)
  const allServed = served === results.length
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

function verdict(race: Race): string {
  if (isPassed(race)) return 'PASSED: nobody was logged out'
  const grant = race.survives ? 'but the grant survives' : 'and the grant is dead'
  return `FAILED: ${loggedOut(race)} of ${race.results.length} processes were logged out, ${grant}`
}
