#!/usr/bin/env node
/** The MCP client on the command line. */
import { randomBytes } from 'node:crypto'
import { parseArguments } from './client/cli/arguments.ts'
import { runCommand } from './client/cli/commands.ts'
import { ClientError, exitCodes, type ExitCode } from './core/client/wire/errors.ts'
import { Terminal } from './client/terminal/terminal.ts'
import { usage } from './client/cli/usage.ts'
import { JsonRpcError } from './base/protocol/json-rpc.ts'
import { serve } from './app/serve.ts'
import { version } from './base/config/version.ts'

// A reader that has seen enough, such as `head`, is no failure.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed))
}

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<ExitCode> {
  let terminal = new Terminal(process.stderr, { trace: false, environment: process.env })
  try {
    const args = parseArguments(argv)
    const { name } = args.command
    if (name === 'help' || name === 'version') {
      console.log(name === 'help' ? usage : version)
      return exitCodes.ok
    }
    // A demo is there to be read; of the other commands programs read the output.
    const narration = name === 'demo' ? process.stdout : process.stderr
    terminal = new Terminal(narration, { trace: args.trace, environment: process.env })
    if (args.clientSecret !== undefined) {
      const better = 'MCP_CLIENT_SECRET or --client-secret-file'
      terminal.writeLine(`Other users of this machine can read --client-secret: prefer ${better}.`, 'yellow')
    }
    return await runCommand(args, {
      environment: process.env, terminal, startServer,
      input: process.stdin.isTTY ? process.stdin : undefined,
      print: text => console.log(terminal.sanitize(text)),
    })
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

/** A server with a key of its own, which approves without asking: it lives as long as the demo. */
async function startServer(): Promise<{ url: string; close(): Promise<void> }> {
  const { config, close } = await serve({
    SERVER_PORT: '0', OAUTH_AUTO_APPROVE: 'true', LOG_LEVEL: 'silent', JWT_SECRET_KEY: randomBytes(32).toString('hex'),
  })
  return { url: config.issuer, close }
}
