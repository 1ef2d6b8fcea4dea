#!/usr/bin/env node
/** The MCP client on the command line. */
import { randomBytes } from 'node:crypto'
import { main } from './client/cli/main.ts'
import { exitCodes } from './core/client/wire/errors.ts'

const { argv, env: environment, stdin, stdout, stderr } = process

// A reader that has seen enough, such as `head`, is no failure.
for (const output of [stdout, stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed))
}

process.exitCode = await main(argv.slice(2), { environment, stdin, stdout, stderr, startServer })

/**
 * A server with a key of its own, which approves without asking: it lives as long as the demo. It is loaded only when it is
 * needed, because the client starts faster without it.
 */
async function startServer(): Promise<{ url: string; close(): Promise<void> }> {
  const { serve } = await import('./app/serve.ts')
  const { config, close } = await serve({
    SERVER_PORT: '0', OAUTH_AUTO_APPROVE: 'true', LOG_LEVEL: 'silent', JWT_SECRET_KEY: randomBytes(32).toString('hex'),
  })
  return { url: config.issuer, close }
}
