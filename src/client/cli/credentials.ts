/** Turns the options of the command line into what `McpClient` takes: who the client is, and how it gets tokens. */
import { readFile } from 'node:fs/promises'
import type { Environment } from '../../base/config/environment.ts'
import type { Arguments, GrantArguments } from './arguments.ts'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { ClientCredentialsGrant } from '../extensions/client-credentials.ts'
import { identityAssertion } from '../extensions/identity-assertion.ts'
import { JwtBearerGrant } from '../extensions/jwt-bearer.ts'
import type { McpClientOptions } from '../mcp/mcp-client.ts'
import { readPrivateKey } from '../extensions/signing.ts'

export type Credentials = Pick<McpClientOptions, 'identity' | 'grant' | 'dpop' | 'sendResource'>

export async function readCredentials(args: Arguments, environment: Environment): Promise<Credentials> {
  const { clientId, clientMetadataUrl, privateKeyFile, sendResource, dpop } = args
  const clientSecret = await readClientSecret(args, environment)
  if (args.grant?.name === 'client-credentials' && !clientSecret && privateKeyFile === undefined) {
    // RFC 6749 section 4.4: only confidential clients may use this grant.
    throw new ClientError('--grant client-credentials needs a client secret or a private key', exitCodes.usage, {
      remedy: 'Put the secret into MCP_CLIENT_SECRET, or use --client-secret-file or --private-key.',
    })
  }
  // A private key on the command line takes precedence over a secret that happens to be in the environment.
  const sendsSecret = clientId !== undefined && clientSecret && privateKeyFile === undefined
  const grant = args.grant && await readGrant(args.grant)
  return {
    sendResource,
    dpop,
    identity: {
      ...(clientId === undefined ? {} : { client_id: clientId }),
      ...(sendsSecret ? { client_secret: clientSecret } : {}),
      ...(clientMetadataUrl === undefined ? {} : { client_metadata_url: clientMetadataUrl }),
      ...(privateKeyFile === undefined ? {} : { privateKey: readPrivateKey(await readOption('--private-key', privateKeyFile)) }),
    },
    ...(grant ? { grant } : {}),
  }
}

/** The environment and files keep the secret out of the process list and out of the history of the shell. */
async function readClientSecret(args: Arguments, environment: Environment): Promise<string | undefined> {
  if (args.clientSecretFile !== undefined) return readOption('--client-secret-file', args.clientSecretFile)
  return args.clientSecret ?? environment['MCP_CLIENT_SECRET']
}

async function readGrant(grant: GrantArguments): Promise<NonNullable<Credentials['grant']>> {
  switch (grant.name) {
    case 'client-credentials': return registrar => new ClientCredentialsGrant(registrar)
    case 'jwt-bearer': {
      const assertion = await readOption('--assertion', grant.assertionFile)
      return registrar => new JwtBearerGrant(registrar, async () => assertion)
    }
    case 'identity-assertion': {
      const id_token = await readOption('--id-token', grant.idTokenFile)
      const source = identityAssertion({ token_endpoint: grant.idpTokenEndpoint, client_id: grant.idpClientId, id_token })
      return registrar => new JwtBearerGrant(registrar, source)
    }
  }
}

/** Reads the file that an option names. */
async function readOption(option: string, file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new ClientError(`${option} ${file} cannot be read: ${(error as Error).message}`, exitCodes.usage, {
      remedy: 'Check the path, and that you may read the file.',
    })
  }
}
