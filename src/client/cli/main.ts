/** One run of the client: parses the command line, runs the command, and turns a failure into a message and an exit code. */
import { JsonRpcError } from '../../base/protocol/json-rpc.ts'
import { ClientError, exitCodes, type ExitCode } from '../../base/client/errors.ts'
import { Terminal } from '../terminal/terminal.ts'
import { parseArguments } from './arguments.ts'
import { runCommand } from './commands.ts'
import type { CommandContext } from './open-client.ts'

/** The parts of the process that a run uses. */
export interface Process extends Pick<CommandContext, 'environment' | 'stdin' | 'startServer'> {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

export async function main(argv: readonly string[], process: Process): Promise<ExitCode> {
  const { environment, stdin, stdout, stderr, startServer } = process
  let terminal = new Terminal(stderr, { trace: false, environment })
  try {
    const args = parseArguments(argv)
    // The demo is for people to read. The other commands keep standard output for results, which programs read.
    const narration = args.command.name === 'demo' ? stdout : stderr
    terminal = new Terminal(narration, { trace: args.trace, environment })
    if (args.clientSecret !== undefined) {
      const alternative = 'Use MCP_CLIENT_SECRET or --client-secret-file instead.'
      terminal.writeLine(`Other users of this machine can read --client-secret. ${alternative}`, 'yellow')
    }
    const print = (text: string): void => void stdout.write(`${terminal.sanitize(text)}\n`)
    return await runCommand(args, { environment, terminal, stdin, startServer, print })
  } catch (error) {
    const clientError = asClientError(error)
    terminal.error(clientError)
    return clientError.exitCode
  }
}

function asClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error
  if (error instanceof JsonRpcError) {
    return new ClientError(`the server answered with error ${error.code}: ${error.message}`, exitCodes.refused, {
      remedy: 'Compare the tool and its arguments with --list-tools, or run the command with --trace.',
    })
  }
  // Only the message and one line of the stack: Node would print every property of the error, secrets included.
  const [, location = 'unknown location'] = /\n +at (.+)/.exec((error as Error).stack ?? '') ?? []
  return new ClientError(`${String(error)} (${location})`, exitCodes.failed, {
    remedy: 'This is a bug in the client. Please report it.',
  })
}
