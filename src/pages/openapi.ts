/** `/openapi.json`: the endpoints as an OpenAPI 3.1 document. */
import type { RouteDescription, Services } from '../core/context/context.ts'
import { documentHandler } from '../core/context/document-handler.ts'
import { json } from '../base/http/message.ts'
import { describeOperation, operationId, type Parameter } from './operations.ts'

/** The document, which is built once. */
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
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: string }))
  const inQuery = mediaType ? [] : parameters.map(parameter => ({ required: false, ...parameter, in: 'query', schema: string }))
  const hasBody = mediaType !== undefined && method !== 'delete'
  return {
    operationId: operationId(method, route.path),
    summary,
    description: route.specification,
    parameters: [...inPath, ...inQuery],
    ...(hasBody ? { requestBody: { required: true, content: { [mediaType]: { schema: bodySchema(parameters) } } } } : {}),
    ...(security ? { security: [{ [security]: [] }] } : {}),
    responses: { default: { description: `See ${route.specification}` } },
  }
}

const string = { type: 'string' }

function bodySchema(parameters: readonly Parameter[]): Record<string, unknown> {
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, description }) => [name, { description }])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  }
}
