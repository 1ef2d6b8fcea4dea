#!/usr/bin/env node
/** The MCP client on the command line. */
import { randomBytes } from 'node:crypto'
import { main } from './client/cli/main.ts'
import { exitCodes } from './base/client/errors.ts'

const { argv, env: environment, stdin, stdout, stderr } = process

// A reader like `head` closes the pipe when it has seen enough. That is not a failure.
for (const output of [stdout, stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed))
}

process.exitCode = await main(argv.slice(2), { environment, stdin, stdout, stderr, startServer })

/** Starts a server for the demo, with its own key and without a consent page. Only the demo has to load it. */
async function startServer(): Promise<{ url: string; close(): Promise<void> }> {
  const { serve } = await import('./app/serve.ts')
  const { config, close } = await serve({
    SERVER_PORT: '0', OAUTH_AUTO_APPROVE: 'true', LOG_LEVEL: 'silent', JWT_SECRET_KEY: randomBytes(32).toString('hex'),
  })
  return { url: config.issuer, close }
}
