/** Parses and validates the command line. Every mistake is a `ClientError` with the exit code for wrong usage. */
import { parseArgs } from 'node:util'
import { isJsonObject, parseJson, type JsonObject } from '../../base/protocol/json.ts'
import { isLoopbackHost } from '../../base/protocol/loopback.ts'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { options } from './usage.ts'

const plainCommands = ['help', 'version', 'demo', 'register', 'authorize', 'list-tools', 'refresh', 'list-clients'] as const

type Command =
  | { readonly name: (typeof plainCommands)[number] }
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
  readonly privateKeyFile: string | undefined
  readonly clientMetadataUrl: string | undefined
  readonly grant: GrantArguments | undefined
}

/** A grant that needs no user. */
export type GrantArguments =
  | { readonly name: 'client-credentials' }
  | { readonly name: 'jwt-bearer'; readonly assertionFile: string }
  | {
      readonly name: 'identity-assertion'
      readonly idTokenFile: string
      readonly idpTokenEndpoint: string
      readonly idpClientId: string
    }

export function parseArguments(argv: readonly string[]): Arguments {
  const values = parse(argv)
  return {
    command: parseCommand(values),
    serverUrl: parseServerUrl(values['server-url']),
    storage: values.storage ?? '.mcp_clients.json',
    headless: values.headless ?? false,
    trace: values.trace ?? false,
    callbackHost: parseCallbackHost(values['callback-host']),
    callbackPort: parseInteger('--callback-port', values['callback-port'], 1, 65_535),
    sendResource: !values['no-resource'],
    dpop: values.dpop ?? false,
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

function parseCommand(values: Values): Command {
  const commands: Command[] = plainCommands.filter(name => values[name]).map(name => ({ name }))
  if (values['call-tool'] !== undefined) {
    commands.push({ name: 'call-tool', tool: values['call-tool'], args: parseToolArguments(values.args) })
  }
  if (values['remove-client'] !== undefined) commands.push({ name: 'remove-client', url: values['remove-client'] })
  const count = parseInteger('--hammer-refresh', values['hammer-refresh'], 2, 100)
  if (count !== undefined) commands.push({ name: 'hammer-refresh', count, raw: values.raw ?? false })
  if (values.explain !== undefined) commands.push({ name: 'explain', rule: values.explain })
  const [command, another] = commands
  if (!command) throw usageError('no command given', 'Start with --demo, or see --help for all commands.')
  if (another) throw usageError(`--${command.name} and --${another.name} are two commands`, 'Run one after the other.')
  if (values.args !== undefined && command.name !== 'call-tool') throw usageError('--args needs --call-tool')
  if (values.raw !== undefined && command.name !== 'hammer-refresh') throw usageError('--raw needs --hammer-refresh')
  return command
}

/** Returns the URL as typed, because servers compare it as a string. Only the slash after a bare origin is dropped. */
function parseServerUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.username || url?.password) {
    throw usageError('--server-url contains a user name or a password', 'Leave it out. The client gets a token instead.')
  }
  // The text is checked too, because the parser drops blanks, line breaks and an empty fragment.
  if (!url || !/^https?:\/\/[!"$-~]+$/i.test(text)) {
    throw usageError(`--server-url ${text} is not usable`, 'Pass an http or https URL, such as http://localhost:8000/mcp.')
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    throw usageError(`--server-url ${text} would send tokens unencrypted`, 'Use https. Plain http is safe on this machine only.')
  }
  return url.pathname === '/' ? url.origin : text
}

/** Which client this is, and how it authenticates. Without these options the client registers. */
function parseIdentity(values: Values) {
  const { 'client-id': clientId, 'client-secret': clientSecret, 'client-secret-file': clientSecretFile } = values
  const privateKeyFile = values['private-key']
  const clientMetadataUrl = parseClientMetadataUrl(values['client-metadata-url'])
  const hasSecret = clientSecret !== undefined || clientSecretFile !== undefined
  const hasKey = privateKeyFile !== undefined
  if (clientId === '') throw usageError('--client-id is empty', 'Check that the shell variable that it comes from is set.')
  if (clientId !== undefined && clientMetadataUrl !== undefined) {
    throw usageError('--client-metadata-url already is the client_id', 'Leave out --client-id.')
  }
  if (hasSecret && clientId === undefined) throw usageError('a client secret needs --client-id')
  if (hasKey && clientId === undefined && clientMetadataUrl === undefined) {
    throw usageError('--private-key needs --client-id or --client-metadata-url')
  }
  if (hasKey && hasSecret) {
    throw usageError('a client secret and --private-key exclude each other', 'Use the one that the client is registered with.')
  }
  return { clientId, clientSecret, clientSecretFile, privateKeyFile, clientMetadataUrl }
}

/** MCP 2026-07-28 basic/authorization/client-registration: an https URL with a path. Loopback may be http, for tests. */
function parseClientMetadataUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSecure = url !== undefined && (url.protocol === 'https:' || isLoopbackHost(url.hostname))
  // It is compared as a string, so it has to be in the form that every URL parser writes.
  if (!isSecure || url.pathname === '/' || url.href !== text) {
    throw usageError('--client-metadata-url must be an https URL with a path', 'Example: https://app.example.com/client.json')
  }
  return text
}

const grantNames = ['client-credentials', 'jwt-bearer', 'identity-assertion'] as const

/** Options that only one grant takes. It needs all of its own. */
const grantOptions = [
  ['assertion', 'jwt-bearer'],
  ['id-token', 'identity-assertion'],
  ['idp-token-endpoint', 'identity-assertion'],
  ['idp-client-id', 'identity-assertion'],
] as const

function parseGrant(values: Values): GrantArguments | undefined {
  const { grant } = values
  for (const [option, owner] of grantOptions) {
    if (values[option] !== undefined && grant !== owner) throw usageError(`--${option} needs --grant ${owner}`)
  }
  if (grant === undefined) return undefined
  const name = grantNames.find(known => known === grant)
  if (!name) throw usageError(`--grant ${grant} is unknown`, `Known grants: ${grantNames.join(', ')}.`)
  const required = (option: 'client-id' | (typeof grantOptions)[number][0]): string => {
    const value = values[option]
    if (!value) throw usageError(`--grant ${name} needs --${option}`)
    return value
  }
  required('client-id')
  switch (name) {
    case 'client-credentials': return { name }
    case 'jwt-bearer': return { name, assertionFile: required('assertion') }
    case 'identity-assertion': return {
      name,
      idTokenFile: required('id-token'),
      idpTokenEndpoint: required('idp-token-endpoint'),
      idpClientId: required('idp-client-id'),
    }
  }
}

function parseToolArguments(text = '{}'): JsonObject {
  const parsed = parseJson(text)
  if ('value' in parsed && isJsonObject(parsed.value)) return parsed.value
  const reason = 'problem' in parsed ? `: ${parsed.problem}` : ''
  throw usageError(`--args must be a JSON object${reason}`, 'Example: --args \'{"location": "Lisbon"}\'')
}

function parseCallbackHost(host: string | undefined): string | undefined {
  if (host !== undefined && !isLoopbackHost(host)) throw usageError('--callback-host must be 127.0.0.1, localhost or [::1]')
  return host
}

function parseInteger(option: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < min || number > max) throw usageError(`${option} must be a number from ${min} to ${max}`)
  return number
}

function usageError(problem: string, remedy = 'See --help for all options.'): ClientError {
  return new ClientError(problem, exitCodes.usage, { remedy })
}
