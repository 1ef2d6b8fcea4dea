/**
 * Discovery: from the 401 of an MCP server to the metadata of its authorization server
 * (RFC 9728, RFC 8414, MCP 2026-07-28 basic/authorization/authorization-server-discovery).
 */
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { readJsonObject, send, type HttpResponse } from '../../base/client/http.ts'
import type { Trace } from '../../base/client/trace.ts'
import { isJsonType } from '../../base/http/message.ts'
import type { JsonObject } from '../../base/protocol/json.ts'
import { parseScope } from '../../base/protocol/scope.ts'
import { nearestMiss } from '../../base/rules/nearest-miss.ts'
import {
  authorizationServerIsNamed, issuerIsIdentical, metadataIsComplete, pkceIsAdvertised, resourceMetadataMatches,
} from '../rules/client.ts'
import { checkEndpoint } from './endpoint.ts'

/** What the MCP server says of itself. */
export interface ProtectedResource {
  /** The resource identifier, verbatim: it is sent as it stands (RFC 8707 section 2). */
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported: readonly string[] | undefined
}

/** The members of authorization server metadata that the client uses. */
export interface AuthorizationServer {
  readonly issuer: string
  /** Absent where the server has only grants without a user. */
  readonly authorization_endpoint: string | undefined
  readonly token_endpoint: string
  readonly code_challenge_methods_supported: readonly string[] | undefined
  readonly registration_endpoint: string | undefined
  readonly revocation_endpoint: string | undefined
  readonly scopes_supported: readonly string[]
  readonly grant_types_supported: readonly string[] | undefined
  /** Absent means client_secret_basic (RFC 8414 section 2). */
  readonly token_endpoint_auth_methods_supported: readonly string[]
  readonly client_id_metadata_document_supported: boolean
  readonly authorization_response_iss_parameter_supported: boolean
}

const clauses = {
  resource: 'RFC 9728 section 3.1',
  server: 'RFC 8414 section 3.1',
}

/**
 * Finds the protected resource metadata: at the URL of the challenge where it names one, else at the well-known URIs,
 * the one with the path of the server first. Undefined where there is none, as with servers of 2025-03-26.
 */
export async function discoverResource(
  serverUrl: string, resource_metadata: string | undefined, trace: Trace,
): Promise<ProtectedResource | undefined> {
  trace.step('Read the protected resource metadata', clauses.resource)
  const urls = resource_metadata === undefined ? wellKnownOfResource(serverUrl) : [resource_metadata]
  if (resource_metadata !== undefined) checkEndpoint(resource_metadata, serverUrl, trace)
  const response = await firstJson(urls, trace)
  if (!response) return undefined
  const metadata = readJsonObject(response, trace)
  const { resource, authorization_servers } = metadata
  trace.check(resourceMetadataMatches, typeof resource === 'string' && covers(resource, serverUrl), resource, serverUrl)
  trace.check(authorizationServerIsNamed, isStringList(authorization_servers) && authorization_servers.length > 0)
  trace.note(`resource ${resource}, authorization server ${authorization_servers[0]}`)
  if (!isSameUrl(resource, serverUrl)) trace.note(differenceNote(resource, serverUrl))
  return { resource, authorization_servers, scopes_supported: stringList(metadata, 'scopes_supported') }
}

/** Finds the metadata of the authorization server that the resource names. */
export async function discoverAuthorizationServer(issuer: string, namedBy: string, trace: Trace): Promise<AuthorizationServer> {
  trace.step('Read the authorization server metadata', clauses.server)
  checkEndpoint(issuer, namedBy, trace)
  const urls = wellKnownOfIssuer(issuer)
  const response = await firstJson(urls, trace)
  if (!response) {
    const problem = `no authorization server metadata found for ${issuer}; tried ${urls.join(', ')}`
    throw new ClientError(problem, exitCodes.unreachable, {
      remedy: 'Serve the metadata at one of these URLs, as application/json.',
    })
  }
  return readMetadata(readJsonObject(response, trace), issuer, trace)
}

/**
 * The authorization server of an MCP server of revision 2025-03-26, which has no protected resource metadata: the
 * metadata stands at the root of the MCP server, or the endpoints have their default paths
 * (MCP 2025-03-26 basic/authorization, Server Metadata Discovery).
 */
export async function discoverLegacyAuthorizationServer(serverUrl: string, trace: Trace): Promise<AuthorizationServer> {
  const base = new URL(serverUrl).origin
  const clause = 'MCP 2025-03-26 basic/authorization, Server Metadata Discovery'
  trace.step('Look for the authorization server at the MCP server itself', clause)
  const response = await firstJson([`${base}/.well-known/oauth-authorization-server`], trace)
  // A page there is a catch-all route of a server that has no metadata.
  if (response && isJsonType(response.headers.get('content-type') ?? '')) {
    const metadata = readJsonObject(response, trace)
    // No document has named the issuer, and one that ends in a slash has the same URL (RFC 8414 section 3.1).
    return readMetadata(metadata, metadata['issuer'] === `${base}/` ? `${base}/` : base, trace)
  }
  trace.note('there is no metadata: the default paths are used, which promise neither PKCE nor iss')
  return {
    issuer: base,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    // Nothing announces PKCE here, and revision 2025-03-26 requires it.
    code_challenge_methods_supported: ['S256'],
    registration_endpoint: `${base}/register`,
    revocation_endpoint: undefined,
    scopes_supported: [],
    grant_types_supported: undefined,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    client_id_metadata_document_supported: false,
    authorization_response_iss_parameter_supported: false,
  }
}

function readMetadata(metadata: JsonObject, issuer: string, trace: Trace): AuthorizationServer {
  trace.check(issuerIsIdentical, metadata['issuer'] === issuer, metadata['issuer'], issuer)
  const endpoint = (name: string): string | undefined => {
    const url = metadata[name]
    if (url === undefined || url === null) return undefined
    checkEndpoint(url, issuer, trace)
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
    token_endpoint_auth_methods_supported:
      stringList(metadata, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic'],
    client_id_metadata_document_supported: metadata['client_id_metadata_document_supported'] === true,
    authorization_response_iss_parameter_supported: metadata['authorization_response_iss_parameter_supported'] === true,
  }
}

/** Checks that the server has the authorization code grant with PKCE, and returns where it begins. */
export function checkCodeGrantSupport(server: AuthorizationServer, trace: Trace): string {
  const { authorization_endpoint, code_challenge_methods_supported: methods } = server
  trace.check(metadataIsComplete, authorization_endpoint !== undefined, undefined, 'authorization_endpoint')
  trace.check(pkceIsAdvertised, methods?.includes('S256'), methods)
  return authorization_endpoint
}

/** RFC 9728 section 3.1: the suffix between host and path; the root form follows where the server has a path. */
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

/** The first of `urls` that answers 200; what the others answered is noted. */
async function firstJson(urls: readonly string[], trace: Trace): Promise<HttpResponse | undefined> {
  for (const url of urls) {
    // MCP 2025-03-26 basic/authorization: the version header goes with the discovery.
    const headers = { accept: 'application/json', 'mcp-protocol-version': '2026-07-28' }
    const response = await send({ method: 'GET', url, headers }, trace)
    const type = response.headers.get('content-type') ?? 'no content type'
    if (response.status === 200 && (isJsonType(type) || url === urls.at(-1))) return response
    trace.note(`${url} answered ${response.status} with ${type}`)
  }
  return undefined
}

/**
 * Whether metadata that speaks of `resource` may be used for the server: it is the same URL, but for a slash at the end,
 * or, as MCP allows the metadata to stand at the root, a parent of it on the same origin. RFC 9728 section 3.3 is stricter.
 */
function covers(resource: string, serverUrl: string): boolean {
  if (resource === serverUrl) return true
  if (!URL.canParse(resource) || resource.includes('#')) return false
  const parent = new URL(resource)
  const server = new URL(serverUrl)
  const path = parent.pathname.replace(/\/$/, '')
  const within = server.pathname === path || server.pathname.startsWith(`${path}/`)
  return parent.origin === server.origin && parent.search === '' && within
}

/** The slash of an origin and the case of a scheme make no other URL. */
function isSameUrl(resource: string, serverUrl: string): boolean {
  return new URL(resource).href === new URL(serverUrl).href
}

function differenceNote(resource: string, serverUrl: string): string {
  const differences = nearestMiss(resource, [serverUrl])?.differences ?? []
  const what = differences.length === 0 ? '' : ` (${differences.join('; ')})`
  return `the resource is not identical to ${serverUrl}${what}: this client goes on, but RFC 9728 section 3.3 wants the two `
    + 'identical, and stricter clients refuse it'
}

function stringList(metadata: JsonObject, name: string): readonly string[] | undefined {
  const value = metadata[name]
  return isStringList(value) ? value : undefined
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

/** The scopes to ask for first (MCP 2026-07-28 basic/authorization, Scope Selection Strategy). */
export function selectInitialScopes(
  challenged: string | undefined, resource: ProtectedResource | undefined, server: AuthorizationServer,
): readonly string[] {
  const scopes = challenged === undefined ? resource?.scopes_supported ?? [] : parseScope(challenged) ?? []
  // MCP 2026-07-28 basic/authorization, Refresh Tokens: where the authorization server has offline_access, ask for it.
  return server.scopes_supported.includes('offline_access') && !scopes.includes('offline_access')
    ? [...scopes, 'offline_access'] : scopes
}
