/** One run of the client: it reads the command line, runs the command, and turns a failure into a message and an exit code. */
import { version } from '../../base/config/version.ts'
import { JsonRpcError } from '../../base/protocol/json-rpc.ts'
import { ClientError, exitCodes, type ExitCode } from '../../core/client/wire/errors.ts'
import { Terminal } from '../terminal/terminal.ts'
import { parseArguments } from './arguments.ts'
import { runCommand } from './commands.ts'
import type { Surroundings } from './open-client.ts'
import { usage } from './usage.ts'

/** What a run gets from the process that it runs in. */
export interface Process extends Pick<Surroundings, 'environment' | 'stdin' | 'startServer'> {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

export async function main(argv: readonly string[], { environment, stdin, stdout, stderr, startServer }: Process): Promise<ExitCode> {
  let terminal = new Terminal(stderr, { trace: false, environment })
  const print = (text: string): void => void stdout.write(`${text}\n`)
  try {
    const args = parseArguments(argv)
    const { name } = args.command
    if (name === 'help' || name === 'version') {
      print(name === 'help' ? usage : version)
      return exitCodes.ok
    }
    // A demo is there to be read; of the other commands programs read the output.
    terminal = new Terminal(name === 'demo' ? stdout : stderr, { trace: args.trace, environment })
    if (args.clientSecret !== undefined) {
      const better = 'MCP_CLIENT_SECRET or --client-secret-file'
      terminal.writeLine(`Other users of this machine can read --client-secret: prefer ${better}.`, 'yellow')
    }
    return await runCommand(args, { environment, terminal, stdin, startServer, print: text => print(terminal.sanitize(text)) })
  } catch (error) {
    const known = error instanceof JsonRpcError
      ? new ClientError(`the server answered with error ${error.code}: ${error.message}`, exitCodes.refused) : error
    terminal.error(known instanceof ClientError ? known : defect(error))
    return known instanceof ClientError ? known.exitCode : exitCodes.failed
  }
}

/** Node would print the whole error, with every secret that its members hold. */
function defect(error: unknown): ClientError {
  const [, place] = /\n +at (.+)/.exec((error as Error).stack ?? '') ?? []
  return new ClientError(`${String(error)} (${place ?? 'nowhere'})`, exitCodes.failed, {
    remedy: 'This is a defect of the client. Please report it.',
  })
}
