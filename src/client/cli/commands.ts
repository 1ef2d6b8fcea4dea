/** Runs one command. Most are a few calls of the client library. */
import type { JsonObject } from '../../base/protocol/json.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import { version } from '../../base/config/version.ts'
import type { Arguments } from './arguments.ts'
import { readCredentials } from './credentials.ts'
import { demo } from './demo.ts'
import { exitCodes, type ExitCode } from '../../base/client/errors.ts'
import { explainRule } from './explain.ts'
import { hammerRefresh } from '../hammer/hammer.ts'
import type { McpClient } from '../mcp/mcp-client.ts'
import { openClient, openStorage, type CommandContext } from './open-client.ts'
import { tabSeparated, toolResultText } from '../terminal/output.ts'
import type { StoredTokens } from '../../core/client/seams/storage.ts'
import { listClients, removeClient } from './stored-clients.ts'
import { usage } from './usage.ts'

/** Returns the exit code. Failures are thrown, most of them as a `ClientError`, which has its own exit code. */
export async function runCommand(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { command } = args
  switch (command.name) {
    case 'help': return printText(usage, context)
    case 'version': return printText(version, context)
    case 'explain': return printText(explainRule(command.rule), context)
    case 'demo': return demo(args, context)
    case 'register': return register(args, context)
    case 'authorize': return authorize(args, context)
    case 'list-tools': return listTools(args, context)
    case 'call-tool': return callTool(command.tool, command.args, args, context)
    case 'refresh': return refresh(args, context)
    case 'list-clients': return listClients(args, context)
    case 'remove-client': return removeClient(command.url, args, context)
    case 'hammer-refresh': return hammer(command.count, command.raw, args, context)
  }
}

function printText(text: string, { print }: CommandContext): ExitCode {
  print(text)
  return exitCodes.ok
}

async function register(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { client } = await openClient(args, context, { interactive: true })
  const { issuer, registration } = await client.authorizer.register()
  const { client_id, redirect_uri } = registration
  return printText(JSON.stringify({ issuer, client_id, redirect_uri }), context)
}

async function authorize(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, context, { interactive: true })
  return printText(describeTokens(serverUrl, await client.authorizer.authorize()), context)
}

async function refresh(args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, context, { interactive: false })
  return printText(describeTokens(serverUrl, await client.authorizer.renew()), context)
}

/** The expiry is rounded down, so that it never promises more time than the token has. */
function describeTokens(server: string, { scope, expires_at }: StoredTokens): string {
  return JSON.stringify({ server, scope, expires_at: expires_at === undefined ? undefined : Math.floor(expires_at) })
}

async function listTools(args: Arguments, context: CommandContext): Promise<ExitCode> {
  return withConnection(args, context, async client => {
    for (const { name, description } of await client.listTools()) {
      context.print(tabSeparated(name, String(description ?? '')))
    }
    return exitCodes.ok
  })
}

async function callTool(tool: string, toolArguments: JsonObject, args: Arguments, context: CommandContext): Promise<ExitCode> {
  return withConnection(args, context, async client => {
    const result = await client.callTool(tool, toolArguments)
    context.print(plainText(toolResultText(result)))
    return result['isError'] === true ? exitCodes.toolFailed : exitCodes.ok
  })
}

/** Connects with the stored tokens, and closes the connection even if `work` fails. */
async function withConnection<T>(args: Arguments, context: CommandContext, work: (client: McpClient) => Promise<T>): Promise<T> {
  const { client } = await openClient(args, context, { interactive: false })
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.close()
  }
}

async function hammer(count: number, raw: boolean, args: Arguments, context: CommandContext): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, context, { interactive: false })
  const { authorizer: { tokens: keeper, trace } } = client
  const { identity } = await readCredentials(args, context.environment)
  const privateKey = identity?.privateKey?.export({ type: 'pkcs8', format: 'pem' }) as string | undefined
  const state = raw ? await openStorage(args, context.terminal).read() : undefined
  const job = { serverUrl, storage: args.storage, state, privateKey }
  const passed = await hammerRefresh({ count, job, keeper, trace, print: context.print })
  return passed ? exitCodes.ok : exitCodes.refused
}
