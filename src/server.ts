#!/usr/bin/env node
/** Starts the server by the environment; see the table of variables in the README. */
import { existsSync } from 'node:fs'
import { serve, type RunningServer } from './app/serve.ts'
import { ConfigError } from './base/config/config.ts'

// Node has this since 20.12; before, the environment has to be set otherwise.
if (existsSync('.env')) process.loadEnvFile?.('.env')

// Whoever reads what this prints may end before it does.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

let server: RunningServer
try {
  server = await serve(process.env)
} catch (error) {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  const known = error instanceof ConfigError || isTaken
  const remedy = isTaken ? '; set SERVER_PORT to another, or to 0' : ''
  console.error(known ? `Cannot start: ${(error as Error).message}${remedy}` : error)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // More than once, too: the second must not cut off what the first lets come to its end.
  process.on(signal, () => void server.close().then(() => process.exit(0)))
}

console.log(`MCP authorization server listening at ${server.config.issuer}`)
