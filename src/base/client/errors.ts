/** How the client fails: with a text for people and an exit code for scripts. */
import type { Rule } from '../rules/rule.ts'

/** The exit codes of the command line. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** There is no token, and this command may not ask the user for one. */
  authorizationNeeded: 3,
  /** The other side refused: an OAuth error, or access denied by the user. */
  refused: 4,
  /** A rule that the client must enforce does not hold, so it went no further. */
  untrusted: 5,
  unreachable: 6,
  /** The tool ran and reported an error. */
  toolFailed: 7,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export class ClientError extends Error {
  readonly exitCode: ExitCode
  /** What to do about it. */
  readonly remedy: string | undefined
  readonly rule: Rule | undefined

  constructor(message: string, exitCode: ExitCode, options: { remedy?: string; rule?: Rule; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'ClientError'
    this.exitCode = exitCode
    this.remedy = options.remedy
    this.rule = options.rule
  }
}
