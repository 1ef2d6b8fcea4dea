/** Parameters that are sent twice: clients append `resource` to a URL that has it already. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCodeVerifier } from '../../src/base/protocol/pkce.ts'
import {
  assertRedirectedError, assertRefused, authorizationParameters, claimsOf, exchange, getTokens, locationOf, postForm, readJson,
  register, requestAuthorization, requestToken, startServer, type Members, type TestServer,
} from '../harness.ts'

const other = 'https://other.example/mcp'

/** Sends an authorization request with these resources. */
async function requestWith(server: TestServer, client: Members, resources: readonly string[], code_verifier = createCodeVerifier()) {
  const query = authorizationParameters(client, code_verifier)
  resources.forEach(resource => query.append('resource', resource))
  return requestAuthorization(server, query)
}

/** The resources of each row, for the issuer. */
type Row = (issuer: string) => readonly string[]

const accepted: Record<string, Row> = {
  'the same resource twice': issuer => [`${issuer}/mcp`, `${issuer}/mcp`],
  'the same resource three times': issuer => [`${issuer}/mcp`, `${issuer}/mcp`, `${issuer}/mcp`],
  'the issuer twice': issuer => [issuer, issuer],
  'two spellings of this resource': issuer => [`${issuer}/mcp`, `${issuer}/mcp/`],
  'the same resource, once in upper case': issuer => [`${issuer}/mcp`, `${issuer.toUpperCase()}/mcp`],
  'an empty one beside it': issuer => ['', `${issuer}/mcp`],
  'an empty one after it': issuer => [`${issuer}/mcp`, ''],
  'two empty ones': () => ['', ''],
}

const refused: Record<string, Row> = {
  'another resource after it': issuer => [`${issuer}/mcp`, other],
  'another resource before it': issuer => [other, `${issuer}/mcp`],
  'another resource twice': () => [other, other],
  'a path below it': issuer => [`${issuer}/mcp`, `${issuer}/mcp/tools`],
  'another port': issuer => [`${issuer}/mcp`, `${issuer}1/mcp`],
}

describe('GET /oauth/authorize with more than one resource (RFC 8707 section 2)', () => {
  for (const [what, resources] of Object.entries(accepted)) {
    it(`goes on with ${what}`, async t => {
      const server = await startServer(t)
      const client = await register(server)
      const code_verifier = createCodeVerifier()
      const location = locationOf(await requestWith(server, client, resources(server.config.issuer), code_verifier))
      const response = await exchange(server, client, { code: location.searchParams.get('code')!, code_verifier })
      assert.equal(claimsOf((await readJson(response))['access_token'])['aud'], server.config.resource)
    })
  }
  for (const [what, resources] of Object.entries(refused)) {
    it(`refuses ${what}`, async t => {
      const server = await startServer(t)
      const response = await requestWith(server, await register(server), resources(server.config.issuer))
      assertRedirectedError(response, 'resource-is-ours', 'invalid_target')
    })
  }
})

describe('POST /oauth/token with more than one resource (RFC 8707 section 2.2)', () => {
  const formOf = (members: Members, resources: readonly string[]): string => (
    new URLSearchParams([...Object.entries(members), ...resources.map(resource => ['resource', resource])]).toString())

  for (const [what, resources] of Object.entries(accepted)) {
    it(`refreshes with ${what}`, async t => {
      const server = await startServer(t)
      const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
      const form = formOf({ grant_type: 'refresh_token', refresh_token, client_id }, resources(server.config.issuer))
      assert.equal((await postForm(`${server.url}/oauth/token`, form)).status, 200)
    })
  }
  for (const [what, resources] of Object.entries(refused)) {
    it(`refuses a refresh with ${what}`, async t => {
      const server = await startServer(t)
      const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
      const form = formOf({ grant_type: 'refresh_token', refresh_token, client_id }, resources(server.config.issuer))
      await assertRefused(await postForm(`${server.url}/oauth/token`, form), 'resource-is-the-granted', 'invalid_target', 400)
    })
  }

  it('gives a client a token of its own', async t => {
    const server = await startServer(t, { OAUTH_CLIENT_CREDENTIALS: 'true' })
    const { client_id, client_secret } = await register(server, {
      grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post',
    })
    const { resource } = server.config
    const form = (resources: string[]) => formOf({ grant_type: 'client_credentials', client_id, client_secret }, resources)
    assert.equal((await postForm(`${server.url}/oauth/token`, form([resource, resource]))).status, 200)
    await assertRefused(await postForm(`${server.url}/oauth/token`, form([resource, other])), 'resource-is-ours', 'invalid_target', 400)
  })
})

describe('Every other parameter stays refused if it is repeated, also with equal values (RFC 6749 section 3.1)', () => {
  for (const name of ['scope', 'response_type', 'code_challenge', 'prompt', 'an_unknown_one']) {
    it(`${name} of an authorization request`, async t => {
      const server = await startServer(t)
      const query = authorizationParameters(await register(server), createCodeVerifier())
      const value = query.get(name) ?? 'mcp:tools:read'
      query.delete(name)
      query.append(name, value)
      query.append(name, value)
      assertRedirectedError(await requestAuthorization(server, query), 'parameters-are-not-repeated', 'invalid_request')
    })
  }

  for (const name of ['client_id', 'redirect_uri']) {
    it(`${name} of an authorization request, without a redirect`, async t => {
      const server = await startServer(t)
      const query = authorizationParameters(await register(server), createCodeVerifier())
      query.append(name, query.get(name)!)
      await assertRefused(await requestAuthorization(server, query), 'parameters-are-not-repeated', 'invalid_request', 400)
    })
  }

  for (const name of ['grant_type', 'refresh_token', 'client_id', 'scope', 'client_secret']) {
    it(`${name} of a token request`, async t => {
      const server = await startServer(t)
      const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
      const members: Members = { grant_type: 'refresh_token', refresh_token, client_id, scope: 'mcp:tools:read', client_secret: 'x' }
      const form = `${new URLSearchParams(members)}&${new URLSearchParams({ [name]: members[name] })}`
      await assertRefused(await postForm(`${server.url}/oauth/token`, form), 'parameters-are-not-repeated', 'invalid_request', 400)
    })
  }

  it('goes on if all but one have no value', async t => {
    const server = await startServer(t)
    const { client: { client_id }, tokens: { refresh_token } } = await getTokens(server)
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id })
    const response = await postForm(`${server.url}/oauth/token`, `client_id=&${form}&refresh_token=&scope=&scope=`)
    assert.equal(response.status, 200)
  })

  it('is refused before the client is authenticated', async t => {
    const server = await startServer(t)
    const response = await requestToken(server, { grant_type: 'refresh_token' })
    assert.equal(response.status, 400)
  })
})
