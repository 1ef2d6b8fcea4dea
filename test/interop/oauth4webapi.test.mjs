/**
 * oauth4webapi, which validates every response to the letter. http is allowed through its own option; nothing else
 * of its strictness is relaxed.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Browser, freePort, interop, redirect_uri, scopes, startServer } from './harness.mjs'

interop('oauth4webapi', async () => {
  const oauth = await import('oauth4webapi')
  const insecure = { [oauth.allowInsecureRequests]: true }

  async function discover({ mcpUrl }) {
    const resource = new URL(mcpUrl)
    const { authorization_servers } = await oauth.processResourceDiscoveryResponse(
      resource, await oauth.resourceDiscoveryRequest(resource, insecure),
    )
    const issuer = new URL(authorization_servers[0])
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
    return oauth.processDiscoveryResponse(issuer, response)
  }

  async function register(as, metadata = {}) {
    return oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, {
      client_name: 'Interop', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', ...metadata,
    }, insecure))
  }

  /** Sends the browser to the authorization endpoint and returns the response with what it has to be judged by. */
  async function requestAuthorization(server, as, client, { browser = new Browser(), ...parameters } = {}) {
    const state = oauth.generateRandomState()
    const code_verifier = oauth.generateRandomCodeVerifier()
    const url = new URL(as.authorization_endpoint)
    url.search = new URLSearchParams({
      response_type: 'code', client_id: client.client_id, redirect_uri, state, scope: scopes.join(' '), resource: server.mcpUrl,
      code_challenge: await oauth.calculatePKCECodeChallenge(code_verifier), code_challenge_method: 'S256', ...parameters,
    })
    return { response: await browser.visit(url), state, code_verifier }
  }

  async function exchange(server, as, client, authentication, { response, state, code_verifier }) {
    const parameters = oauth.validateAuthResponse(as, client, response, state)
    return oauth.processAuthorizationCodeResponse(as, client, await oauth.authorizationCodeGrantRequest(
      as, client, authentication, parameters, redirect_uri, code_verifier,
      { additionalParameters: { resource: server.mcpUrl }, ...insecure },
    ))
  }

  /** Everything up to the tokens. */
  async function login(t, metadata, authenticate = oauth.None) {
    const server = await startServer(t)
    const as = await discover(server)
    const client = await register(as, metadata)
    const authentication = authenticate(client.client_secret)
    const tokens = await exchange(server, as, client, authentication, await requestAuthorization(server, as, client))
    return { server, as, client, authentication, tokens }
  }

  function ping({ mcpUrl }, access_token) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' })
    return oauth.protectedResourceRequest(access_token, 'POST', new URL(mcpUrl), headers, body, insecure)
  }

  it('goes from the protected resource to its tokens, and calls it with them', async t => {
    const { server, tokens } = await login(t)
    assert.equal(tokens.token_type, 'bearer')
    assert.equal(tokens.scope, scopes.join(' '))
    assert.equal((await ping(server, tokens.access_token)).status, 200)
  })

  it('discovers a server whose issuer has a path', async t => {
    const port = await freePort()
    const issuer = `http://localhost:${port}/tenant`
    await startServer(t, { SERVER_PORT: port, SERVER_URL: issuer })
    const as = await discover({ mcpUrl: `${issuer}/mcp` })
    assert.equal(as.issuer, issuer)
  })

  it('discovers the same server by its openid-configuration', async t => {
    const { url } = await startServer(t)
    const issuer = new URL(url)
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure })
    assert.equal((await oauth.processDiscoveryResponse(issuer, response)).token_endpoint, `${url}/oauth/token`)
  })

  it('refreshes, and the old access token goes on for the while that it has', async t => {
    const { server, as, client, authentication, tokens } = await login(t)
    const refreshed = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(
      as, client, authentication, tokens.refresh_token, { additionalParameters: { resource: server.mcpUrl }, ...insecure },
    ))
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token)
    assert.equal((await ping(server, refreshed.access_token)).status, 200)
    assert.equal((await ping(server, tokens.access_token)).status, 200)
  })

  it('revokes the refresh token, after which neither token works', async t => {
    const { server, as, client, authentication, tokens } = await login(t)
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, authentication, tokens.refresh_token, insecure),
    )
    await assert.rejects(ping(server, tokens.access_token), isChallenge('invalid_token', server))
    const response = await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, insecure)
    await assert.rejects(oauth.processRefreshTokenResponse(as, client, response), isError(400, 'invalid_grant'))
  })

  /** Whether the resource server refused with a challenge that the strict parser reads. */
  function isChallenge(error, server) {
    return ({ code, cause, status }) => {
      assert.equal(code, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE')
      assert.equal(status, 401)
      assert.deepEqual(cause.map(({ scheme, parameters }) => [scheme, parameters.error, parameters.resource_metadata]), [
        ['bearer', error, `${server.url}/.well-known/oauth-protected-resource/mcp`],
      ])
      return true
    }
  }

  /** Whether the authorization server refused with an error response of RFC 6749 section 5.2. */
  function isError(status, error) {
    return received => {
      assert.equal(received.code, 'OAUTH_RESPONSE_BODY_ERROR', received)
      assert.deepEqual([received.status, received.error], [status, error])
      return true
    }
  }

  it('reads the challenge of a call with a token that is none', async t => {
    const server = await startServer(t)
    await assert.rejects(ping(server, 'not-a-token'), isChallenge('invalid_token', server))
  })

  it('introspects its tokens as a confidential client that authenticates with client_secret_basic', async t => {
    const { server, as, client, authentication, tokens } = await login(
      t, { token_endpoint_auth_method: 'client_secret_basic' }, oauth.ClientSecretBasic,
    )
    const introspect = async token => oauth.processIntrospectionResponse(
      as, client, await oauth.introspectionRequest(as, client, authentication, token, insecure),
    )
    const { active, iss, aud, client_id, scope, sub, token_type } = await introspect(tokens.access_token)
    assert.deepEqual({ active, iss, aud, client_id, scope, sub, token_type }, {
      active: true, iss: server.url, aud: server.mcpUrl, client_id: client.client_id, scope: scopes.join(' '),
      sub: 'demo-user', token_type: 'Bearer',
    })
    assert.equal((await introspect(tokens.refresh_token)).active, true)
    assert.deepEqual(await introspect('not-a-token'), { active: false })
  })

  it('gets its tokens with client_secret_post when it registered that', async t => {
    const { server, tokens } = await login(t, { token_endpoint_auth_method: 'client_secret_post' }, oauth.ClientSecretPost)
    assert.equal((await ping(server, tokens.access_token)).status, 200)
  })

  it('learns from a 401 with a Basic challenge that its secret is wrong', async t => {
    const server = await startServer(t)
    const as = await discover(server)
    const client = await register(as, { token_endpoint_auth_method: 'client_secret_basic' })
    const authorization = await requestAuthorization(server, as, client)
    await assert.rejects(
      exchange(server, as, client, oauth.ClientSecretBasic('not the secret'), authorization),
      ({ code, cause }) => code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE' && cause[0].scheme === 'basic',
    )
  })

  it('learns from an authentic response that the user has denied', async t => {
    const server = await startServer(t, { OAUTH_AUTO_APPROVE: 'false', DEBUG: 'true' })
    const as = await discover(server)
    const client = await register(as)
    const browser = new Browser(() => ({ decision: 'deny' }))
    const { response, state } = await requestAuthorization(server, as, client, { browser })
    assert.throws(() => oauth.validateAuthResponse(as, client, response, state), isAuthorizationError('access_denied'))
  })

  it('learns from an authentic response that the resource is not one of this server', async t => {
    const server = await startServer(t)
    const as = await discover(server)
    const client = await register(as)
    const { response, state } = await requestAuthorization(server, as, client, { resource: 'https://mcp.example.com/' })
    assert.throws(() => oauth.validateAuthResponse(as, client, response, state), isAuthorizationError('invalid_target'))
  })

  it('learns from an authentic response that a code_challenge is missing', async t => {
    const server = await startServer(t)
    const as = await discover(server)
    const client = await register(as)
    const { response, state } = await requestAuthorization(server, as, client, { code_challenge: '' })
    assert.throws(() => oauth.validateAuthResponse(as, client, response, state), isAuthorizationError('invalid_request'))
  })

  function isAuthorizationError(error) {
    return received => received.code === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR' && received.error === error
  }
})
