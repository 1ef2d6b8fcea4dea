/**
 * Discovery: from the 401 of an MCP server to the metadata of its authorization server
 * (RFC 9728, RFC 8414, MCP 2026-07-28 basic/authorization/authorization-server-discovery).
 */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { readJsonObject, send, type HttpResponse } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import { isJsonType } from '../../base/http/message.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { parseScope, unionOfScopes } from '../../base/protocol/scope.ts'
import { nearestMiss } from '../../base/rules/nearest-miss.ts'
import {
  authorizationServerIsNamed, issuerIsIdentical, metadataIsComplete, pkceIsAdvertised, resourceMetadataMatches,
} from '../rules/client.ts'
import { checkEndpoint } from './endpoint.ts'

/** What the MCP server says about itself (RFC 9728 section 2). */
export interface ProtectedResource {
  /** The resource identifier, which the client sends without any change (RFC 8707 section 2). */
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported: readonly string[] | undefined
}

/** The members of authorization server metadata that the client uses (RFC 8414 section 2). */
export interface AuthorizationServer {
  readonly issuer: string
  /** Absent if the server only has grants without a user. */
  readonly authorization_endpoint: string | undefined
  readonly token_endpoint: string
  readonly code_challenge_methods_supported: readonly string[] | undefined
  readonly registration_endpoint: string | undefined
  readonly revocation_endpoint: string | undefined
  readonly scopes_supported: readonly string[]
  readonly grant_types_supported: readonly string[] | undefined
  readonly token_endpoint_auth_methods_supported: readonly string[]
  readonly client_id_metadata_document_supported: boolean
  readonly authorization_response_iss_parameter_supported: boolean
}

/**
 * Finds the protected resource metadata: at the URL that the challenge names, otherwise at the well-known URIs.
 * Undefined if there is none, as with servers of revision 2025-03-26.
 */
export async function discoverResource(
  serverUrl: string, resource_metadata: string | undefined, trace: Trace,
): Promise<ProtectedResource | undefined> {
  trace.step('Read the protected resource metadata', 'RFC 9728 section 3.1')
  if (resource_metadata !== undefined) checkEndpoint(resource_metadata, serverUrl, trace)
  const urls = resource_metadata === undefined ? wellKnownOfResource(serverUrl) : [resource_metadata]
  const response = await firstDocument(urls, trace)
  if (!response) return undefined
  const metadata = readJsonObject(response, trace)
  const { resource, authorization_servers } = metadata
  trace.check(resourceMetadataMatches, typeof resource === 'string' && covers(resource, serverUrl), resource, serverUrl)
  trace.check(authorizationServerIsNamed, isStringList(authorization_servers) && authorization_servers.length > 0)
  trace.note(`resource ${resource}, authorization server ${authorization_servers[0]}`)
  noteDifference(resource, serverUrl, trace)
  return { resource, authorization_servers, scopes_supported: stringList(metadata, 'scopes_supported') }
}

/** Finds the metadata of the authorization server `issuer`, which the metadata of the resource at `namedBy` names. */
export async function discoverAuthorizationServer(issuer: string, namedBy: string, trace: Trace): Promise<AuthorizationServer> {
  trace.step('Read the authorization server metadata', 'RFC 8414 section 3.1')
  checkEndpoint(issuer, namedBy, trace)
  const urls = wellKnownOfIssuer(issuer)
  const response = await firstDocument(urls, trace)
  if (response) return readServerMetadata(readJsonObject(response, trace), issuer, trace)
  throw new ClientError(`no authorization server metadata for ${issuer}; tried ${urls.join(', ')}`, exitCodes.unreachable, {
    remedy: 'Serve the metadata at one of these URLs, as application/json.',
  })
}

/** Validates the metadata that was read for `issuer`. */
export function readServerMetadata(metadata: JsonObject, issuer: string, trace: Trace): AuthorizationServer {
  trace.check(issuerIsIdentical, metadata['issuer'] === issuer, metadata['issuer'], issuer)
  const endpoint = (name: string): string | undefined => {
    const url = metadata[name] ?? undefined
    if (url !== undefined) checkEndpoint(url, issuer, trace)
    return url
  }
  const authorization_endpoint = endpoint('authorization_endpoint')
  const token_endpoint = endpoint('token_endpoint')
  trace.check(metadataIsComplete, token_endpoint !== undefined, undefined, 'token_endpoint')
  trace.note(`authorization endpoint ${authorization_endpoint ?? 'none'}, token endpoint ${token_endpoint}`)
  return {
    issuer,
    authorization_endpoint,
    token_endpoint,
    code_challenge_methods_supported: stringList(metadata, 'code_challenge_methods_supported'),
    registration_endpoint: endpoint('registration_endpoint'),
    revocation_endpoint: endpoint('revocation_endpoint'),
    scopes_supported: stringList(metadata, 'scopes_supported') ?? [],
    grant_types_supported: stringList(metadata, 'grant_types_supported'),
    // RFC 8414 section 2: without a list the server supports client_secret_basic.
    token_endpoint_auth_methods_supported:
      stringList(metadata, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic'],
    client_id_metadata_document_supported: metadata['client_id_metadata_document_supported'] === true,
    authorization_response_iss_parameter_supported: metadata['authorization_response_iss_parameter_supported'] === true,
  }
}

/** Checks that the server supports the authorization code grant with PKCE, and returns the authorization endpoint. */
export function checkCodeGrantSupport(server: AuthorizationServer, trace: Trace): string {
  const { authorization_endpoint, code_challenge_methods_supported: methods } = server
  trace.check(metadataIsComplete, authorization_endpoint !== undefined, undefined, 'authorization_endpoint')
  trace.check(pkceIsAdvertised, methods?.includes('S256'), methods)
  return authorization_endpoint
}

/** The scopes to request first (MCP 2026-07-28 basic/authorization, Scope Selection Strategy). */
export function selectInitialScopes(
  challenged: string | undefined, resource: ProtectedResource | undefined, server: AuthorizationServer,
): readonly string[] {
  const scopes = challenged === undefined ? resource?.scopes_supported ?? [] : parseScope(challenged) ?? []
  // MCP 2026-07-28 basic/authorization, Refresh Tokens: some servers issue a refresh token only for offline_access.
  return server.scopes_supported.includes('offline_access') ? unionOfScopes(scopes, ['offline_access']) : scopes
}

/** RFC 9728 section 3.1: the suffix goes between host and path. MCP also allows the form at the root, which comes second. */
export function wellKnownOfResource(serverUrl: string): readonly string[] {
  const { origin, pathname, search } = new URL(serverUrl)
  const root = `${origin}/.well-known/oauth-protected-resource`
  return pathname === '/' ? [root] : [`${root}${pathname}${search}`, root]
}

/** MCP 2026-07-28, Authorization Server Metadata Discovery: the forms in their order of priority. */
export function wellKnownOfIssuer(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const inserted = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ]
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`]
}

/** The first of `urls` that answers 200 with JSON. The last one may send anything, so that the error can say what it was. */
export async function firstDocument(urls: readonly string[], trace: Trace): Promise<HttpResponse | undefined> {
  // MCP 2025-03-26 basic/authorization: the version header is part of discovery.
  const headers = { accept: 'application/json', 'mcp-protocol-version': '2026-07-28' }
  for (const url of urls) {
    const response = await send({ method: 'GET', url, headers }, trace)
    const type = response.headers.get('content-type') ?? 'no content type'
    if (response.status === 200 && (isJsonType(type) || url === urls.at(-1))) return response
    trace.note(`${url} answered ${response.status} with ${type}`)
  }
  return undefined
}

/**
 * Whether metadata of `resource` may be used for the server: the URLs are the same apart from a trailing slash, or the
 * resource is a parent on the same origin, because MCP allows metadata at the root. RFC 9728 section 3.3 is stricter.
 */
function covers(resource: string, serverUrl: string): boolean {
  if (resource === serverUrl) return true
  if (!URL.canParse(resource) || resource.includes('#')) return false
  const parent = new URL(resource)
  const server = new URL(serverUrl)
  const path = parent.pathname.replace(/\/$/, '')
  const isWithin = server.pathname === path || server.pathname.startsWith(`${path}/`)
  return isWithin && parent.origin === server.origin && parent.search === ''
}

/** Notes what stricter clients would refuse. A URL that parses to the same href, such as an origin with a slash, is the same. */
function noteDifference(resource: string, serverUrl: string, trace: Trace): void {
  if (new URL(resource).href === new URL(serverUrl).href) return
  const differences = nearestMiss(resource, [serverUrl])?.differences ?? []
  const details = differences.length === 0 ? '' : ` (${differences.join('; ')})`
  trace.note(`the resource is not identical to ${serverUrl}${details}: this client continues, but RFC 9728 section 3.3 requires `
    + 'an identical URL, and stricter clients refuse it')
}

function stringList(metadata: JsonObject, name: string): readonly string[] | undefined {
  const value = metadata[name]
  return isStringList(value) ? value : undefined
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
