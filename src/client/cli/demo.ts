/** `--demo`: runs the whole flow once, against a server that is already running or one started for the demo. */
import type { JsonObject } from '../../base/protocol/json.ts'
import type { Arguments } from './arguments.ts'
import { readCredentials } from './credentials.ts'
import { exitCodes, type ExitCode } from '../../base/client/errors.ts'
import type { Trace } from '../../base/client/trace.ts'
import { findEndpoint, isMcpServer } from './find-endpoint.ts'
import { McpClient } from '../mcp/mcp-client.ts'
import { createTrace, createUserAgent, defaultServer, openStorage, type CommandContext } from './open-client.ts'
import { toolResultText } from '../terminal/output.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { ClientStorage } from '../../core/client/seams/storage.ts'

export async function demo(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { terminal } = context
  const running = args.serverUrl ?? (await isMcpServer(defaultServer) ? defaultServer : undefined)
  if (running !== undefined) {
    terminal.writeLine(`Using the server at ${running}`)
    return runFlow(running, openStorage(args, terminal), args, context)
  }
  const started = await context.startServer()
  try {
    terminal.writeLine(`No server at ${defaultServer}: started one at ${started.url}`)
    return await runFlow(started.url, new MemoryStorage(), args, context)
  } finally {
    await started.close()
  }
}

async function runFlow(url: string, storage: ClientStorage, args: Arguments, context: CommandContext): Promise<ExitCode> {
  const trace = createTrace(context.terminal)
  const credentials = await readCredentials(args, context.environment)
  const userAgent = createUserAgent(args, context, { tryRedirectsFirst: true })
  const client = new McpClient(await findEndpoint(url, storage, trace), { trace, storage, userAgent, ...credentials })
  await client.connect()
  const tools = await client.listTools()
  trace.note(tools.map(({ name }) => name).join(', '))
  for (const [name, toolArguments] of demoCalls.filter(([name]) => tools.some(tool => tool.name === name))) {
    trace.note(toolResultText(await client.callTool(name, toolArguments)))
  }
  await refreshTokens(client, trace)
  await client.close()
  context.terminal.writeLine('Done: the whole flow works.', 'green')
  return exitCodes.ok
}

async function refreshTokens(client: McpClient, trace: Trace): Promise<void> {
  const { tokens } = client.authorizer
  const before = await tokens.find()
  if (before?.refresh_token === undefined) {
    trace.note('the server issued no refresh token, so there is nothing to refresh')
    return
  }
  const after = await tokens.renew()
  const isRotated = after.refresh_token !== before.refresh_token
  trace.note(`got a new access token${isRotated ? ' and a new refresh token' : '; the refresh token stays the same'}`)
  await client.listTools()
  trace.note('the new access token works')
}

const demoCalls: readonly (readonly [string, JsonObject])[] = [
  ['get_weather', { location: 'Lisbon' }],
  ['list_files', { pattern: 'src/**/*.ts' }],
  ['get_user_profile', {}],
]
