import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertRedirectedError, authorize, claimsOf, exchange, readJson, register, requestCode, startServer } from '../harness.ts'

describe('GET /oauth/authorize, resource', () => {
  const aliases: Record<string, (issuer: string) => string | undefined> = {
    'the resource of the protected resource metadata': issuer => `${issuer}/mcp`,
    'the resource with a trailing slash': issuer => `${issuer}/mcp/`,
    'the issuer': issuer => issuer,
    'the issuer with a trailing slash': issuer => `${issuer}/`,
    'no resource': () => undefined,
    'scheme and host in upper case (MCP 2026-07-28 basic/authorization, Canonical Server URI)':
      issuer => `${issuer.toUpperCase()}/mcp`,
  }
  for (const [what, resourceOf] of Object.entries(aliases)) {
    it(`accepts ${what}, and sets aud to the canonical resource (RFC 8707 section 2)`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      const resource = resourceOf(server.config.issuer)
      const response = await exchange(server, client, await authorize(server, client, { resource }), { resource })
      assert.equal(claimsOf((await readJson(response))['access_token'])['aud'], `${server.config.issuer}/mcp`)
    })
  }

  const others: Record<string, (issuer: string) => string> = {
    'another path': issuer => `${issuer}/other`,
    'a longer path': issuer => `${issuer}/mcp/tools`,
    'the path in upper case': issuer => `${issuer}/MCP`,
    'two slashes': issuer => `${issuer}//mcp`,
    'two slashes at the end': issuer => `${issuer}/mcp//`,
    'a query': issuer => `${issuer}/mcp?x`,
    'a fragment': issuer => `${issuer}/mcp#x`,
    'another port': issuer => `${issuer}1/mcp`,
    'another scheme': issuer => `${issuer.replace('http', 'https')}/mcp`,
    '127.0.0.1 for localhost': issuer => `${issuer.replace('localhost', '127.0.0.1')}/mcp`,
    'a longer host': issuer => `${issuer.replace('localhost', 'localhost.evil.example')}/mcp`,
    'a user name': issuer => `${issuer.replace('localhost', 'user@localhost')}/mcp`,
    'a path with dot segments': issuer => `${issuer}/x/../mcp`,
    'only a path': () => '/mcp',
    'a leading space': issuer => ` ${issuer}/mcp`,
  }
  for (const [what, resourceOf] of Object.entries(others)) {
    it(`rejects ${what} (RFC 8707 section 2)`, async t => {
      const server = await startServer(t)
      const response = await requestCode(server, await register(server), { resource: resourceOf(server.config.issuer) })
      assertRedirectedError(response, 'resource-is-ours', 'invalid_target')
    })
  }

  it('names the supported resource in the error', async t => {
    const server = await startServer(t)
    const response = await requestCode(server, await register(server), { resource: 'https://other.example/mcp' })
    const query = assertRedirectedError(response, 'resource-is-ours', 'invalid_target')
    assert.equal(query.get('error_description'), `resource must be ${server.config.issuer}/mcp`)
  })
})
