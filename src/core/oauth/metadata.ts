/** Authorization server metadata (RFC 8414 section 3), also at the URL of OpenID Connect Discovery. */
import { json } from '../../base/http/message.ts'
import { signatureAlgorithms } from '../../base/protocol/jws.ts'
import type { Services } from '../context/context.ts'
import { documentHandler } from '../context/document-handler.ts'
import { authenticationMethods } from './client-authentication.ts'
import { supportedScopes } from './server-scope.ts'

const cacheable = { 'cache-control': 'public, max-age=300' }

export const authorizationServerMetadata = documentHandler(services => json(200, metadata(services), cacheable))

/**
 * For clients that only fetch `openid-configuration` (RFC 8414 section 5). Their parsers reject a document without the
 * three members that OpenID Connect Discovery 1.0 section 3 adds. This server issues no ID token: it has no `openid` scope.
 */
export const openIdConfiguration = documentHandler(services => json(200, {
  ...metadata(services),
  jwks_uri: `${services.config.issuer}/.well-known/jwks.json`,
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
}, cacheable))

/** The key set that `openid-configuration` must link to. HS256 has no public keys, so it is empty. */
export const jwks = documentHandler(() => json(200, { keys: [] }, cacheable))

function metadata(services: Services) {
  const { issuer } = services.config
  const methods = authenticationMethods(services)
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    registration_endpoint: `${issuer}/oauth/register`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    // MCP 2026-07-28 basic/authorization, Refresh Tokens: only the authorization server lists offline_access.
    scopes_supported: [...supportedScopes, 'offline_access'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [...services.grants.keys()],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    introspection_endpoint_auth_methods_supported: methods.filter(method => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    dpop_signing_alg_values_supported: services.proofOfPossession.algorithms,
    service_documentation: `${issuer}/docs`,
  }
}
