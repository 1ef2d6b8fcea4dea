import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { ClientCredentialsGrant } from '../../src/client/extensions/client-credentials.ts'
import { identityAssertion, type IdentityProvider } from '../../src/client/extensions/identity-assertion.ts'
import { JwtBearerGrant } from '../../src/client/extensions/jwt-bearer.ts'
import type { McpClient, McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { StoredTokens } from '../../src/core/client/seams/storage.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, assertRefusal, assertUntrusted, clientOf, formOf, html, json, record, redirectTo, startPeer,
  validTokens, type Answer, type Peer, type Received,
} from '../peer.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const scopes_supported = ['a', 'b', 'offline_access']
const tokens = json(validTokens({ refresh_token: undefined }))

/** A peer that is both servers. There is no user agent, so only a grant without a user yields tokens. */
async function start(t: TestContext, metadata: Members = {}, resource: Members = { scopes_supported: ['a', 'b'] }): Promise<Peer> {
  const peer = await startPeer(t)
  addAuthorizationServer(peer, { metadata: { scopes_supported, token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'], ...metadata } })
  addMcpServer(peer, peer.url, { resource })
  peer.on('POST /token', tokens)
  return peer
}

function clientCredentials({ url }: Peer, identity: McpClientOptions['identity'] & {}, options: Partial<McpClientOptions> = {}): McpClient {
  return clientOf(url, { identity, grant: registrar => new ClientCredentialsGrant(registrar), ...options })
}

/** What the token endpoint received. */
function tokenRequest(peer: Peer): Received {
  assert.equal(peer.to('POST /token').length, 1)
  return peer.to('POST /token')[0]!
}

describe('The client credentials grant', () => {
  const withSecret = { client_id: 'the client', client_secret: 's+e/c' }

  it('sends scope and resource, and nothing else (RFC 6749 section 4.4.2, RFC 8707 section 2)', async t => {
    const peer = await start(t)
    await clientCredentials(peer, withSecret).connect()
    assert.deepEqual(formOf(tokenRequest(peer)), { grant_type: 'client_credentials', scope: 'a b', resource: `${peer.url}/mcp` })
  })

  it('does not request offline_access, because there is no user (MCP 2026-07-28 basic/authorization, Refresh Tokens)', async t => {
    const peer = await start(t, {}, { scopes_supported: ['a', 'offline_access'] })
    await clientCredentials(peer, withSecret).connect()
    assert.equal(formOf(tokenRequest(peer))['scope'], 'a')
  })

  it('omits scope if there is none to request', async t => {
    const peer = await start(t, {}, {})
    await clientCredentials(peer, withSecret).connect()
    assert.equal('scope' in formOf(tokenRequest(peer)), false)
  })

  it('omits resource if sendResource is false', async t => {
    const peer = await start(t)
    await clientCredentials(peer, withSecret, { sendResource: false }).connect()
    assert.equal('resource' in formOf(tokenRequest(peer)), false)
  })

  it('authenticates with Basic if the server supports it (RFC 6749 section 2.3.1)', async t => {
    const peer = await start(t)
    await clientCredentials(peer, withSecret).connect()
    assert.equal(tokenRequest(peer).headers.authorization, `Basic ${Buffer.from('the+client:s%2Be%2Fc').toString('base64')}`)
  })

  it('authenticates with Basic if the metadata lists no method (RFC 8414 section 2)', async t => {
    const peer = await start(t, { token_endpoint_auth_methods_supported: undefined })
    await clientCredentials(peer, withSecret).connect()
    assert.match(tokenRequest(peer).headers.authorization!, /^Basic /)
  })

  it('authenticates in the body if the server supports nothing else (RFC 6749 section 2.3.1)', async t => {
    const peer = await start(t, { token_endpoint_auth_methods_supported: ['client_secret_post'] })
    await clientCredentials(peer, withSecret).connect()
    const { client_id, client_secret } = formOf(tokenRequest(peer))
    assert.deepEqual({ client_id, client_secret }, withSecret)
    assert.equal(tokenRequest(peer).headers.authorization, undefined)
  })

  it('authenticates with an assertion for the issuer if the client has a key (RFC 7523 section 2.2)', async t => {
    const peer = await start(t, { token_endpoint_auth_methods_supported: ['private_key_jwt'] })
    await clientCredentials(peer, { client_id: 'the client', privateKey }).connect()
    const { client_assertion, ...form } = formOf(tokenRequest(peer))
    assert.deepEqual(form, {
      grant_type: 'client_credentials', scope: 'a b', resource: `${peer.url}/mcp`, client_id: 'the client',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    const [header, claims, signature] = (client_assertion as string).split('.')
    const { iss, sub, aud } = JSON.parse(Buffer.from(claims!, 'base64url').toString()) as Members
    assert.deepEqual({ iss, sub, aud }, { iss: 'the client', sub: 'the client', aud: peer.url })
    const key = { key: createPublicKey(privateKey), dsaEncoding: 'ieee-p1363' } as const
    assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature!, 'base64url')))
  })

  it('neither registers nor visits the authorization endpoint', async t => {
    const peer = await start(t)
    await clientCredentials(peer, withSecret).connect()
    assert.deepEqual(peer.targets().filter(target => /register|authorize$/.test(target)), [])
  })

  it('works without an authorization endpoint and without PKCE (RFC 8414 section 2)', async t => {
    const peer = await start(t, { authorization_endpoint: undefined, code_challenge_methods_supported: undefined, registration_endpoint: undefined })
    await clientCredentials(peer, withSecret).connect()
    assert.equal(peer.to('POST /token').length, 1)
  })

  it('is repeated if the token is rejected or has expired, because there is no refresh token (RFC 6749 section 4.4.3)', async t => {
    const peer = await start(t)
    const storage = new MemoryStorage()
    let time = 1_000_000
    const client = (): McpClient => clientCredentials(peer, withSecret, { storage, now: () => time })
    await client().connect()
    await client().connect()
    assert.equal(peer.to('POST /token').length, 1)
    time += 3601
    await client().connect()
    assert.deepEqual(peer.to('POST /token').map(formOf).map(({ grant_type }) => grant_type), ['client_credentials', 'client_credentials'])
  })

  it('does not use the tokens of another client, such as those of a user', async t => {
    const peer = await start(t)
    const storage = new MemoryStorage()
    peer.on('POST /token', json(validTokens({ access_token: 'of-the-user' })))
    await clientOf(peer.url, { storage }).connect()
    peer.on('POST /token', json(validTokens({ access_token: 'of-the-job' })))
    await clientCredentials(peer, withSecret, { storage }).connect()
    assert.equal(peer.to('POST /mcp').at(-1)!.headers.authorization, 'Bearer of-the-job')
    assert.deepEqual(peer.to('POST /token').map(formOf).map(({ grant_type }) => grant_type), ['authorization_code', 'client_credentials'])
  })

  it('is repeated to renew the tokens', async t => {
    const peer = await start(t)
    const { authorizer } = clientCredentials(peer, withSecret)
    await authorizer.authorize()
    await authorizer.renew()
    assert.equal(peer.to('POST /token').length, 2)
  })

  it('is replaced by a refresh token if the server issues one anyway', async t => {
    const peer = await start(t)
    peer.on('POST /token', json(validTokens()))
    const { authorizer } = clientCredentials(peer, withSecret)
    await authorizer.authorize()
    await authorizer.renew()
    assert.deepEqual(peer.to('POST /token').map(formOf).map(({ grant_type }) => grant_type), ['client_credentials', 'refresh_token'])
  })

  it('steps up without asking a user (MCP 2026-07-28 basic/authorization, Step-Up Authorization Flow)', async t => {
    const peer = await start(t, {}, {})
    const insufficient = { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="wide"' } }
    const client = clientCredentials(peer, withSecret)
    await client.connect()
    peer.on('POST /mcp', () => peer.to('POST /token').length < 2 ? insufficient : html())
    await assertUntrusted(client.listTools(), 'answer-is-json-rpc')
    assert.equal(formOf(peer.to('POST /token')[1]!)['scope'], 'wide')
  })

  it('reports the refusal, and does not retry (RFC 6749 section 5.2)', async t => {
    const peer = await start(t)
    peer.on('POST /token', json({ error: 'invalid_client', error_description: 'wrong secret' }, 401))
    const storage = new MemoryStorage()
    for (const attempt of [1, 2]) {
      await assertRefusal(clientCredentials(peer, withSecret, { storage }).connect(), 'tokens-are-granted', 'invalid_client')
      assert.equal(peer.to('POST /token').length, attempt)
    }
  })

  it('needs a client_id', async t => {
    await assertUntrusted(clientCredentials(await start(t), {}).connect(), 'registration-is-possible')
  })
})

describe('The JWT bearer grant', () => {
  const identity = { client_id: 'the client' }

  function jwtBearer({ url }: Peer, options: Partial<McpClientOptions> = {}): McpClient {
    return clientOf(url, { identity, grant: registrar => new JwtBearerGrant(registrar, async () => 'the.workload.jwt'), ...options })
  }

  it('exchanges the assertion for tokens (RFC 7523 section 2.1)', async t => {
    const peer = await start(t)
    await jwtBearer(peer).connect()
    assert.deepEqual(formOf(tokenRequest(peer)), {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'the.workload.jwt', scope: 'a b', resource: `${peer.url}/mcp`,
      client_id: 'the client',
    })
  })

  it('is sent with client authentication if the client has a secret (RFC 7521 section 4.1)', async t => {
    const peer = await start(t)
    await jwtBearer(peer, { identity: { ...identity, client_secret: 'secret' } }).connect()
    assert.match(tokenRequest(peer).headers.authorization!, /^Basic /)
    assert.equal('client_id' in formOf(tokenRequest(peer)), false)
  })

  it('omits scope and resource if there is nothing to send', async t => {
    const peer = await start(t, {}, {})
    await jwtBearer(peer, { sendResource: false }).connect()
    assert.deepEqual(Object.keys(formOf(tokenRequest(peer))), ['grant_type', 'assertion', 'client_id'])
  })

  it('gets the assertion anew each time, so that it can be a fresh one', async t => {
    const peer = await start(t)
    let count = 0
    const { authorizer } = jwtBearer(peer, { grant: registrar => new JwtBearerGrant(registrar, async () => `assertion-${++count}`) })
    await authorizer.authorize()
    await authorizer.authorize()
    assert.deepEqual(peer.to('POST /token').map(formOf).map(({ assertion }) => assertion), ['assertion-1', 'assertion-2'])
  })

  it('reports an assertion that the server rejects (RFC 7523 section 3.1)', async t => {
    const peer = await start(t)
    peer.on('POST /token', json({ error: 'invalid_grant', error_description: 'audience' }, 400))
    await assertRefusal(jwtBearer(peer).connect(), 'tokens-are-granted', 'invalid_grant')
  })
})

describe('Enterprise-managed authorization', () => {
  const idJag = 'urn:ietf:params:oauth:token-type:id-jag'
  const exchanged = { issued_token_type: idJag, access_token: 'the.id.jag', token_type: 'N_A', expires_in: 300 }

  interface Enterprise {
    readonly provider: Peer
    readonly peer: Peer
    connect(options?: Partial<McpClientOptions>): Promise<unknown>
    stored(): Promise<StoredTokens | undefined>
  }

  /** An MCP server whose authorization server accepts what the identity provider issues. */
  async function enterprise(t: TestContext, answer: Answer = json(exchanged), changes: Partial<IdentityProvider> = {}): Promise<Enterprise> {
    const provider = await startPeer(t)
    provider.on('POST /token', answer)
    const peer = await start(t)
    const storage = new MemoryStorage()
    const source = identityAssertion({ token_endpoint: `${provider.url}/token`, client_id: 'at-the-idp', id_token: 'the.id.token', ...changes })
    return {
      provider, peer,
      connect: (options = {}) => clientOf(peer.url, {
        storage, identity: { client_id: 'the client', client_secret: 'secret' }, grant: registrar => new JwtBearerGrant(registrar, source), ...options,
      }).connect(),
      stored: async () => (await storage.read()).servers[`${peer.url}/mcp`],
    }
  }

  it('exchanges the ID token for an ID-JAG for the authorization server of the MCP server (RFC 8693 section 2.1)', async t => {
    const { provider, peer, connect } = await enterprise(t)
    await connect()
    assert.deepEqual(formOf(tokenRequest(provider)), {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', requested_token_type: idJag, subject_token: 'the.id.token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token', audience: peer.url, resource: `${peer.url}/mcp`, scope: 'a b',
      client_id: 'at-the-idp',
    })
  })

  it('exchanges the ID-JAG for tokens as the client of the MCP server (RFC 7523 section 2.1)', async t => {
    const { peer, connect } = await enterprise(t)
    await connect()
    const { grant_type, assertion } = formOf(tokenRequest(peer))
    assert.deepEqual({ grant_type, assertion }, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'the.id.jag' })
    assert.equal(tokenRequest(peer).headers.authorization, `Basic ${Buffer.from('the+client:secret').toString('base64')}`)
  })

  it('never sends the client_secret to the identity provider', async t => {
    const { provider, connect } = await enterprise(t)
    await connect()
    const [request] = provider.received
    assert.equal(request!.headers.authorization, undefined)
    assert.equal(request!.body.includes('secret'), false)
  })

  for (const [what, changes] of [
    ['an access token', { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }],
    ['a JWT of another kind', { issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' }],
    ['something without a type', { issued_token_type: undefined }],
    ['nothing', { access_token: undefined }],
    ['a list', { access_token: ['the.id.jag'] }],
  ] as const) {
    it(`stops if the identity provider returns ${what} (RFC 8693 section 2.2.1)`, async t => {
      const { connect, peer, stored } = await enterprise(t, json({ ...exchanged, ...changes }))
      await assertUntrusted(connect(), 'token-response-is-complete')
      assert.equal(peer.to('POST /token').length, 0)
      assert.equal(await stored(), undefined)
    })
  }

  it('reports the refusal of the identity provider (RFC 8693 section 2.2.2)', async t => {
    const { connect, peer } = await enterprise(t, json({ error: 'invalid_grant', error_description: 'the policy says no' }, 400))
    const { message } = await assertRefusal(connect(), 'tokens-are-granted', 'invalid_grant')
    assert.match(message, /the policy says no/)
    assert.equal(peer.to('POST /token').length, 0)
  })

  it('follows no redirect of the identity provider, which could steal the ID token', async t => {
    const elsewhere = await startPeer(t)
    const { connect } = await enterprise(t, redirectTo(`${elsewhere.url}/token`, 307))
    await assertRefusal(connect(), 'tokens-are-granted', 'HTTP 307')
    assert.equal(elsewhere.received.length, 0)
  })

  it('rejects a page instead of JSON (RFC 8693 section 2.2)', async t => {
    await assertUntrusted((await enterprise(t, html())).connect(), 'document-is-json')
  })

  for (const token_endpoint of ['http://idp.example/token', 'ftp://idp.example/token', 'https://user@idp.example/token', 'idp.example/token']) {
    it(`sends no ID token to ${token_endpoint} (OAuth 2.1 section 1.5)`, async t => {
      const { connect } = await enterprise(t, json(exchanged), { token_endpoint })
      await assertUntrusted(connect(), 'endpoint-is-secure')
    })
  }

  it('shows no token in the trace', async t => {
    const { connect } = await enterprise(t)
    const { trace, ...recorded } = record()
    await connect({ trace })
    const text = JSON.stringify(recorded)
    for (const secret of ['the.id.token', 'the.id.jag', 'access-0', Buffer.from('the+client:secret').toString('base64')]) {
      assert.equal(text.includes(secret), false, secret)
    }
  })
})
