/** `/docs`: every endpoint, folded, with its parameters. */
import type { RouteDescription } from '../core/context/context.ts'
import { documentHandler } from '../core/context/document-handler.ts'
import { html, type Html } from '../base/ui/html.ts'
import { pageReply } from '../base/ui/page.ts'
import { foldedSection, table } from '../base/ui/parts.ts'
import { describeOperation, operationId } from './operations.ts'

/** The page, which is built once. */
export const docs = documentHandler(({ config, routes }) => pageReply(200, 'Endpoints', html`
<p class="lead">Every path is relative to <code>${config.issuer}</code>. Tools can read the same list as an
<a href="${config.issuer}/openapi.json">OpenAPI document</a>.</p>
<div class="index">${routes.map(endpoint)}
</div>`, { site: config, path: '/docs' }))

function endpoint(route: RouteDescription): Html {
  const { summary, parameters = [], mediaType, security } = describeOperation(route)
  const name = `${route.method} ${route.path}`
  const rows = parameters.map(({ name, required, description }) => (
    [html`<code>${name}</code>`, required ? 'required' : html`<span class="muted">optional</span>`, description]))
  return foldedSection(html`<code>${name}</code>`, summary, html`
<p>${security ? `Requires the ${security}. ` : ''}${mediaType ? html`The body is <code>${mediaType}</code>. ` : undefined}<small
class="muted">${route.specification}</small></p>
${rows.length > 0 ? table(`Parameters of ${name}`, ['Name', 'Needed', 'Description'], rows) : undefined}`, {
    id: operationId(route.method, route.path),
  })
}
