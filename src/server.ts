#!/usr/bin/env node
/** Starts the server, configured by environment variables (docs/configuration.md). */
import { existsSync } from 'node:fs'
import { serve, type RunningServer } from './app/serve.ts'
import { ConfigError } from './base/config/environment.ts'

// Node 20.12 added loadEnvFile. Older versions ignore .env.
if (existsSync('.env')) process.loadEnvFile?.('.env')

// The reader of a pipe may exit first. Its EPIPE must not crash the server.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

let server: RunningServer
try {
  server = await serve(process.env)
} catch (error) {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  const isExpected = error instanceof ConfigError || isTaken
  const remedy = isTaken ? '. Set SERVER_PORT to another port, or to 0 for any free port.' : ''
  console.error(isExpected ? `Cannot start: ${(error as Error).message}${remedy}` : error)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // `on`, not `once`: a second signal must not kill the server while it still answers requests.
  process.on(signal, () => void server.close().then(() => process.exit(0)))
}

console.log(`MCP authorization server listening at ${server.config.issuer}`)
