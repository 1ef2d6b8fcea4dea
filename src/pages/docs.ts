/** `/docs`: the route table as a page, each endpoint with its parameters. */
import type { RouteDescription } from '../core/context/context.ts'
import { documentHandler } from '../core/context/document-handler.ts'
import { html, type Html } from '../base/ui/html.ts'
import { pageReply } from '../base/ui/page.ts'
import { table } from '../base/ui/parts.ts'
import { describeOperation, operationId } from './openapi.ts'

/** The page, which is made once. */
export const docs = documentHandler(({ config, routes }) => pageReply(200, 'Endpoints', html`
<p class="lead">All paths stand below <code>${config.issuer}</code>. For tools there is
<a href="${config.issuer}/openapi.json">the same as an OpenAPI document</a>.</p>
<nav aria-label="Contents"><ul class="contents">${routes.map(({ method, path }) => html`
<li><a href="#${operationId(method, path)}"><code>${method} ${path}</code></a></li>`)}
</ul></nav>
${routes.map(endpoint)}`, { site: config, path: '/docs' }))

function endpoint(route: RouteDescription): Html {
  const { summary, parameters = [], mediaType, security } = describeOperation(route)
  const rows = parameters.map(({ name, required, description }) => (
    [html`<code>${name}</code>`, required ? 'required' : html`<span class="muted">optional</span>`, description]))
  return html`
<section class="card" id="${operationId(route.method, route.path)}">
<h2><code>${route.method} ${route.path}</code></h2>
<p>${summary}.${security ? ` Needs the ${security}.` : ''}${mediaType ? html` The body is <code>${mediaType}</code>.` : undefined}
<small class="muted">${route.specification}</small></p>
${rows.length > 0 ? table(`Parameters of ${route.method} ${route.path}`, ['Name', 'Needed', 'What it is'], rows) : undefined}
</section>`
}
