/**
 * Every endpoint, on one screen. Start here: pick a row and read its file from the top.
 *
 * A handler checks its rules in the order of the specification, one per line. `context.check(rule, condition, received,
 * expected)` throws the error of the rule if the condition is false (`base/rules/rule.ts`).
 *
 * If SERVER_URL has a path, all routes are below it. The well-known URIs then work in both forms, inserted and appended.
 */
import { limited } from './app/limited-handler.ts'
import type { Limited } from './base/store/rate-limits.ts'
import type { Handler, RouteDescription } from './core/context/context.ts'
import { directPath, initializeWithoutToken, mcp } from './core/mcp/endpoint.ts'
import { protectedResourceMetadata } from './core/mcp/protected-resource-metadata.ts'
import { authorize } from './core/oauth/authorize.ts'
import { authorizationServerMetadata, jwks, openIdConfiguration } from './core/oauth/metadata.ts'
import { register } from './core/oauth/register.ts'
import { token } from './core/oauth/token.ts'
import { decide } from './core/user/consent.ts'
import { introspect } from './extensions/introspect.ts'
import { deleteRegistration, readRegistration, updateRegistration } from './extensions/registration-management.ts'
import { revoke } from './extensions/revoke.ts'
import { maxFlowFile } from './flow/flow-file.ts'
import { docs } from './pages/docs.ts'
import { explainAll } from './pages/explain/explain-all.ts'
import { explain } from './pages/explain/explain.ts'
import { source, sourceIndex } from './pages/explain/source.ts'
import { flowEvents } from './pages/flow/flow-events.ts'
import { flow, flows, openFlow } from './pages/flow/flow.ts'
import { health } from './pages/health.ts'
import { home } from './pages/home.ts'
import { openApi } from './pages/openapi.ts'
import { account, changeAccount } from './user/account.ts'
import { signIn, signInPage, signOut } from './user/sign-in.ts'

export interface Route extends RouteDescription {
  readonly handler: Handler
  /** `program`: any client, with CORS. `resource`: MCP clients, from allowed origins. `browser`: people, so there is no CORS. */
  readonly caller: 'program' | 'resource' | 'browser'
  /** In bytes. The default depends on `caller`. */
  readonly bodyLimit?: number
}

export const routes: readonly Route[] = [
  row('GET',    '/.well-known/oauth-protected-resource',     protectedResourceMetadata,   'program',  'RFC 9728 section 3'),
  row('GET',    '/.well-known/oauth-protected-resource/mcp', protectedResourceMetadata,   'program',  'RFC 9728 section 3.1'),
  row('GET',    '/.well-known/oauth-authorization-server',   authorizationServerMetadata, 'program',  'RFC 8414 section 3'),
  row('GET',    '/.well-known/openid-configuration',         openIdConfiguration,         'program',  'RFC 8414 section 5'),
  row('GET',    '/.well-known/jwks.json',                    jwks,                        'program',  'RFC 7517 section 5'),

  row('POST',   '/oauth/register',                           register,                    'program',  'RFC 7591 section 3', { rate: 'registrations' }),
  row('GET',    '/oauth/register/:client_id',                readRegistration,            'program',  'RFC 7592 section 2.1', { rate: 'refusals' }),
  row('PUT',    '/oauth/register/:client_id',                updateRegistration,          'program',  'RFC 7592 section 2.2', { rate: 'refusals' }),
  row('DELETE', '/oauth/register/:client_id',                deleteRegistration,          'program',  'RFC 7592 section 2.3', { rate: 'refusals' }),
  row('GET',    '/oauth/authorize',                          authorize,                   'browser',  'OAuth 2.1 section 4.1.1', { rate: 'authorizations' }),
  row('POST',   '/oauth/consent',                            decide,                      'browser',  'OAuth 2.1 section 4.1.2'),
  row('POST',   '/oauth/token',                              token,                       'program',  'OAuth 2.1 section 3.2', { rate: 'refusals' }),
  row('POST',   '/oauth/revoke',                             revoke,                      'program',  'RFC 7009 section 2', { rate: 'refusals' }),
  row('POST',   '/oauth/introspect',                         introspect,                  'program',  'RFC 7662 section 2', { rate: 'refusals' }),

  row('GET',    '/sign-in',                                  signInPage,                  'browser',  'OpenID Connect Core 1.0 section 3.1.2.3'),
  row('POST',   '/sign-in',                                  signIn,                      'browser',  'OpenID Connect Core 1.0 section 3.1.2.3'),
  row('POST',   '/sign-out',                                 signOut,                     'browser',  'Ends the browser session'),
  row('GET',    '/account',                                  account,                     'browser',  'The apps that the user allowed'),
  row('POST',   '/account',                                  changeAccount,               'browser',  'Revocation by the user'),

  row('*',      '/mcp',                                      mcp,                         'resource', 'MCP 2026-07-28 basic/transports/streamable-http'),
  row('POST',   '/mcp/initialize',                           initializeWithoutToken,      'resource', 'MCP 2025-11-25 basic/lifecycle'),
  row('POST',   '/mcp/tools/list',                           directPath('tools/list'),    'resource', 'MCP 2026-07-28 server/tools, Listing Tools'),
  row('POST',   '/mcp/tools/call',                           directPath('tools/call'),    'resource', 'MCP 2026-07-28 server/tools, Calling Tools'),

  row('GET',    '/',                                         home,                        'browser',  'The home page'),
  row('GET',    '/health',                                   health,                      'program',  'Liveness and current usage'),
  row('GET',    '/docs',                                     docs,                        'browser',  'This table, with the parameters'),
  row('GET',    '/openapi.json',                             openApi,                     'program',  'OpenAPI 3.1'),
  row('GET',    '/explain',                                  explainAll,                  'browser',  'Every rule'),
  row('GET',    '/explain/:rule',                            explain,                     'browser',  'RFC 6749 section 5.2, error_uri'),
  row('GET',    '/source',                                   sourceIndex,                 'browser',  'The source of this program'),
  row('GET',    '/source/:path*',                            source,                      'browser',  'One source file, with its comments in the margin'),
  row('GET',    '/flow',                                     flows,                       'browser',  'Recorded flows; with DEBUG only, from this machine'),
  row('GET',    '/flow/:flow',                               flow,                        'browser',  'A flow as a sequence diagram'),
  row('GET',    '/flow/events',                              flowEvents,                  'browser',  'WHATWG HTML section 9.2, server-sent events'),
  row('POST',   '/flow/open',                                openFlow,                    'browser',  'Shows a saved flow', { body: maxFlowFile }),
]

interface RouteLimits {
  /** What counts against the limit per address and minute. */
  readonly rate?: Limited
  /** In bytes, if it is not the default of `caller`. */
  readonly body?: number
}

function row(
  method: string, path: string, handler: Handler, caller: Route['caller'], specification: string,
  { rate, body }: RouteLimits = {},
): Route {
  const bodyLimit = body === undefined ? {} : { bodyLimit: body }
  return { method, path, handler: rate ? limited(rate, handler) : handler, caller, specification, ...bodyLimit }
}
