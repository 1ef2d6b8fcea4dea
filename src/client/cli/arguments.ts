/** The command line of the client, read and judged: a wrong one is a `ClientError` with the exit code for usage. */
import { parseArgs } from 'node:util'
import { isLoopbackHost } from '../../base/config/config.ts'
import { isJsonObject, type JsonObject } from '../../base/protocol/json.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import { options } from './usage.ts'

type Command =
  | { readonly name: 'demo' | 'register' | 'authorize' | 'list-tools' | 'refresh' | 'list-clients' | 'help' | 'version' }
  | { readonly name: 'call-tool'; readonly tool: string; readonly args: JsonObject }
  | { readonly name: 'remove-client'; readonly url: string }
  | { readonly name: 'hammer-refresh'; readonly count: number; readonly raw: boolean }
  | { readonly name: 'explain'; readonly rule: string }

export interface Arguments {
  readonly command: Command
  readonly serverUrl: string | undefined
  readonly storage: string
  readonly headless: boolean
  readonly trace: boolean
  readonly callbackHost: string | undefined
  readonly callbackPort: number | undefined
  readonly sendResource: boolean
  readonly dpop: boolean
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
  readonly clientSecretFile: string | undefined
  /** The name of a file, as are the assertion and the ID token. */
  readonly privateKey: string | undefined
  readonly clientMetadataUrl: string | undefined
  readonly grant: GrantArguments | undefined
}

/** A grant without a user, with what it needs. */
export type GrantArguments =
  | { readonly name: 'client-credentials' }
  | { readonly name: 'jwt-bearer'; readonly assertion: string }
  | { readonly name: 'identity-assertion'; readonly tokenEndpoint: string; readonly clientId: string; readonly idToken: string }

export function parseArguments(argv: readonly string[]): Arguments {
  const values = parse(argv)
  return {
    command: parseCommand(values),
    serverUrl: values['server-url'] === undefined ? undefined : parseServerUrl(values['server-url']),
    storage: values.storage,
    headless: values.headless,
    trace: values.trace,
    callbackHost: parseCallbackHost(values['callback-host']),
    callbackPort: parsePort(values['callback-port']),
    sendResource: !values['no-resource'],
    dpop: values.dpop,
    ...parseIdentity(values),
    grant: parseGrant(values),
  }
}

type Values = ReturnType<typeof parse>

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values
  } catch (error) {
    throw usageError((error as Error).message)
  }
}

const plainCommands = ['demo', 'register', 'authorize', 'list-tools', 'refresh', 'list-clients', 'help', 'version'] as const

/** The one command that is named, with what belongs to it. */
function parseCommand(values: Values): Command {
  const named = plainCommands.filter(name => values[name])
  const commands: Command[] = named.map(name => ({ name }))
  if (values['call-tool'] !== undefined) {
    commands.push({ name: 'call-tool', tool: values['call-tool'], args: parseToolArguments(values.args) })
  }
  if (values['remove-client'] !== undefined) commands.push({ name: 'remove-client', url: values['remove-client'] })
  if (values['hammer-refresh'] !== undefined) {
    commands.push({ name: 'hammer-refresh', count: parseCount(values['hammer-refresh']), raw: values.raw ?? false })
  }
  if (values.explain !== undefined) commands.push({ name: 'explain', rule: values.explain })
  const [command, ...more] = commands
  if (!command) throw usageError('a command is missing')
  if (more.length > 0) throw usageError('only one command at a time')
  if (values.args !== undefined && command.name !== 'call-tool') throw usageError('--args belongs to --call-tool')
  if (values.raw !== undefined && command.name !== 'hammer-refresh') throw usageError('--raw belongs to --hammer-refresh')
  return command
}

function parseServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:\/\/[\x21-\x7e]+$/i.test(text) || text.includes('#') || url.username !== '' || url.password !== '') {
    throw usageError(`--server-url ${text} is not an http or https URL`)
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw usageError(`--server-url ${text} is http: beyond this machine tokens must travel over https`)
  }
  // The text is kept as it is written: the server compares it as a string.
  return url.pathname === '/' ? url.origin : text
}

type IdentityArguments = Pick<
  Arguments, 'clientId' | 'clientSecret' | 'clientSecretFile' | 'privateKey' | 'clientMetadataUrl'
>

/** What names the client, and the one secret with which it authenticates. */
function parseIdentity(values: Values): IdentityArguments {
  const { 'client-id': clientId, 'client-secret': clientSecret, 'private-key': privateKey } = values
  const clientMetadataUrl = parseClientMetadataUrl(values['client-metadata-url'])
  const clientSecretFile = values['client-secret-file']
  const secret = clientSecret ?? clientSecretFile
  if (clientId === '') throw usageError('--client-id is empty')
  if (clientId !== undefined && clientMetadataUrl !== undefined) {
    throw usageError('--client-metadata-url is itself the client_id: leave out --client-id')
  }
  if (secret !== undefined && clientId === undefined) throw usageError('--client-secret belongs to --client-id')
  if (privateKey !== undefined && (clientId ?? clientMetadataUrl) === undefined) {
    throw usageError('--private-key belongs to --client-id or --client-metadata-url')
  }
  if (privateKey !== undefined && secret !== undefined) {
    throw usageError('a client authenticates by --client-secret or by --private-key, not by both')
  }
  return { clientId, clientSecret, clientSecretFile, privateKey, clientMetadataUrl }
}

/** MCP 2026-07-28 basic/authorization/client-registration: https, with a path. */
function parseClientMetadataUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const usable = url && (url.protocol === 'https:' || isLoopbackHost(url.hostname)) && url.pathname !== '/' && url.href === text
  if (!usable) throw usageError('--client-metadata-url must be an https URL with a path')
  return text
}

/** The options of each grant: all of them are needed, and none belongs to another. */
const grantOptions = {
  'client-credentials': [],
  'jwt-bearer': ['assertion'],
  'identity-assertion': ['idp-token-endpoint', 'idp-client-id', 'id-token'],
} as const satisfies Record<GrantArguments['name'], readonly (keyof Values)[]>

function parseGrant(values: Values): GrantArguments | undefined {
  const { grant, assertion = '', 'id-token': idToken = '' } = values
  const { 'idp-token-endpoint': tokenEndpoint = '', 'idp-client-id': clientId = '' } = values
  if (grant !== undefined && !isGrantName(grant)) throw usageError(`--grant is one of ${Object.keys(grantOptions).join(', ')}`)
  const needed: readonly string[] = grant === undefined ? [] : grantOptions[grant]
  const stray = Object.values(grantOptions).flat().find(option => values[option] !== undefined && !needed.includes(option))
  if (stray !== undefined) throw usageError(`--${stray} belongs to another --grant`)
  if (grant === undefined) return undefined
  if (values['client-id'] === undefined) throw usageError(`--grant ${grant} needs --client-id`)
  const missing = grantOptions[grant].find(option => !values[option])
  if (missing !== undefined) throw usageError(`--grant ${grant} needs --${missing}`)
  if (grant === 'client-credentials') return { name: grant }
  return grant === 'jwt-bearer' ? { name: grant, assertion } : { name: grant, tokenEndpoint, clientId, idToken }
}

function isGrantName(name: string): name is GrantArguments['name'] {
  return Object.hasOwn(grantOptions, name)
}

function parseToolArguments(text = '{}'): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (!isJsonObject(value)) throw usageError('--args must be a JSON object, such as \'{"location": "Lisbon"}\'')
  return value
}

function parseCallbackHost(host: string | undefined): string | undefined {
  if (host !== undefined && !isLoopbackHost(host)) throw usageError('--callback-host must be 127.0.0.1, localhost or [::1]')
  return host
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 2 || count > 100) {
    throw usageError('--hammer-refresh takes a number of processes from 2 to 100')
  }
  return count
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) throw usageError('--callback-port must be a port from 1 to 65535')
  return port
}

function usageError(problem: string): ClientError {
  return new ClientError(problem, exitCodes.usage, { remedy: 'See --help.' })
}
