/** jose, as another resource server would use it that trusts our authorization server and shares its key. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { Browser, interop, redirect_uri, scopes, startServer } from './harness.mjs'

interop('jose', async () => {
  const { errors, jwtVerify, SignJWT } = await import('jose')
  const secret = randomBytes(32).toString('hex')
  const key = new TextEncoder().encode(secret)

  /** What RFC 9068 section 4 asks of a resource server. */
  function verify({ url, mcpUrl }, access_token, changes = {}) {
    return jwtVerify(access_token, key, {
      algorithms: ['HS256'], typ: 'at+jwt', issuer: url, audience: mcpUrl,
      requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'scope'], ...changes,
    })
  }

  /** A server of which jose has the key, and an access token of it. */
  async function getAccessToken(t) {
    const server = await startServer(t, { JWT_SECRET_KEY: secret })
    const { client_id } = await post(`${server.url}/oauth/register`, 'application/json', JSON.stringify({
      redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none',
    }))
    const code_verifier = randomBytes(32).toString('base64url')
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
    const response = await new Browser().visit(`${server.url}/oauth/authorize?${new URLSearchParams({
      response_type: 'code', client_id, redirect_uri, code_challenge, code_challenge_method: 'S256', scope: scopes.join(' '),
    })}`)
    const { access_token } = await post(`${server.url}/oauth/token`, 'application/x-www-form-urlencoded', new URLSearchParams({
      grant_type: 'authorization_code', code: response.get('code'), redirect_uri, client_id, code_verifier,
    }).toString())
    return { server, client_id, access_token }
  }

  async function post(url, type, body) {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
    return response.json()
  }

  function sign(claims, typ = 'at+jwt') {
    return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ }).sign(key)
  }

  /** The status with which our resource server answers a call with the token. */
  async function call({ mcpUrl }, access_token) {
    const { status } = await fetch(mcpUrl, {
      method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      headers: {
        authorization: `Bearer ${access_token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream',
      },
    })
    return status
  }

  it('verifies our access token, with every claim that RFC 9068 requires', async t => {
    const { server, client_id, access_token } = await getAccessToken(t)
    const { payload, protectedHeader } = await verify(server, access_token)
    assert.deepEqual(protectedHeader, { alg: 'HS256', typ: 'at+jwt' })
    assert.deepEqual([payload.client_id, payload.sub, payload.scope], [client_id, 'demo-user', scopes.join(' ')])
    assert.equal(payload.exp - payload.iat, 3600)
  })

  it('refuses our access token where the audience or the issuer differs by a slash', async t => {
    const { server, access_token } = await getAccessToken(t)
    await assert.rejects(verify(server, access_token, { audience: `${server.mcpUrl}/` }), errors.JWTClaimValidationFailed)
    await assert.rejects(verify(server, access_token, { issuer: `${server.url}/` }), errors.JWTClaimValidationFailed)
  })

  it('signs a token with the key that our resource server accepts', async t => {
    const { server, access_token } = await getAccessToken(t)
    const { payload } = await verify(server, access_token)
    assert.equal(await call(server, await sign({ ...payload, jti: 'signed by jose' })), 200)
  })

  it('signs a token of typ JWT, which our resource server refuses as one for another purpose', async t => {
    const { server, access_token } = await getAccessToken(t)
    const { payload } = await verify(server, access_token)
    assert.equal(await call(server, await sign(payload, 'JWT')), 401)
  })

  it('signs a token without exp, which our resource server refuses', async t => {
    const { server, access_token } = await getAccessToken(t)
    const { exp, ...payload } = (await verify(server, access_token)).payload
    assert.equal(await call(server, await sign(payload)), 401)
  })
})
