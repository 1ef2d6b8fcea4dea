/** `/docs`: the route table as a page, each endpoint with its parameters. */
import { documentHandler, type RouteDescription } from '../context.ts'
import { html, type Html } from '../http/html.ts'
import { htmlReply } from '../http/message.ts'
import { page } from '../http/page.ts'
import { describeOperation } from './openapi.ts'

export const docs = documentHandler(({ config, routes }) => htmlReply(200, page('Endpoints', html`
<p>All paths stand below <code>${config.issuer}</code>. The same as a document for tools:
<a href="${config.issuer}/openapi.json">openapi.json</a>.</p>
${routes.map(endpoint)}`)))

function endpoint(route: RouteDescription): Html {
  const { summary, parameters = [], mediaType, security } = describeOperation(route)
  const rows = parameters.map(({ name, required, description }) => html`
<tr><td><code>${name}</code></td><td>${required ? 'required' : ''}</td><td>${description}</td></tr>`)
  return html`
<h2><code>${route.method} ${route.path}</code></h2>
<p>${summary} (${route.specification}).${mediaType ? ` Body: ${mediaType}.` : ''}${security ? ` Needs the ${security}.` : ''}</p>
${rows.length > 0 ? html`<table><tbody>${rows}</tbody></table>` : undefined}`
}
