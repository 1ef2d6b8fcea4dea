import { register, requestToken, startServer, type Members, type TestContext, type TestServer } from '../harness.ts'
import { createKeyPair, type KeyPair } from '../key-pair.ts'

export const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export const jwks_uri = 'https://app.example.com/jwks.json'

/** Metadata of a client that authenticates with the keys. */
export function keyMetadata(...keys: readonly Members[]): Members {
  return {
    token_endpoint_auth_method: 'private_key_jwt', jwks: { keys }, grant_types: ['client_credentials'], redirect_uris: undefined,
  }
}

export async function start(t: TestContext, key: KeyPair = createKeyPair(), env: Record<string, string> = {}) {
  const server = await startServer(t, env)
  const client = await register(server, keyMetadata(key.jwk))
  const issuer = server.config.issuer
  return { server, key, client_id: client['client_id'] as string, issuer }
}

/** A token request with the assertion; `changes` replace or, when undefined, remove parameters. */
export function requestWith(
  server: TestServer, client_assertion: string, changes: Members = {}, headers: Record<string, string> = {},
): Promise<Response> {
  return requestToken(server, { grant_type: 'client_credentials', client_assertion_type, client_assertion, ...changes }, headers)
}

/** With DEBUG the wire names the rule that a client is otherwise not told. */
export const debug = { DEBUG: 'true' }
