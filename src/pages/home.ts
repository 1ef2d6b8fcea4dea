/** `/`: what is where, for people as a page and for programs as JSON. */
import type { Config } from '../base/config/config.ts'
import type { Context, RouteDescription } from '../core/context/context.ts'
import { html } from '../base/ui/html.ts'
import { json, prefersHtml, type Reply, type Request } from '../base/http/message.ts'
import { pageReply } from '../base/ui/page.ts'
import { command, table } from '../base/ui/parts.ts'
import { connectionGuide } from './connect.ts'
import { operationId } from './openapi.ts'

/** What this server is, and where each thing of it is found. */
export function home(request: Request, { config, routes }: Context): Reply {
  return prefersHtml(request) ? homePage(config, routes) : json(200, describeServer(config, routes))
}

function describeServer(config: Config, routes: readonly RouteDescription[]): Record<string, unknown> {
  const { issuer, resource, serverName, serverVersion } = config
  return {
    name: serverName,
    version: serverVersion,
    resource,
    authorization_server_metadata: `${issuer}/.well-known/oauth-authorization-server`,
    protected_resource_metadata: `${issuer}/.well-known/oauth-protected-resource`,
    documentation: `${issuer}/docs`,
    endpoints: routes.map(({ method, path }) => `${method} ${path}`),
  }
}

function homePage(config: Config, routes: readonly RouteDescription[]): Reply {
  const { issuer, resource, serverName } = config
  const rows = routes.map(({ method, path, specification }) => [
    html`<a href="${issuer}/docs#${operationId(method, path)}"><code>${method} ${path}</code></a>`, specification,
  ])
  return pageReply(200, serverName, html`
<p class="lead">An OAuth 2.1 authorization server and an MCP server in one, to read, run and debug. An MCP client
needs one URL of it, <code>${resource}</code></p>
<ul class="cards">${places.filter(([path]) => path !== '/flow' || config.debug).map(([path, title, text]) => html`
<li class="card"><h2><a href="${issuer}${path}">${title}</a></h2><p>${text}</p></li>`)}
</ul>
<h2>Connect a client</h2>
<p>Each of these finds the rest by itself: it asks for the metadata, registers, and sends you here to sign in and to decide.</p>
${connectionGuide(config)}
<h2>Ask it yourself</h2>
<p>Without a token the server says where to get one:</p>
${command(`curl -i ${resource}`)}
<h2>Endpoints</h2>
${table('Endpoints', ['Endpoint', 'Specification'], rows)}`, { site: config, path: '/' })
}

/** The live flow is there with `DEBUG` alone. */
const places = [
  ['/flow', 'Live flow', 'Watch a client and both servers speak, message by message, and see why the server decided as it did.'],
  ['/explain', 'Rules', 'Every rule that is enforced here, with its clause, its reason, and what to do when it is broken.'],
  ['/source', 'Source', 'The code that answers you, its comments beside it, each citation and each rule a link.'],
  ['/docs', 'Endpoints', 'Each endpoint with its parameters, and the same as an OpenAPI document.'],
  ['/account', 'Your account', 'Sign in, see which applications act in your name, and take that back.'],
  ['/health', 'Health', 'Whether the server runs, and how full it is.'],
] as const
