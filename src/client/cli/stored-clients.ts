/** `--list-clients` and `--remove-client`: show and delete what is stored. */
import { plainText } from '../../base/ui/plain-text.ts'
import type { Arguments } from './arguments.ts'
import { readCredentials } from './credentials.ts'
import { ClientError, exitCodes, type ExitCode } from '../../base/client/errors.ts'
import { deleteRegistration } from '../extensions/registration-management.ts'
import { McpClient } from '../mcp/mcp-client.ts'
import { createTrace, openStorage, type CommandContext } from './open-client.ts'
import { tabSeparated } from '../terminal/output.ts'
import { without, type ClientState } from '../../core/client/seams/storage.ts'

/** Lists registrations and tokens, without secrets. */
export async function listClients(args: Arguments, { terminal, print }: CommandContext): Promise<ExitCode> {
  const { registrations, servers } = await openStorage(args, terminal).read()
  for (const [issuer, { client_id, token_endpoint_auth_method, redirect_uri }] of Object.entries(registrations)) {
    print(tabSeparated('registration', issuer, client_id, token_endpoint_auth_method, redirect_uri || 'no redirect URI'))
  }
  for (const [url, { issuer, registration, scope = '', expires_at, refresh_token, dpop_key }] of Object.entries(servers)) {
    const expiry = expires_at === undefined ? 'expiry unknown' : `until ${new Date(expires_at * 1000).toISOString()}`
    const renewal = refresh_token === undefined ? '' : ', can be refreshed'
    const binding = dpop_key === undefined ? '' : ', bound to a key'
    print(tabSeparated('tokens', url, issuer, scope, expiry + renewal + binding, registration.client_id))
  }
  return exitCodes.ok
}

/** Revokes and deletes all that belongs to the authorization server behind `url`. */
export async function removeClient(
  url: string, args: Arguments, { terminal, print, environment }: CommandContext,
): Promise<ExitCode> {
  const storage = openStorage(args, terminal)
  const trace = createTrace(terminal)
  const state = await storage.read()
  const issuer = findIssuer(url, state)
  if (issuer === undefined) {
    throw new ClientError(`nothing is stored for ${url}`, exitCodes.failed, { remedy: 'See --list-clients for what is stored.' })
  }
  const serverUrls = Object.keys(state.servers).filter(name => state.servers[name]!.issuer === issuer)
  // Revocation needs client authentication. A private key is never stored, so it comes from the command line again.
  const credentials = await readCredentials(args, environment)
  for (const name of serverUrls) await new McpClient(name, { trace, storage, ...credentials }).authorizer.tokens.revoke()
  const registration = state.registrations[issuer]
  if (registration) await deleteRegistration(registration, issuer, trace)
  await storage.update(current => ({ ...current, registrations: without(current.registrations, issuer) }))
  print(`removed ${plainText([...serverUrls, issuer].join(' '))}`)
  return exitCodes.ok
}

/** `url` may name the MCP server, the host it runs on, or the authorization server. */
function findIssuer(url: string, { servers, registrations }: ClientState): string | undefined {
  const candidates = [url, `${url}/mcp`, url.replace(/\/$/, '')]
  const server = candidates.map(name => servers[name]).find(tokens => tokens !== undefined)
  return server?.issuer ?? candidates.find(name => registrations[name])
}
