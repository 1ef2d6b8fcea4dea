import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { routes } from '../../src/routes.ts'
import { catalogue } from '../../src/catalogue/catalogue.ts'
import {
  assertRefused, escapeHtml, get, getTokens, postForm, readJson, register, startServer, startWithTokens, type Members, type TestServer,
} from '../harness.ts'
import { packageRoot } from '../package-root.ts'

const asBrowser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

async function page(server: TestServer, path: string): Promise<string> {
  const response = await get(`${server.url}${path}`, asBrowser)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  return response.text()
}

describe('GET /', () => {
  it('is a page with the MCP endpoint, for a browser', async t => {
    const server = await startServer(t)
    assert.ok((await page(server, '/')).includes(`<pre class="command" tabindex="0">${server.config.resource}</pre>`))
  })

  it('is JSON for a program', async t => {
    const server = await startServer(t)
    const { endpoints, ...rest } = await readJson(await get(`${server.url}/`))
    const { issuer, resource } = server.config
    assert.deepEqual(rest, {
      name: 'mcp-authorization', version: '0.1.0', resource,
      authorization_server_metadata: `${issuer}/.well-known/oauth-authorization-server`,
      protected_resource_metadata: `${issuer}/.well-known/oauth-protected-resource`,
      documentation: `${issuer}/docs`,
    })
    assert.deepEqual(endpoints, routes.map(({ method, path }) => `${method} ${path}`))
  })

  it('shows the name of the server as text', async t => {
    const server = await startServer(t, { MCP_SERVER_NAME: '<b>Weather</b>' })
    assert.match(await page(server, '/'), /<h1>&lt;b&gt;Weather&lt;\/b&gt;<\/h1>/)
  })

  for (const client of ['claude mcp add --transport http', 'mcpServers', '&quot;servers&quot;', 'modelcontextprotocol/inspector', 'mcp-remote', 'dist/client.js']) {
    it(`says how to connect by ${client}`, async t => {
      const server = await startServer(t)
      const commands = [...(await page(server, '/')).matchAll(/<pre class="command"[^>]*>([^<]*)/g)].map(([, text]) => text!)
      assert.ok(commands.some(text => text.includes(client) && text.includes(server.config.resource)))
    })
  }

  it('shows the same commands as the README', async t => {
    const server = await startServer(t)
    const packed = (text: string): string => text.replace(/\s/g, '')
    const readme = packed(escapeHtml(readFileSync(join(packageRoot, 'README.md'), 'utf8')))
    const commands = [...(await page(server, '/')).matchAll(/<details name="client">.*?<pre class="command"[^>]*>([^<]*)/gs)].map(([, text]) => text!)
    assert.equal(commands.length, 6)
    for (const text of commands) assert.ok(readme.includes(packed(text.replace(server.config.resource, 'http://localhost:8000/mcp'))), text)
  })

  it('puts only letters, digits and hyphens of the server name into commands', async t => {
    const server = await startServer(t, { MCP_SERVER_NAME: 'My "server"; $(reboot)' })
    assert.match(await page(server, '/'), /claude mcp add --transport http my-server-reboot http/)
  })

  it('has no broken links', async t => {
    const server = await startServer(t)
    for (const [, href] of (await page(server, '/')).matchAll(/href="(http[^"]+)"/g)) {
      assert.equal((await get(href!, asBrowser)).status, 200, href)
    }
  })
})

describe('GET /health', () => {
  it('reports liveness and current usage', async t => {
    const response = await get(`${(await startServer(t)).url}/health`)
    assert.equal(response.status, 200)
    assert.deepEqual(await readJson(response), {
      status: 'ok', version: '0.1.0',
      store: {
        clients: 0, documents: 0, used_assertions: 0, used_proofs: 0, authorization_requests: 0, authorization_codes: 0, grants: 0,
        refresh_tokens: 0, revocations: 0, sessions: 0, browser_sessions: 0, consents: 0,
      },
    })
  })

  it('counts the records in the store', async t => {
    const server = await startServer(t)
    const { client, tokens } = await getTokens(server)
    await register(server)
    await postForm(`${server.url}/oauth/revoke`, { client_id: client['client_id'], token: tokens['access_token'] })
    const { store } = await readJson(await get(`${server.url}/health`))
    assert.deepEqual(store, {
      clients: 2, documents: 0, used_assertions: 0, used_proofs: 0, authorization_requests: 0, authorization_codes: 1, grants: 1,
      refresh_tokens: 1, revocations: 1, sessions: 0, browser_sessions: 0, consents: 0,
    })
  })

  it('does not count a client that got no token within a day', async t => {
    const server = await startServer(t)
    await register(server)
    server.advance(86_400)
    assert.equal((await readJson(await get(`${server.url}/health`)))['store'].clients, 0)
  })

  it('counts a client that got a token after a day', async t => {
    const { server } = await startWithTokens(t)
    server.advance(86_400)
    assert.equal((await readJson(await get(`${server.url}/health`)))['store'].clients, 1)
  })
})

describe('GET /docs', () => {
  for (const { method, path } of routes) {
    it(`describes ${method} ${path}`, async t => {
      assert.ok((await page(await startServer(t), '/docs')).includes(`<h2><code>${method} ${path}</code></h2>`))
    })
  }

  it('folds each endpoint, with an id for links', async t => {
    const html = await page(await startServer(t), '/docs')
    const ids = [...html.matchAll(/<\/summary>\n<div id="([^"]+)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, routes.length)
  })

  it('loads nothing and runs no script', async t => {
    assert.doesNotMatch(await page(await startServer(t), '/docs'), /<script|<img|<link(?! rel="icon" href="data:)|<iframe|src=|url\(/)
  })
})

describe('GET /openapi.json', () => {
  const document = async (server: TestServer): Promise<Members> => readJson(await get(`${server.url}/openapi.json`))

  it('is an OpenAPI 3.1 document of this server', async t => {
    const server = await startServer(t, { MCP_SERVER_NAME: 'Weather', MCP_SERVER_VERSION: '2.0' })
    const { openapi, info, servers } = await document(server)
    assert.deepEqual({ openapi, info, servers }, {
      openapi: '3.1.0', info: { title: 'Weather', version: '2.0' }, servers: [{ url: server.config.issuer }],
    })
  })

  for (const { method, path } of routes) {
    it(`has an operation for ${method} ${path}`, async t => {
      const { paths } = await document(await startServer(t))
      const operation = paths[path.replace(/:(\w+)\*?/, '{$1}')]?.[method === '*' ? 'post' : method.toLowerCase()]
      assert.equal(typeof operation?.summary, 'string')
      assert.ok(operation.summary.length > 0)
      assert.ok('default' in operation.responses)
    })
  }

  it('lists path parameters', async t => {
    const { paths } = await document(await startServer(t))
    const { parameters } = paths['/oauth/register/{client_id}'].get
    assert.deepEqual(parameters, [{ name: 'client_id', in: 'path', required: true, schema: { type: 'string' } }])
  })

  it('describes the parameters of the token endpoint', async t => {
    const { paths } = await document(await startServer(t))
    const { schema } = paths['/oauth/token'].post.requestBody.content['application/x-www-form-urlencoded']
    assert.deepEqual(schema.required, ['grant_type'])
    assert.ok('code_verifier' in schema.properties)
  })

  it('refers only to security schemes that it defines', async t => {
    const { paths, components } = await document(await startServer(t))
    const used = Object.values<Members>(paths).flatMap(path => Object.values<Members>(path))
      .flatMap(({ security = [] }) => security).flatMap(Object.keys)
    assert.deepEqual([...new Set(used)].sort(), Object.keys(components.securitySchemes).sort())
  })

  it('can be read from any origin', async t => {
    const response = await get(`${(await startServer(t)).url}/openapi.json`)
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
  })
})

const rules = catalogue.flatMap(group => group.rules)

describe('GET /explain', () => {
  it('lists every rule as JSON', async t => {
    const list = await readJson(await get(`${(await startServer(t)).url}/explain`)) as unknown as Members[]
    assert.deepEqual(list.map(({ id }) => id), rules.map(({ id }) => id))
  })

  it('lists every rule as a page', async t => {
    const html = await page(await startServer(t), '/explain')
    assert.deepEqual(rules.filter(({ id }) => !html.includes(`/explain/${id}">${id}</a>`)), [])
  })
})

describe('GET /explain/<rule>', () => {
  for (const { id, clause, error, requires, otherwise, remedy } of rules) {
    it(`explains ${id} as JSON (RFC 6749 section 5.2)`, async t => {
      const response = await get(`${(await startServer(t)).url}/explain/${id}`)
      assert.equal(response.status, 200)
      assert.deepEqual(await readJson(response), { id, clause, error, requires, otherwise, remedy })
    })

    it(`explains ${id} as a page (RFC 6749 section 5.2)`, async t => {
      const text = (await page(await startServer(t), `/explain/${id}`)).replace(/\s+/g, ' ')
      for (const part of [id, clause, String(error), requires, otherwise, remedy]) {
        assert.ok(text.includes(escapeHtml(part)), part)
      }
    })
  }

  it('answers 404 for an unknown rule', async t => {
    await assertRefused(await get(`${(await startServer(t)).url}/explain/nothing`), 'path-is-known', 'not_found', 404)
  })
})
