/** Who the client is and how it gets tokens, as the options of the command line say. */
import { readFile } from 'node:fs/promises'
import type { Environment } from '../../base/config/config.ts'
import type { Arguments, GrantArguments } from './arguments.ts'
import { ClientError, exitCodes } from '../../core/client/wire/errors.ts'
import { ClientCredentialsGrant } from '../extensions/client-credentials.ts'
import { identityAssertion } from '../extensions/identity-assertion.ts'
import { JwtBearerGrant } from '../extensions/jwt-bearer.ts'
import type { McpClientOptions } from '../mcp/mcp-client.ts'
import { readPrivateKey } from '../extensions/signing.ts'

export type Credentials = Pick<McpClientOptions, 'identity' | 'grant' | 'dpop' | 'sendResource'>

export async function readCredentials(args: Arguments, environment: Environment): Promise<Credentials> {
  const { clientId, clientMetadataUrl, privateKey, sendResource, dpop } = args
  const clientSecret = await readSecret(args, environment)
  if (args.grant?.name === 'client-credentials' && !clientSecret && privateKey === undefined) {
    // RFC 6749 section 4.4: for confidential clients alone.
    const problem = '--grant client-credentials needs --private-key, or the secret in MCP_CLIENT_SECRET'
    throw new ClientError(problem, exitCodes.usage, { remedy: 'See --help.' })
  }
  const grant = args.grant && await readGrant(args.grant)
  return {
    sendResource,
    dpop,
    identity: {
      ...(clientId === undefined ? {} : { client_id: clientId }),
      // A secret that lies in the environment does not take the place of a key that is named.
      ...(clientId === undefined || !clientSecret || privateKey !== undefined ? {} : { client_secret: clientSecret }),
      ...(clientMetadataUrl === undefined ? {} : { client_metadata_url: clientMetadataUrl }),
      ...(privateKey === undefined ? {} : { privateKey: readPrivateKey(await readOption('--private-key', privateKey)) }),
    },
    ...(grant ? { grant } : {}),
  }
}

/** A secret on the command line stands in the list of processes and in the history of the shell. */
async function readSecret({ clientSecret, clientSecretFile }: Arguments, environment: Environment): Promise<string | undefined> {
  if (clientSecretFile !== undefined) return readOption('--client-secret-file', clientSecretFile)
  return clientSecret ?? environment['MCP_CLIENT_SECRET']
}

async function readGrant(grant: GrantArguments): Promise<NonNullable<Credentials['grant']>> {
  if (grant.name === 'client-credentials') return registrar => new ClientCredentialsGrant(registrar)
  if (grant.name === 'jwt-bearer') {
    const assertion = await readOption('--assertion', grant.assertion)
    return registrar => new JwtBearerGrant(registrar, async () => assertion)
  }
  const { tokenEndpoint: token_endpoint, clientId: client_id } = grant
  const source = identityAssertion({ token_endpoint, client_id, id_token: await readOption('--id-token', grant.idToken) })
  return registrar => new JwtBearerGrant(registrar, source)
}

/** What must not stand on a command line is read from a file. */
async function readOption(option: string, file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new ClientError(`${option} ${file} cannot be read: ${(error as Error).message}`, exitCodes.usage)
  }
}
