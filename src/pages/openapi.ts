/** `/openapi.json`: the route table as an OpenAPI 3.1 document. */
import type { RouteDescription, Services } from '../core/context/context.ts'
import { documentHandler } from '../core/context/document-handler.ts'
import { json } from '../base/http/message.ts'

interface Parameter {
  readonly name: string
  readonly required?: true
  readonly description: string
}

interface Operation {
  readonly summary: string
  /** Of the query for GET, of the form or the JSON body else. */
  readonly parameters?: readonly Parameter[]
  readonly mediaType?: 'application/x-www-form-urlencoded' | 'application/json' | 'multipart/form-data'
  readonly security?: 'access token' | 'registration access token'
}

const form = 'application/x-www-form-urlencoded'

/** How a client authenticates, which several endpoints ask for. */
const client: readonly Parameter[] = [
  { name: 'client_id', description: 'Unless sent by Basic (RFC 6749 section 2.3.1)' },
  { name: 'client_secret', description: 'With client_secret_post only' },
  { name: 'client_assertion', description: 'With private_key_jwt only: a JWT by the key of the client (RFC 7523 section 2.2)' },
  { name: 'client_assertion_type', description: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer, with client_assertion' },
]

const metadata: readonly Parameter[] = [
  {
    name: 'redirect_uris',
    description: 'An array; https, http loopback or a private-use scheme. Required with authorization_code',
  },
  { name: 'client_name', description: 'Shown on the consent page' },
  { name: 'token_endpoint_auth_method', description: 'none, client_secret_post, client_secret_basic or private_key_jwt' },
  { name: 'jwks', description: 'The public keys, with private_key_jwt' },
  { name: 'jwks_uri', description: 'Where the public keys are, in the place of jwks' },
  { name: 'dpop_bound_access_tokens', description: 'true: every token request comes with a DPoP proof (RFC 9449 section 5.2)' },
  { name: 'grant_types', description: 'authorization_code and refresh_token unless given; client_credentials' },
  { name: 'response_types', description: 'code' },
  { name: 'scope', description: 'The upper bound of what can be granted' },
  { name: 'application_type', description: 'native or web' },
]

const message: readonly Parameter[] = [
  { name: 'jsonrpc', required: true, description: '2.0' },
  { name: 'id', description: 'A string or an integer; absent in a notification' },
  { name: 'method', required: true, description: 'Such as tools/list' },
  { name: 'params', description: 'An object' },
]

const csrfToken: Parameter = { name: 'csrf_token', required: true, description: 'From the page' }
const returnTo: Parameter = { name: 'return_to', description: 'The page of this server to go to afterwards' }

const operations: Readonly<Record<string, Operation>> = {
  'GET /.well-known/oauth-protected-resource': { summary: 'Protected resource metadata' },
  'GET /.well-known/oauth-protected-resource/mcp': { summary: 'Protected resource metadata of /mcp' },
  'GET /.well-known/oauth-authorization-server': { summary: 'Authorization server metadata' },
  'GET /.well-known/openid-configuration': { summary: 'The same, for clients that look for OpenID Connect' },
  'GET /.well-known/jwks.json': { summary: 'An empty key set: tokens are signed with HS256' },
  'POST /oauth/register': { summary: 'Register a client', parameters: metadata, mediaType: 'application/json' },
  'GET /oauth/register/:client_id': { summary: 'Read a registration', security: 'registration access token' },
  'PUT /oauth/register/:client_id': {
    summary: 'Replace a registration',
    parameters: [{ name: 'client_id', required: true, description: 'As registered' }, ...metadata],
    mediaType: 'application/json', security: 'registration access token',
  },
  'DELETE /oauth/register/:client_id': { summary: 'Delete a client with all its tokens', security: 'registration access token' },
  'GET /oauth/authorize': {
    summary: 'Ask the user; a browser goes here',
    parameters: [
      { name: 'response_type', required: true, description: 'code' },
      { name: 'client_id', required: true, description: 'From the registration, or the https URL of a metadata document' },
      { name: 'redirect_uri', description: 'One that is registered; the port of a loopback one may differ' },
      { name: 'code_challenge', required: true, description: 'BASE64URL(SHA256(code_verifier))' },
      { name: 'code_challenge_method', required: true, description: 'S256' },
      { name: 'state', description: 'Comes back as it is' },
      { name: 'scope', description: 'What the client wants to do' },
      { name: 'resource', description: 'The resource of the protected resource metadata' },
      { name: 'prompt', description: 'none: do not ask the user; login: sign in again; consent: ask again' },
      { name: 'login_hint', description: 'The user name, for the sign-in page' },
      { name: 'dpop_jkt', description: 'The thumbprint of the key that the code is bound to (RFC 9449 section 10)' },
    ],
  },
  'POST /oauth/consent': {
    summary: 'The decision of the user, from the consent page', mediaType: form,
    parameters: [
      { name: 'consent_token', required: true, description: 'From the page' },
      { name: 'decision', description: 'approve; anything else denies' },
      { name: 'scope.<scope>', description: 'Each scope that is allowed, whatever its value' },
    ],
  },
  'GET /sign-in': { summary: 'The sign-in page', parameters: [returnTo] },
  'POST /sign-in': {
    summary: 'Sign in, from the page', mediaType: form,
    parameters: [
      csrfToken, returnTo, { name: 'username', required: true, description: 'Whose password it is' },
      { name: 'password', description: 'Unless it is a demonstration user' },
    ],
  },
  'POST /sign-out': { summary: 'Sign out, from a page', mediaType: form, parameters: [csrfToken, returnTo] },
  'GET /account': { summary: 'What the signed-in user allowed' },
  'POST /account': {
    summary: 'Take it back, from the page', mediaType: form,
    parameters: [
      csrfToken, { name: 'client_id', description: 'The client that loses everything' },
      { name: 'grant_id', description: 'The one grant that ends' },
    ],
  },
  'POST /oauth/token': {
    summary: 'Exchange a code, refresh, or get a token for the client itself; with a DPoP header, one that is bound to a key',
    mediaType: form,
    parameters: [
      { name: 'grant_type', required: true, description: 'authorization_code, refresh_token or client_credentials' },
      { name: 'code', description: 'With authorization_code' },
      { name: 'code_verifier', description: 'With authorization_code' },
      { name: 'redirect_uri', description: 'As in the authorization request' },
      { name: 'refresh_token', description: 'With refresh_token' },
      { name: 'scope', description: 'With refresh_token, to narrow; with client_credentials' },
      { name: 'resource', description: 'The granted resource' },
      ...client,
    ],
  },
  'POST /oauth/revoke': {
    summary: 'Revoke a token', mediaType: form,
    parameters: [{ name: 'token', required: true, description: 'An access or refresh token of the client' }, ...client],
  },
  'POST /oauth/introspect': {
    summary: 'Tell whether a token is active', mediaType: form,
    parameters: [{ name: 'token', required: true, description: 'An access or refresh token of the client' }, ...client],
  },
  '* /mcp': {
    summary: 'The MCP endpoint: one JSON-RPC message a POST; DELETE ends a session',
    parameters: message, mediaType: 'application/json', security: 'access token',
  },
  'POST /mcp/initialize': { summary: 'initialize, without a token', parameters: message, mediaType: 'application/json' },
  'POST /mcp/tools/list': { summary: 'tools/list', parameters: message, mediaType: 'application/json', security: 'access token' },
  'POST /mcp/tools/call': { summary: 'tools/call', parameters: message, mediaType: 'application/json', security: 'access token' },
  'GET /': { summary: 'What is where' },
  'GET /health': { summary: 'Whether the server runs' },
  'GET /docs': { summary: 'This document as a page' },
  'GET /openapi.json': { summary: 'This document' },
  'GET /explain': {
    summary: 'Every rule that is enforced',
    parameters: [
      { name: 'q', description: 'What to look for' },
      { name: 'by', description: 'specification: grouped by it instead of by role' },
    ],
  },
  'GET /explain/:rule': {
    summary: 'One rule: what error_uri leads to',
    parameters: [{ name: 'trace', description: 'The request that broke it, with DEBUG' }],
  },
  'GET /source': { summary: 'The annotated source' },
  'GET /source/:path*': { summary: 'One file of the source' },
  'GET /flow': { summary: 'The live flow; with DEBUG and on this machine only' },
  'GET /flow/:flow': {
    summary: 'One flow; with DEBUG and on this machine only',
    parameters: [{ name: 'as', description: 'file: to save it; page: to hand it on' }],
  },
  'GET /flow/events': {
    summary: 'What happens, as server-sent events', parameters: [
      { name: 'flow', description: 'One flow instead of the newest' },
      { name: 'seen', description: 'What the page shows already' },
    ],
  },
  'POST /flow/open': {
    summary: 'Show a flow that was saved', mediaType: 'multipart/form-data',
    parameters: [{ name: 'file', required: true, description: 'The file' }],
  },
}

/** The operation of a route; every route has one, which a test holds. */
export function describeOperation({ method, path }: RouteDescription): Operation {
  return operations[`${method} ${path}`]!
}

/** The name of an operation, which is its place on `/docs` as well: `post-oauth-token`. */
export function operationId(method: string, path: string): string {
  const words = `${method === '*' ? 'any' : method} ${path}`.toLowerCase().match(/[a-z0-9]+/g)!
  return words.join('-')
}

/** The document, which is made once. */
export const openApi = documentHandler(services => json(200, openApiDocument(services)))

function openApiDocument({ config, routes }: Services) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)\*?/, '{$1}')
    const methods = route.method === '*' ? ['post', 'delete'] : [route.method.toLowerCase()]
    for (const method of methods) paths[path] = { ...paths[path], [method]: operationObject(route, method) }
  }
  return {
    openapi: '3.1.0',
    info: { title: config.serverName, version: config.serverVersion },
    servers: [{ url: config.issuer }],
    paths,
    components: {
      securitySchemes: {
        'access token': { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        'registration access token': { type: 'http', scheme: 'bearer' },
      },
    },
  }
}

function operationObject(route: RouteDescription, method: string): Record<string, unknown> {
  const { summary, parameters = [], mediaType, security } = describeOperation(route)
  const schema = { type: 'string' }
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema }))
  const inQuery = mediaType ? [] : parameters.map(({ name, required, description }) => (
    { name, in: 'query', required: required === true, description, schema }))
  const requestBody = mediaType && method !== 'delete'
    ? { required: true, content: { [mediaType]: { schema: bodySchema(parameters) } } } : undefined
  return {
    operationId: operationId(method, route.path),
    summary,
    description: route.specification,
    parameters: [...inPath, ...inQuery],
    ...(requestBody ? { requestBody } : {}),
    ...(security ? { security: [{ [security]: [] }] } : {}),
    responses: { default: { description: `See ${route.specification}` } },
  }
}

function bodySchema(parameters: readonly Parameter[]): Record<string, unknown> {
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, description }) => [name, { description }])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  }
}
