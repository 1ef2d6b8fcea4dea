/** The commands of the client: each a few calls of the library. */
import type { JsonObject } from '../../base/protocol/json.ts'
import { plainText } from '../../base/ui/plain-text.ts'
import type { Arguments } from './arguments.ts'
import { readCredentials } from './credentials.ts'
import { demo } from './demo.ts'
import { ClientError, exitCodes, type ExitCode } from '../../core/client/wire/errors.ts'
import { explainRule } from './explain.ts'
import { hammerRefresh } from '../hammer/hammer.ts'
import type { McpClient } from '../mcp/mcp-client.ts'
import { fileStorage, openClient, type Surroundings } from './open-client.ts'
import { tabSeparated, toolResultText } from '../terminal/output.ts'
import type { StoredTokens } from '../../core/client/storage.ts'
import { listClients, removeClient } from './stored-clients.ts'

/** Runs the command and returns the exit code; what fails is thrown, as a `ClientError` with an exit code of its own. */
export async function runCommand(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { command } = args
  switch (command.name) {
    case 'demo': return demo(args, surroundings)
    case 'explain': return explain(command.rule, surroundings)
    case 'list-clients': return listClients(args, surroundings)
    case 'remove-client': return removeClient(command.url, args, surroundings)
    case 'register': return register(args, surroundings)
    case 'authorize': return authorize(args, surroundings)
    case 'refresh': return refresh(args, surroundings)
    case 'hammer-refresh': return hammer(command.count, command.raw, args, surroundings)
    case 'list-tools': return listTools(args, surroundings)
    case 'call-tool': return callTool(command.tool, command.args, args, surroundings)
    case 'help':
    case 'version': throw new ClientError(`${command.name} is not run here`, exitCodes.failed)
  }
}

function explain(rule: string, { print }: Surroundings): ExitCode {
  print(explainRule(rule))
  return exitCodes.ok
}

async function register(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { client } = await openClient(args, surroundings, true)
  const { issuer, registration } = await client.authorizer.register()
  surroundings.print(JSON.stringify({ issuer, client_id: registration.client_id, redirect_uri: registration.redirect_uri }))
  return exitCodes.ok
}

async function authorize(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, surroundings, true)
  surroundings.print(describeTokens(serverUrl, await client.authorizer.authorize()))
  return exitCodes.ok
}

async function refresh(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, surroundings, false)
  surroundings.print(describeTokens(serverUrl, await client.authorizer.renew()))
  return exitCodes.ok
}

/** The end in whole seconds, rounded down: nobody is told that a token lives longer than it does. */
function describeTokens(server: string, { scope, expires_at }: StoredTokens): string {
  return JSON.stringify({ server, scope, expires_at: expires_at === undefined ? undefined : Math.floor(expires_at) })
}

async function hammer(count: number, raw: boolean, args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, surroundings, false)
  const { authorizer: { tokens: keeper, trace } } = client
  const { identity } = await readCredentials(args, surroundings.environment)
  const privateKey = identity?.privateKey?.export({ type: 'pkcs8', format: 'pem' }) as string | undefined
  const job = {
    serverUrl, storage: args.storage,
    ...(raw ? { state: await fileStorage(args, surroundings.terminal).read() } : {}),
    ...(privateKey === undefined ? {} : { privateKey }),
  }
  const passed = await hammerRefresh({ count, job, keeper, trace, print: surroundings.print })
  return passed ? exitCodes.ok : exitCodes.refused
}

async function listTools(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  return converse(args, surroundings, async client => {
    for (const { name, description } of await client.listTools()) {
      surroundings.print(tabSeparated(name, String(description ?? '')))
    }
    return exitCodes.ok
  })
}

async function callTool(tool: string, toolArguments: JsonObject, args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  return converse(args, surroundings, async client => {
    const result = await client.callTool(tool, toolArguments)
    surroundings.print(plainText(toolResultText(result)))
    return result['isError'] === true ? exitCodes.toolFailed : exitCodes.ok
  })
}

/** Connects with the token that there is, and ends the conversation however `work` ends. */
async function converse<T>(args: Arguments, surroundings: Surroundings, work: (client: McpClient) => Promise<T>): Promise<T> {
  const { client } = await openClient(args, surroundings, false)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.close()
  }
}
