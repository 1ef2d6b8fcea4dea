/** The demonstration: the whole flow, against a server that is there or against one of its own. */
import type { JsonObject } from '../../base/protocol/json.ts'
import type { Arguments } from './arguments.ts'
import { readCredentials } from './credentials.ts'
import { exitCodes, type ExitCode } from '../../core/client/wire/errors.ts'
import { answersMcp, findEndpoint } from './find-endpoint.ts'
import { McpClient } from '../mcp/mcp-client.ts'
import { defaultServer, fileStorage, openTrace, openUserAgent, type Surroundings } from './open-client.ts'
import { toolResultText } from '../terminal/output.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'

export async function demo(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { terminal } = surroundings
  const given = args.serverUrl ?? (await answersMcp(defaultServer) ? defaultServer : undefined)
  const own = given === undefined ? await surroundings.startServer() : undefined
  terminal.writeLine(own ? `No server at ${defaultServer}: using one of my own at ${own.url}` : `Using the server at ${given}`)
  try {
    const trace = openTrace(terminal)
    const storage = own ? new MemoryStorage() : fileStorage(args, terminal)
    const serverUrl = await findEndpoint(given ?? own!.url, storage, trace)
    const client = new McpClient(serverUrl, {
      trace,
      storage,
      userAgent: openUserAgent(args, surroundings, true),
      ...await readCredentials(args, surroundings.environment),
    })
    await client.connect()
    const tools = await client.listTools()
    trace.note(tools.map(({ name }) => name).join(', '))
    for (const [name, toolArguments] of demoCalls.filter(([name]) => tools.some(tool => tool.name === name))) {
      trace.note(toolResultText(await client.callTool(name, toolArguments)))
    }
    const before = await client.authorizer.tokens.find()
    if (before?.refresh_token !== undefined) {
      const after = await client.authorizer.tokens.renew()
      const stays = after.refresh_token === before.refresh_token
      trace.note(`a new access token${stays ? '; the refresh token stays' : ', and a new refresh token in place of the old one'}`)
      await client.listTools()
      trace.note('the new access token works')
    } else {
      trace.note('the server gave no refresh token, so there is nothing to refresh')
    }
    await client.close()
    terminal.writeLine('Done: discovered, registered, authorized, called and refreshed.', 'green')
    return exitCodes.ok
  } finally {
    await own?.close()
  }
}

const demoCalls: readonly (readonly [string, JsonObject])[] = [
  ['get_weather', { location: 'Lisbon' }],
  ['list_files', { pattern: 'src/**/*.ts' }],
  ['get_user_profile', {}],
]
