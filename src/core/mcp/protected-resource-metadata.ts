/** Protected resource metadata (RFC 9728): tells clients which authorization server protects this MCP server. */
import { json } from '../../base/http/message.ts'
import { documentHandler } from '../context/document-handler.ts'
import { supportedScopes } from '../oauth/server-scope.ts'

/**
 * Served at both well-known URIs, with and without the path, because MCP clients may try either
 * (MCP 2026-07-28 basic/authorization, Protected Resource Metadata Discovery Requirements).
 */
export const protectedResourceMetadata = documentHandler(({ config, proofOfPossession }) => json(200, {
  resource: config.resource,
  authorization_servers: [config.issuer],
  scopes_supported: supportedScopes,
  bearer_methods_supported: ['header'],
  dpop_signing_alg_values_supported: proofOfPossession.algorithms,
  resource_name: config.serverName,
  resource_documentation: `${config.issuer}/docs`,
}, { 'cache-control': 'public, max-age=300' }))
