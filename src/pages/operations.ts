/** What each endpoint does and which parameters it takes, as `/docs` and `/openapi.json` show it. */
import type { RouteDescription } from '../core/context/context.ts'

export interface Parameter {
  readonly name: string
  readonly required?: true
  readonly description: string
}

export interface Operation {
  readonly summary: string
  /** Sent in the body if there is a `mediaType`, otherwise in the query. */
  readonly parameters?: readonly Parameter[]
  readonly mediaType?: 'application/x-www-form-urlencoded' | 'application/json' | 'multipart/form-data'
  readonly security?: 'access token' | 'registration access token'
}

const form = 'application/x-www-form-urlencoded'

/** How a client authenticates, at every endpoint that asks for it. */
const client: readonly Parameter[] = [
  { name: 'client_id', description: 'Unless sent by HTTP Basic (RFC 6749 section 2.3.1)' },
  { name: 'client_secret', description: 'Only for client_secret_post' },
  { name: 'client_assertion', description: 'Only for private_key_jwt: a JWT signed with the key of the client (RFC 7523 section 2.2)' },
  { name: 'client_assertion_type', description: 'With client_assertion: urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
]

const metadata: readonly Parameter[] = [
  {
    name: 'redirect_uris',
    description: 'An array of https, http loopback or private-use URIs. Required for authorization_code',
  },
  { name: 'client_name', description: 'Shown on the consent page' },
  { name: 'token_endpoint_auth_method', description: 'none, client_secret_post, client_secret_basic or private_key_jwt' },
  { name: 'jwks', description: 'The public keys, for private_key_jwt' },
  { name: 'jwks_uri', description: 'The URL of the public keys, instead of jwks' },
  { name: 'dpop_bound_access_tokens', description: 'true if every token request carries a DPoP proof (RFC 9449 section 5.2)' },
  { name: 'grant_types', description: 'Default: authorization_code and refresh_token. Also supported: client_credentials' },
  { name: 'response_types', description: 'code' },
  { name: 'scope', description: 'The most that can be granted' },
  { name: 'application_type', description: 'native or web' },
]

const message: readonly Parameter[] = [
  { name: 'jsonrpc', required: true, description: '2.0' },
  { name: 'id', description: 'A string or an integer. Absent in a notification' },
  { name: 'method', required: true, description: 'For example tools/list' },
  { name: 'params', description: 'An object' },
]

const csrfToken: Parameter = { name: 'csrf_token', required: true, description: 'From the page' }
const returnTo: Parameter = { name: 'return_to', description: 'The page of this server to open next' }

const operations: Readonly<Record<string, Operation>> = {
  'GET /.well-known/oauth-protected-resource': { summary: 'Protected resource metadata' },
  'GET /.well-known/oauth-protected-resource/mcp': { summary: 'Protected resource metadata of /mcp' },
  'GET /.well-known/oauth-authorization-server': { summary: 'Authorization server metadata' },
  'GET /.well-known/openid-configuration': { summary: 'The same metadata, for clients that use OpenID Connect Discovery' },
  'GET /.well-known/jwks.json': { summary: 'An empty key set, because tokens are signed with HS256' },
  'POST /oauth/register': { summary: 'Register a client', parameters: metadata, mediaType: 'application/json' },
  'GET /oauth/register/:client_id': { summary: 'Read a registration', security: 'registration access token' },
  'PUT /oauth/register/:client_id': {
    summary: 'Replace a registration',
    parameters: [{ name: 'client_id', required: true, description: 'As registered' }, ...metadata],
    mediaType: 'application/json', security: 'registration access token',
  },
  'DELETE /oauth/register/:client_id': { summary: 'Delete a client and all its tokens', security: 'registration access token' },
  'GET /oauth/authorize': {
    summary: 'Ask the user for authorization, in a browser',
    parameters: [
      { name: 'response_type', required: true, description: 'code' },
      { name: 'client_id', required: true, description: 'From the registration, or the https URL of a metadata document' },
      { name: 'redirect_uri', description: 'A registered redirect URI. The port of a loopback URI may differ' },
      { name: 'code_challenge', required: true, description: 'BASE64URL(SHA256(code_verifier))' },
      { name: 'code_challenge_method', required: true, description: 'S256' },
      { name: 'state', description: 'Returned unchanged' },
      { name: 'scope', description: 'What the client wants to do' },
      { name: 'resource', description: 'The resource member of the protected resource metadata' },
      { name: 'prompt', description: 'none: show no page. login: sign in again. consent: ask again' },
      { name: 'login_hint', description: 'The user name to fill in on the sign-in page' },
      { name: 'dpop_jkt', description: 'The thumbprint of the key to bind the code to (RFC 9449 section 10)' },
    ],
  },
  'POST /oauth/consent': {
    summary: 'Submit the decision of the user, from the consent page', mediaType: form,
    parameters: [
      { name: 'consent_token', required: true, description: 'From the page' },
      { name: 'decision', description: 'approve. Any other value denies' },
      { name: 'scope.<scope>', description: 'One for each allowed scope, with any value' },
    ],
  },
  'GET /sign-in': { summary: 'The sign-in page', parameters: [returnTo] },
  'POST /sign-in': {
    summary: 'Sign in, from the sign-in page', mediaType: form,
    parameters: [
      csrfToken, returnTo, { name: 'username', required: true, description: 'The user name' },
      { name: 'password', description: 'Not needed by demo users' },
    ],
  },
  'POST /sign-out': { summary: 'Sign out, from a page', mediaType: form, parameters: [csrfToken, returnTo] },
  'GET /account': { summary: 'What the signed-in user has allowed' },
  'POST /account': {
    summary: 'Revoke access, from the account page', mediaType: form,
    parameters: [
      csrfToken, { name: 'client_id', description: 'The client that loses all access' },
      { name: 'grant_id', description: 'The one grant to revoke' },
    ],
  },
  'POST /oauth/token': {
    summary: 'Get tokens for a code, a refresh token, or the client itself. A DPoP header binds them to a key',
    mediaType: form,
    parameters: [
      { name: 'grant_type', required: true, description: 'authorization_code, refresh_token or client_credentials' },
      { name: 'code', description: 'For authorization_code' },
      { name: 'code_verifier', description: 'For authorization_code' },
      { name: 'redirect_uri', description: 'The same as in the authorization request' },
      { name: 'refresh_token', description: 'For refresh_token' },
      { name: 'scope', description: 'For refresh_token, to narrow the scope. For client_credentials' },
      { name: 'resource', description: 'The granted resource' },
      ...client,
    ],
  },
  'POST /oauth/revoke': {
    summary: 'Revoke a token', mediaType: form,
    parameters: [{ name: 'token', required: true, description: 'An access or refresh token of the client' }, ...client],
  },
  'POST /oauth/introspect': {
    summary: 'Find out whether a token is active', mediaType: form,
    parameters: [{ name: 'token', required: true, description: 'An access or refresh token of the client' }, ...client],
  },
  '* /mcp': {
    summary: 'The MCP endpoint: POST sends one JSON-RPC message, DELETE ends a session',
    parameters: message, mediaType: 'application/json', security: 'access token',
  },
  'POST /mcp/initialize': { summary: 'initialize, without a token', parameters: message, mediaType: 'application/json' },
  'POST /mcp/tools/list': { summary: 'tools/list', parameters: message, mediaType: 'application/json', security: 'access token' },
  'POST /mcp/tools/call': { summary: 'tools/call', parameters: message, mediaType: 'application/json', security: 'access token' },
  'GET /': { summary: 'The start page' },
  'GET /health': { summary: 'Liveness and current usage' },
  'GET /docs': { summary: 'This list of endpoints, as a page' },
  'GET /openapi.json': { summary: 'This list of endpoints, as an OpenAPI document' },
  'GET /explain': {
    summary: 'Every rule that this server enforces',
    parameters: [
      { name: 'q', description: 'Words to search for' },
      { name: 'by', description: 'specification: group by specification instead of by topic' },
    ],
  },
  'GET /explain/:rule': {
    summary: 'One rule, explained. error_uri links here',
    parameters: [{ name: 'trace', description: 'The id of the request that broke the rule, with DEBUG' }],
  },
  'GET /source': { summary: 'The annotated source' },
  'GET /source/:path*': { summary: 'One source file' },
  'GET /flow': { summary: 'The live flow, with DEBUG and on this machine only' },
  'GET /flow/:flow': {
    summary: 'One flow, with DEBUG and on this machine only',
    parameters: [{ name: 'as', description: 'file: download it to open it again. page: download it to share' }],
  },
  'GET /flow/events': {
    summary: 'The live flow, as server-sent events', parameters: [
      { name: 'flow', description: 'One flow instead of the newest' },
      { name: 'seen', description: 'What the page already shows' },
    ],
  },
  'POST /flow/open': {
    summary: 'Show a saved flow', mediaType: 'multipart/form-data',
    parameters: [{ name: 'file', required: true, description: 'The file' }],
  },
}

/** The operation of a route. A test ensures that every route has one. */
export function describeOperation({ method, path }: RouteDescription): Operation {
  return operations[`${method} ${path}`]!
}

/** The `operationId` in OpenAPI, and the fragment on `/docs`: `post-oauth-token`. */
export function operationId(method: string, path: string): string {
  const words = `${method === '*' ? 'any' : method} ${path}`.toLowerCase().match(/[a-z0-9]+/g)!
  return words.join('-')
}
