/** `/`: how to connect, and where to look inside. A page for people, JSON for programs. */
import type { Config } from '../base/config/config.ts'
import type { Context, RouteDescription } from '../core/context/context.ts'
import { html } from '../base/ui/html.ts'
import { json, prefersHtml, type Reply, type Request } from '../base/http/message.ts'
import { pageReply } from '../base/ui/page.ts'
import { command } from '../base/ui/parts.ts'
import { connectionGuide } from './connect.ts'

export function home(request: Request, { config, routes }: Context): Reply {
  return prefersHtml(request) ? homePage(config) : json(200, describeServer(config, routes))
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

function homePage(config: Config): Reply {
  const { issuer, resource, serverName, debug } = config
  const shown = places.filter(([path]) => path !== '/flow' || debug)
  return pageReply(200, serverName, html`
<p class="lead">An OAuth 2.1 authorization server and an MCP server in one, to read, run and debug. All an MCP client needs is
this URL:</p>
${command(resource)}
<h2>Connect a client</h2>
<p>Each client finds out the rest by itself. It reads the metadata, registers, and sends you here to sign in and to decide.</p>
${connectionGuide(config)}
<h2>Look inside</h2>
<ul class="cards">${shown.map(([path, title, text]) => html`
<li class="card"><h3><a href="${issuer}${path}">${title}</a></h3><p>${text}</p></li>`)}
</ul>`, { site: config, path: '/' })
}

/** The live flow exists only with `DEBUG`. */
const places = [
  ['/flow', 'Live flow', 'Watch clients talk to this server, message by message, and see why it decided as it did.'],
  ['/explain', 'Rules', 'Every rule that this server enforces: the clause, the reason, and what to do when it fails.'],
  ['/source', 'Source', 'The code that answers you, beside its comments. Every citation and every rule is a link.'],
  ['/docs', 'Endpoints', 'Every endpoint with its parameters, also as an OpenAPI document.'],
  ['/account', 'Your account', 'Sign in, see which apps can act on your behalf, and revoke them.'],
  ['/health', 'Health', 'Liveness and current usage.'],
] as const
