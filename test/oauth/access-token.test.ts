import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { signJwt } from '../../src/core/oauth/jwt.ts'
import {
  assertRefused, authorize, callMcp, claimsOf, craftToken, exchange, readJson, register, startServer, startWithTokens, testKey,
  type Members, type TestServer,
} from '../harness.ts'

const now = () => Math.floor(Date.now() / 1000)

/** Calls a method that needs no scope. */
function ping(server: TestServer, access_token: string): Promise<Response> {
  return callMcp(server, access_token, 'ping')
}

describe('The access token', () => {
  it('is a JWT of the type at+jwt (RFC 9068 section 2.1)', async t => {
    const { access_token } = await startWithTokens(t)
    const header = JSON.parse(Buffer.from(access_token.split('.')[0]!, 'base64url').toString()) as Members
    assert.deepEqual(header, { alg: 'HS256', typ: 'at+jwt' })
  })

  it('has the claims of RFC 9068 section 2.2', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    const { iat, exp, jti, grant_id, ...rest } = claimsOf(access_token)
    assert.deepEqual(rest, {
      iss: server.config.issuer, sub: 'demo-user', aud: server.config.resource, client_id: client['client_id'],
      scope: 'mcp:tools:read mcp:tools:execute',
    })
    assert.ok(Number.isInteger(iat) && Math.abs(iat - now()) <= 5)
    assert.equal(exp, iat + 3600)
    assert.match(jti, /^[A-Za-z0-9_-]{22}$/)
    assert.match(grant_id, /^[A-Za-z0-9_-]{22}$/)
  })

  it('has its own jti (RFC 9068 section 2.2)', async t => {
    const { server, client, access_token } = await startWithTokens(t)
    const other = await readJson(await exchange(server, client, await authorize(server, client)))
    assert.notEqual(claimsOf(other['access_token'])['jti'], claimsOf(access_token)['jti'])
  })

  it('expires after expires_in seconds (RFC 6749 section 5.1)', async t => {
    const server = await startServer(t, { JWT_ACCESS_TOKEN_EXPIRE_MINUTES: '0.25' })
    const client = await register(server)
    const { access_token, expires_in } = await readJson(await exchange(server, client, await authorize(server, client)))
    const { iat, exp } = claimsOf(access_token)
    assert.deepEqual([expires_in, exp - iat], [15, 15])
  })

  it('is accepted by the MCP server', async t => {
    const { server, access_token } = await startWithTokens(t)
    assert.equal((await ping(server, access_token)).status, 200)
  })

  it('works until it expires, plus a margin for clock skew (RFC 7519 section 4.1.4)', async t => {
    const { server, access_token } = await startWithTokens(t)
    server.advance(3600 + 25)
    assert.equal((await ping(server, access_token)).status, 200)
  })

  it('does not work after it has expired (RFC 7519 section 4.1.4)', async t => {
    const { server, access_token } = await startWithTokens(t)
    server.advance(3600 + 31)
    await assertRefused(await ping(server, access_token), 'access-token-is-fresh', 'invalid_token', 401)
  })
})

describe('The MCP server, given a token signed with the right key', () => {
  it('accepts a valid one', async t => {
    const server = await startServer(t)
    assert.equal((await ping(server, craftToken(server))).status, 200)
  })

  const accepted: Record<string, () => Members> = {
    'an iat 25 seconds ahead (RFC 7519 section 4.1.6)': () => ({ iat: now() + 25 }),
    'an nbf 25 seconds ahead (RFC 7519 section 4.1.5)': () => ({ nbf: now() + 25 }),
    'an nbf in the past (RFC 7519 section 4.1.5)': () => ({ nbf: now() - 60 }),
    'an exp 25 seconds ago (RFC 7519 section 4.1.4)': () => ({ exp: now() - 25 }),
    'times with a fraction (RFC 7519 section 2)': () => ({ iat: now() - 0.5, exp: now() + 60.5 }),
    'unknown claims (RFC 7519 section 4)': () => ({ email: 'joe@example.com', roles: ['a'] }),
    'an empty scope': () => ({ scope: '' }),
  }
  for (const [what, changes] of Object.entries(accepted)) {
    it(`accepts ${what}`, async t => {
      const server = await startServer(t)
      assert.equal((await ping(server, craftToken(server, changes()))).status, 200)
    })
  }

  const typed = 'access-token-claims-are-typed'
  const refused: Record<string, { changes: (server: TestServer) => Members; rule: string }> = {
    'another issuer (RFC 9068 section 4)': { changes: () => ({ iss: 'https://other.example' }), rule: 'access-token-issuer-is-ours' },
    'the issuer with a trailing slash (RFC 9068 section 4)': {
      changes: ({ config }) => ({ iss: `${config.issuer}/` }), rule: 'access-token-issuer-is-ours',
    },
    'another audience (RFC 8707 section 2)': {
      changes: () => ({ aud: 'https://other.example/mcp' }), rule: 'access-token-audience-is-ours',
    },
    'the issuer as audience (RFC 8707 section 2)': {
      changes: ({ config }) => ({ aud: config.issuer }), rule: 'access-token-audience-is-ours',
    },
    'the audience with a trailing slash (RFC 8707 section 2)': {
      changes: ({ config }) => ({ aud: `${config.resource}/` }), rule: 'access-token-audience-is-ours',
    },
    'an exp 31 seconds ago (RFC 7519 section 4.1.4)': { changes: () => ({ exp: now() - 31 }), rule: 'access-token-is-fresh' },
    'an exp of 0 (RFC 7519 section 4.1.4)': { changes: () => ({ exp: 0 }), rule: 'access-token-is-fresh' },
    'an iat in the future (RFC 7519 section 4.1.6)': { changes: () => ({ iat: now() + 60 }), rule: 'access-token-is-from-the-past' },
    'an nbf in the future (RFC 7519 section 4.1.5)': { changes: () => ({ nbf: now() + 60 }), rule: 'access-token-is-from-the-past' },
    'an nbf that is not a number (RFC 7519 section 4.1.5)': { changes: () => ({ nbf: 'now' }), rule: typed },
    'an nbf of null (RFC 7519 section 4.1.5)': { changes: () => ({ nbf: null }), rule: typed },
    'an exp in a string (RFC 7519 section 2)': { changes: () => ({ exp: String(now() + 60) }), rule: typed },
    'an exp of null (RFC 7519 section 2)': { changes: () => ({ exp: null }), rule: typed },
    'an audience in an array (RFC 9068 section 2.2)': { changes: ({ config }) => ({ aud: [config.resource, 'x'] }), rule: typed },
    'a scope in an array (RFC 9068 section 2.2.3)': { changes: () => ({ scope: ['mcp:tools:read'] }), rule: typed },
    'a sub that is a number (RFC 7519 section 4.1.2)': { changes: () => ({ sub: 1 }), rule: typed },
  }
  for (const [what, { changes, rule }] of Object.entries(refused)) {
    it(`rejects ${what}`, async t => {
      const server = await startServer(t)
      await assertRefused(await ping(server, craftToken(server, changes(server))), rule, 'invalid_token', 401)
    })
  }

  for (const claim of ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'scope', 'grant_id']) {
    it(`rejects a token without ${claim} (RFC 9068 section 2.2)`, async t => {
      const server = await startServer(t)
      await assertRefused(await ping(server, craftToken(server, { [claim]: undefined })), typed, 'invalid_token', 401)
    })
  }

  it('rejects the typ JWT, as in an ID token (RFC 9068 section 4)', async t => {
    const server = await startServer(t)
    await assertRefused(await ping(server, craftToken(server, {}, 'JWT')), 'jwt-type-is-access-token', 'invalid_token', 401)
  })

  it('rejects a token of another server with the same key (RFC 8707 section 2)', async t => {
    const [server, other] = [await startServer(t), await startServer(t)]
    await assertRefused(await ping(server, craftToken(other)), 'access-token-issuer-is-ours', 'invalid_token', 401)
  })
})

describe('The MCP server, given a forged token', () => {
  const header = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
  const tokens: Record<string, { make: (valid: string) => string; rule: string }> = {
    'signed with another key (RFC 7515 section 5.2)': {
      make: valid => signJwt('at+jwt', claimsOf(valid), createSecretKey(Buffer.from('another key of 32 bytes for tests'))),
      rule: 'jwt-signature-verifies',
    },
    'with more scope under the old signature (RFC 7515 section 5.2)': {
      make: valid => {
        const [head, , signature] = valid.split('.')
        const payload = Buffer.from(JSON.stringify({ ...claimsOf(valid), scope: 'admin' })).toString('base64url')
        return `${head}.${payload}.${signature}`
      },
      rule: 'jwt-signature-verifies',
    },
    'with alg none (RFC 8725 section 3.1)': {
      make: valid => `${header}.${valid.split('.')[1]}.`, rule: 'jwt-algorithm-is-hs256',
    },
    'with HS512 and the right key (RFC 8725 section 3.1)': {
      make: valid => {
        const head = Buffer.from('{"alg":"HS512","typ":"at+jwt"}').toString('base64url')
        const input = `${head}.${valid.split('.')[1]}`
        return `${input}.${createHmac('sha512', testKey).update(input).digest('base64url')}`
      },
      rule: 'jwt-algorithm-is-hs256',
    },
    'with a critical header parameter (RFC 7515 section 4.1.11)': {
      make: valid => {
        const head = Buffer.from('{"alg":"HS256","typ":"at+jwt","crit":["x"],"x":1}').toString('base64url')
        const input = `${head}.${valid.split('.')[1]}`
        return `${input}.${createHmac('sha256', testKey).update(input).digest('base64url')}`
      },
      rule: 'jwt-has-no-critical-header',
    },
    'with padding at the end (RFC 7515 section 2)': { make: valid => `${valid}=`, rule: 'jwt-signature-verifies' },
    'that is not a JWT (RFC 7515 section 5.2)': { make: () => 'opaque', rule: 'jwt-is-well-formed' },
    'of more than 8192 characters': { make: valid => valid + 'x'.repeat(8192), rule: 'jwt-is-well-formed' },
  }
  for (const [what, { make, rule }] of Object.entries(tokens)) {
    it(`rejects one ${what}`, async t => {
      const server = await startServer(t)
      await assertRefused(await ping(server, make(craftToken(server))), rule, 'invalid_token', 401)
    })
  }

  it('rejects a refresh token', async t => {
    const { server, refresh_token } = await startWithTokens(t)
    await assertRefused(await ping(server, refresh_token), 'jwt-is-well-formed', 'invalid_token', 401)
  })
})
