/** `/`: what is where, for people as a page and for programs as JSON. */
import type { Context } from '../context.ts'
import { html } from '../http/html.ts'
import { htmlReply, json, prefersHtml, type Reply, type Request } from '../http/message.ts'
import { page } from '../http/page.ts'

export function home(request: Request, { config, routes }: Context): Reply {
  const { issuer, resource, serverName, serverVersion } = config
  if (!prefersHtml(request)) {
    return json(200, {
      name: serverName,
      version: serverVersion,
      resource,
      authorization_server_metadata: `${issuer}/.well-known/oauth-authorization-server`,
      protected_resource_metadata: `${issuer}/.well-known/oauth-protected-resource`,
      documentation: `${issuer}/docs`,
      endpoints: routes.map(({ method, path }) => `${method} ${path}`),
    })
  }
  const rows = routes.map(({ method, path, specification }) => html`
<tr><td>${method}</td><td><code>${path}</code></td><td>${specification}</td></tr>`)
  return htmlReply(200, page(serverName, html`
<p>An OAuth 2.1 authorization server and an MCP server in one. Connect an MCP client to <code>${resource}</code>.</p>
<p><a href="${issuer}/docs">The endpoints with their parameters</a> · <a href="${issuer}/explain">Every rule that
is enforced here, with its reason and its remedy</a> · <a href="${issuer}/health">Health</a></p>
<table>
<thead><tr><th>Method</th><th>Path</th><th>Specification</th></tr></thead>
<tbody>${rows}</tbody>
</table>`))
}
