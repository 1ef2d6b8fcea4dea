/** How the client fails: with a message for people and an exit code for scripts. */
import type { Rule } from '../rules/rule.ts'

/** The exit codes of the command line. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** There is no token, and this command does not ask the user to log in. */
  authorizationNeeded: 3,
  /** The server refused: an OAuth error, or the user denied access. */
  refused: 4,
  /** The client stopped because a rule that it enforces does not hold. */
  untrusted: 5,
  unreachable: 6,
  /** The tool ran and reported an error. */
  toolFailed: 7,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export class ClientError extends Error {
  readonly exitCode: ExitCode
  /** What the user can do about it. */
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
