/** The commands of the client: each a few calls of the library. */
import { isJsonObject, type JsonObject } from '../http/json.ts'
import { plainText } from '../plain-text.ts'
import type { Arguments } from './arguments.ts'
import { BrowserUserAgent } from './browser.ts'
import { Budget } from './budget.ts'
import { readCredentials } from './credentials.ts'
import { elicitation } from './elicitation.ts'
import { ClientError, exitCodes, type ExitCode } from './errors.ts'
import { formOnTerminal } from './form.ts'
import { answersMcp, findEndpoint } from './find-endpoint.ts'
import { hammerRefresh } from './hammer.ts'
import { HeadlessUserAgent } from './headless.ts'
import { send } from './http.ts'
import { McpClient } from './mcp-client.ts'
import { FileStorage, MemoryStorage, without, type ClientStorage } from './storage.ts'
import type { Terminal } from './terminal.ts'
import { Trace } from './trace.ts'
import type { UserAgent } from './user-agent.ts'

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What goes on, for people. */
  readonly terminal: Terminal
  /** Where the user answers what a server asks; undefined where nobody sits there. */
  readonly input: NodeJS.ReadableStream | undefined
  /** What was asked for, for programs. */
  readonly print: (text: string) => void
  /** Starts a server inside this process, for a demo without one. */
  readonly startServer: () => Promise<{ readonly url: string; close(): Promise<void> }>
}

const defaultServer = 'http://localhost:8000'

/** What all answers to one command may take together. */
const allowance = { milliseconds: 40_000, bytes: 64 * 1024 * 1024 }

export async function runCommand(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { command } = args
  switch (command.name) {
    case 'demo': return demo(args, surroundings)
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

/** The main job: the whole flow against a server that is there, or against one of its own. */
async function demo(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { terminal } = surroundings
  const given = args.serverUrl ?? (await answersMcp(defaultServer) ? defaultServer : undefined)
  const own = given === undefined ? await surroundings.startServer() : undefined
  terminal.line(own ? `No server at ${defaultServer}: using one of my own at ${own.url}` : `Using the server at ${given}`)
  try {
    const trace = new Trace(terminal, new Budget(allowance))
    const storage = own ? new MemoryStorage() : fileStorage(args, terminal)
    const serverUrl = await findEndpoint(given ?? own!.url, storage, trace)
    const client = new McpClient(serverUrl, {
      trace, storage, userAgent: userAgent(args, surroundings, true), ...await readCredentials(args, surroundings.environment),
    })
    await client.connect()
    const tools = await client.listTools()
    trace.note(tools.map(({ name }) => name).join(', '))
    for (const [name, toolArguments] of demoCalls.filter(([name]) => tools.some(tool => tool.name === name))) {
      trace.note(textOf(await client.callTool(name, toolArguments)))
    }
    const before = await client.authorizer.tokens.find()
    if (before?.refresh_token !== undefined) {
      const after = await client.authorizer.tokens.renew()
      trace.note(after.refresh_token === before.refresh_token ? 'a new access token; the refresh token stays' : 'a new access token, and a new refresh token in place of the old one')
      await client.listTools()
      trace.note('the new access token works')
    } else {
      trace.note('the server gave no refresh token, so there is nothing to refresh')
    }
    await client.close()
    terminal.line('Done: discovered, registered, authorized, called and refreshed.', 'green')
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

async function register(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { client } = await openClient(args, surroundings, true)
  const { issuer, registration } = await client.authorizer.register()
  surroundings.print(JSON.stringify({ issuer, client_id: registration.client_id, redirect_uri: registration.redirect_uri }))
  return exitCodes.ok
}

async function authorize(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, surroundings, true)
  const { scope, expires_at } = await client.authorizer.authorize()
  surroundings.print(JSON.stringify({ server: serverUrl, scope, expires_at }))
  return exitCodes.ok
}

async function refresh(args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  const { client, serverUrl } = await openClient(args, surroundings, false)
  const { scope, expires_at } = await client.authorizer.renew()
  surroundings.print(JSON.stringify({ server: serverUrl, scope, expires_at }))
  return exitCodes.ok
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
      surroundings.print(row(name, String(description ?? '')))
    }
    return exitCodes.ok
  })
}

async function callTool(tool: string, toolArguments: JsonObject, args: Arguments, surroundings: Surroundings): Promise<ExitCode> {
  return converse(args, surroundings, async client => {
    const result = await client.callTool(tool, toolArguments)
    surroundings.print(plainText(textOf(result)))
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

async function listClients(args: Arguments, { terminal, print }: Surroundings): Promise<ExitCode> {
  const { registrations, servers } = await fileStorage(args, terminal).read()
  for (const [issuer, { client_id, token_endpoint_auth_method, redirect_uri }] of Object.entries(registrations)) {
    print(row('registration', issuer, client_id, token_endpoint_auth_method, redirect_uri || 'no redirect URI'))
  }
  for (const [url, { issuer, registration, scope, expires_at, refresh_token, dpop_key }] of Object.entries(servers)) {
    const ends = expires_at === undefined ? 'no end known' : `until ${new Date(expires_at * 1000).toISOString()}`
    const renewal = refresh_token === undefined ? '' : ', can be refreshed'
    print(row('tokens', url, issuer, scope ?? '', `${ends}${renewal}${dpop_key ? ', bound to a key' : ''}`, registration.client_id))
  }
  return exitCodes.ok
}

/** Forgets a server, or an authorization server, and tells it so where it can be told. */
async function removeClient(url: string, args: Arguments, { terminal, print, environment }: Surroundings): Promise<ExitCode> {
  const storage = fileStorage(args, terminal)
  const trace = new Trace(terminal, new Budget(allowance))
  const { servers, registrations } = await storage.read()
  const known = [url, `${url}/mcp`, url.replace(/\/$/, '')]
  const serverUrl = known.find(name => servers[name])
  const issuer = (serverUrl === undefined ? undefined : servers[serverUrl]?.issuer) ?? known.find(name => registrations[name])
  if (issuer === undefined) {
    throw new ClientError(`nothing is stored for ${url}`, exitCodes.failed, { remedy: 'See --list-clients for what is.' })
  }
  const affected = Object.keys(servers).filter(name => servers[name]!.issuer === issuer)
  // A client that authenticates with a private key has to bring it along here too.
  const credentials = await readCredentials(args, environment)
  for (const name of affected) await new McpClient(name, { trace, storage, ...credentials }).authorizer.tokens.revoke()
  const registration = registrations[issuer]
  if (registration?.registration_client_uri && registration.registration_access_token) {
    trace.step('Delete the registration', 'RFC 7592 section 2.3')
    const { registration_client_uri, registration_access_token } = registration
    await send({ method: 'DELETE', url: registration_client_uri, headers: { authorization: `Bearer ${registration_access_token}` } }, trace)
      .catch(() => trace.note('the authorization server cannot be reached; the registration is forgotten here alone'))
  }
  await storage.update(state => ({ ...state, registrations: without(state.registrations, issuer) }))
  print(`removed ${plainText([...affected, issuer].join(' '))}`)
  return exitCodes.ok
}

async function openClient(args: Arguments, surroundings: Surroundings, mayAsk: boolean): Promise<{ client: McpClient; serverUrl: string }> {
  const { terminal } = surroundings
  const listener = mayAsk || args.trace ? terminal : { secret: (secret: string) => terminal.secret(secret) }
  const trace = new Trace(listener, new Budget(allowance))
  const storage = fileStorage(args, terminal)
  const serverUrl = await findEndpoint(args.serverUrl ?? defaultServer, storage, trace)
  const client = new McpClient(serverUrl, {
    trace,
    storage,
    ...await readCredentials(args, surroundings.environment),
    ...(mayAsk ? { userAgent: userAgent(args, surroundings, false) } : {}),
    ...(surroundings.input ? elicitation(formOnTerminal(serverUrl, surroundings.input, surroundings.terminal)) : {}),
  })
  return { client, serverUrl }
}

function fileStorage({ storage }: Arguments, terminal: Terminal): ClientStorage {
  return new FileStorage(storage, text => terminal.line(text, 'yellow'))
}

function userAgent(args: Arguments, { terminal, environment }: Surroundings, tryWithout: boolean): UserAgent {
  const { headless, callbackHost, callbackPort } = args
  if (headless) return new HeadlessUserAgent({ write: text => terminal.line(text), ...headlessRedirectUri(args) })
  return new BrowserUserAgent({
    tryWithout,
    environment,
    ...(callbackHost === undefined ? {} : { host: callbackHost }),
    ...(callbackPort === undefined ? {} : { port: callbackPort }),
    waiting: url => {
      terminal.line(`   If no browser opens, go to ${url}`)
      return terminal.waiting('waiting for your decision in the browser')
    },
  })
}

function headlessRedirectUri({ callbackHost = '127.0.0.1', callbackPort }: Arguments): { redirect_uri?: string } {
  return callbackPort === undefined ? {} : { redirect_uri: `http://${callbackHost}:${callbackPort}/callback` }
}

/** A line of fields for programs to split at tabs. */
function row(...fields: readonly string[]): string {
  return fields.map(field => plainText(field.replace(/\s+/g, ' '))).join('\t')
}

function textOf({ content, structuredContent }: JsonObject): string {
  const texts = (Array.isArray(content) ? content as unknown[] : [])
    .map(part => isJsonObject(part) && typeof part['text'] === 'string' ? part['text'] : undefined)
    // The structured content as text repeats what stands beside it.
    .filter((text, i) => text !== undefined && (i === 0 || text !== JSON.stringify(structuredContent)))
  return texts.length > 0 ? texts.join('\n') : JSON.stringify(structuredContent ?? content)
}
