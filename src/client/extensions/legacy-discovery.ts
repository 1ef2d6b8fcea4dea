/**
 * Discovery as in MCP 2025-03-26, which has no protected resource metadata: the MCP server is its own authorization server
 * (MCP 2025-03-26 basic/authorization, Server Metadata Discovery).
 */
import { readJsonObject } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import { isJsonType } from '../../base/http/message.ts'
import { firstDocument, readServerMetadata, type AuthorizationServer } from '../../core/client/discovery.ts'

/** Reads the metadata at the root of the MCP server. If there is none, the endpoints have their default paths. */
export async function discoverLegacyServer(serverUrl: string, trace: Trace): Promise<AuthorizationServer> {
  trace.note('there is no protected resource metadata: the client continues as in MCP 2025-03-26. Newer clients may stop here. '
    + 'Serve the metadata (RFC 9728), and name its URL as resource_metadata in the challenge')
  const { origin } = new URL(serverUrl)
  const clause = 'MCP 2025-03-26 basic/authorization, Server Metadata Discovery'
  trace.step('Look for the authorization server at the MCP server itself', clause)
  const response = await firstDocument([`${origin}/.well-known/oauth-authorization-server`], trace)
  // A server without metadata may answer with a page, by a catch-all route.
  if (response && isJsonType(response.headers.get('content-type') ?? '')) {
    const metadata = readJsonObject(response, trace)
    // No document named the issuer. With or without a trailing slash it has this metadata URL (RFC 8414 section 3.1).
    const issuer = metadata['issuer'] === `${origin}/` ? `${origin}/` : origin
    return readServerMetadata(metadata, issuer, trace)
  }
  trace.note('there is no metadata: the client uses the default paths, and the server promises neither PKCE nor iss')
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    // Nothing advertises PKCE here, but revision 2025-03-26 requires it.
    code_challenge_methods_supported: ['S256'],
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: undefined,
    scopes_supported: [],
    grant_types_supported: undefined,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    client_id_metadata_document_supported: false,
    authorization_response_iss_parameter_supported: false,
  }
}
