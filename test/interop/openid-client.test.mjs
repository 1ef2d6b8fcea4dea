/** openid-client, the library above oauth4webapi that applications use: its defaults are what this suite is about. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Browser, interop, redirect_uri, scopes, startServer } from './harness.mjs'

interop('openid-client', async () => {
  const client = await import('openid-client')

  /** Discovers, registers with `metadata`, and authorizes; how the client authenticates is left to the library. */
  async function login(t, metadata) {
    const server = await startServer(t)
    const config = await client.dynamicClientRegistration(
      new URL(server.url), { client_name: 'Interop', redirect_uris: [redirect_uri], ...metadata }, undefined,
      { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
    )
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedState = client.randomState()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri, state: expectedState, scope: scopes.join(' '), resource: server.mcpUrl,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
    })
    const response = new URL(`${redirect_uri}?${await new Browser().visit(url)}`)
    const tokens = await client.authorizationCodeGrant(
      config, response, { pkceCodeVerifier, expectedState }, { resource: server.mcpUrl },
    )
    return { server, config, tokens }
  }

  it('gets, refreshes, introspects and revokes its tokens when it registered no authentication method', async t => {
    const { config, tokens } = await login(t, {})
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
    assert.equal(refreshed.scope, scopes.join(' '))
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, true)
    await client.tokenRevocation(config, refreshed.refresh_token)
    assert.deepEqual(await client.tokenIntrospection(config, refreshed.access_token), { active: false })
  })

  it('gets its tokens as a public client', async t => {
    const { server, config, tokens } = await login(t, { token_endpoint_auth_method: 'none' })
    const response = await client.fetchProtectedResource(
      config, tokens.access_token, new URL(server.mcpUrl), 'POST', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' }),
    )
    assert.equal(response.status, 200)
  })
})
