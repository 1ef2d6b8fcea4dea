/** The commands for what is stored: which registrations and tokens there are, and forgetting them. */
import { plainText } from '../../base/ui/plain-text.ts'
import type { Arguments } from './arguments.ts'
import { readCredentials } from './credentials.ts'
import { ClientError, exitCodes, type ExitCode } from '../../core/client/wire/errors.ts'
import { send } from '../../core/client/wire/http.ts'
import { McpClient } from '../mcp/mcp-client.ts'
import { fileStorage, openTrace, type Surroundings } from './open-client.ts'
import { tabSeparated } from '../terminal/output.ts'
import { without } from '../../core/client/storage.ts'

/** Lists what is stored, without its secrets. */
export async function listClients(args: Arguments, { terminal, print }: Surroundings): Promise<ExitCode> {
  const { registrations, servers } = await fileStorage(args, terminal).read()
  for (const [issuer, { client_id, token_endpoint_auth_method, redirect_uri }] of Object.entries(registrations)) {
    print(tabSeparated('registration', issuer, client_id, token_endpoint_auth_method, redirect_uri || 'no redirect URI'))
  }
  for (const [url, { issuer, registration, scope, expires_at, refresh_token, dpop_key }] of Object.entries(servers)) {
    const ends = expires_at === undefined ? 'no end known' : `until ${new Date(expires_at * 1000).toISOString()}`
    const renewal = refresh_token === undefined ? '' : ', can be refreshed'
    const binding = dpop_key === undefined ? '' : ', bound to a key'
    print(tabSeparated('tokens', url, issuer, scope ?? '', ends + renewal + binding, registration.client_id))
  }
  return exitCodes.ok
}

/** Forgets a server, or an authorization server, and tells it so where it can be told. */
export async function removeClient(
  url: string, args: Arguments, { terminal, print, environment }: Surroundings,
): Promise<ExitCode> {
  const storage = fileStorage(args, terminal)
  const trace = openTrace(terminal)
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
    const headers = { authorization: `Bearer ${registration_access_token}` }
    await send({ method: 'DELETE', url: registration_client_uri, headers }, trace)
      .catch(() => trace.note('the authorization server cannot be reached; the registration is forgotten here alone'))
  }
  await storage.update(state => ({ ...state, registrations: without(state.registrations, issuer) }))
  print(`removed ${plainText([...affected, issuer].join(' '))}`)
  return exitCodes.ok
}
