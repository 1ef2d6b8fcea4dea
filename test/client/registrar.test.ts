import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import type { McpClientOptions } from '../../src/client/mcp/mcp-client.ts'
import { MemoryStorage } from '../../src/client/storage/memory-storage.ts'
import type { ClientStorage } from '../../src/core/client/seams/storage.ts'
import type { Members, TestContext } from '../harness.ts'
import {
  addAuthorizationServer, addMcpServer, assertRefusal, assertUntrusted, changeTokens, clientOf, formOf, json, jsonOf, record,
  startHonestPeer, startPeer, type Peer,
} from '../peer.ts'

type ClientIdentity = NonNullable<McpClientOptions['identity']>

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const client_metadata_url = 'https://app.example.com/client.json'
const withDocuments = { client_id_metadata_document_supported: true }

/** Connects to a peer, and returns the client_id of its last authorization request. */
async function connect(t: TestContext, identity: ClientIdentity, metadata: Members = {}): Promise<{ peer: Peer; storage: ClientStorage; client_id: string | null }> {
  const peer = await startHonestPeer(t, { metadata })
  const storage = new MemoryStorage()
  await clientOf(peer.url, { identity, storage }).connect()
  return { peer, storage, client_id: clientIdAt(peer) }
}

function clientIdAt(peer: Peer): string | null {
  return peer.to('GET /authorize').at(-1)!.query.get('client_id')
}

describe('ClientRegistrar: the order', () => {
  it('uses a client that was registered beforehand first (MCP 2026-07-28 basic/authorization/client-registration)', async t => {
    const { peer, client_id } = await connect(t, { client_id: 'by-hand', client_metadata_url }, withDocuments)
    assert.equal(client_id, 'by-hand')
    assert.equal(peer.to('POST /register').length, 0)
  })

  it('uses a metadata document second (MCP 2026-07-28 basic/authorization/client-registration)', async t => {
    const { peer, client_id } = await connect(t, { client_metadata_url }, withDocuments)
    assert.equal(client_id, client_metadata_url)
    assert.equal(peer.to('POST /register').length, 0)
  })

  it('uses dynamic registration third (MCP 2026-07-28 basic/authorization/client-registration)', async t => {
    const { peer, client_id } = await connect(t, {}, withDocuments)
    assert.equal(peer.to('POST /register').length, 1)
    assert.match(client_id!, /^client-/)
  })

  for (const supported of [undefined, false, 'true', 1]) {
    it(`registers if client_id_metadata_document_supported is ${JSON.stringify(supported) ?? 'absent'}, and says so`, async t => {
      const peer = await startHonestPeer(t, { metadata: { client_id_metadata_document_supported: supported } })
      const { trace, notes } = record()
      await clientOf(peer.url, { identity: { client_metadata_url }, trace }).connect()
      assert.match(clientIdAt(peer)!, /^client-/)
      assert.match(notes.join('\n'), /does not support metadata documents/)
    })
  }

  it('names the choices if none of the three is possible', async t => {
    const peer = await startHonestPeer(t, { metadata: { registration_endpoint: undefined } })
    const { message, remedy } = await assertUntrusted(clientOf(peer.url).connect(), 'registration-is-possible')
    assert.equal(message, `${peer.url} has no registration_endpoint, and the client has no client_id for it`)
    for (const option of ['--client-id', '--client-secret', '--private-key', '--client-metadata-url']) assert.ok(remedy?.includes(option), option)
  })
})

describe('ClientRegistrar: a client that was registered beforehand', () => {
  it('needs no registration endpoint', async t => {
    const { client_id } = await connect(t, { client_id: 'by-hand' }, { registration_endpoint: undefined })
    assert.equal(client_id, 'by-hand')
  })

  const methods: readonly (readonly [string, ClientIdentity, Members, string])[] = [
    ['none without a secret', {}, { token_endpoint_auth_methods_supported: ['client_secret_basic'] }, 'none'],
    ['Basic with a secret', { client_secret: 's' }, { token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'] }, 'client_secret_basic'],
    ['Basic if the server lists no method', { client_secret: 's' }, { token_endpoint_auth_methods_supported: undefined }, 'client_secret_basic'],
    ['Basic if the server lists only other methods', { client_secret: 's' }, { token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'] }, 'client_secret_basic'],
    ['post if the server supports nothing else', { client_secret: 's' }, { token_endpoint_auth_methods_supported: ['client_secret_post'] }, 'client_secret_post'],
    ['private_key_jwt with a key', { privateKey }, { token_endpoint_auth_methods_supported: ['private_key_jwt'] }, 'private_key_jwt'],
  ]
  for (const [what, identity, metadata, expected] of methods) {
    it(`authenticates by ${what} (RFC 8414 section 2)`, async t => {
      const { peer, storage } = await connect(t, { client_id: 'by-hand', ...identity }, metadata)
      assert.equal((await storage.read()).registrations[peer.url]?.token_endpoint_auth_method, expected)
    })
  }

  it('sends its secret to the token endpoint and nowhere else', async t => {
    const { peer } = await connect(t, { client_id: 'by-hand', client_secret: 'the-secret' }, { token_endpoint_auth_methods_supported: ['client_secret_post'] })
    const shown = peer.received.filter(request => JSON.stringify({ ...request, query: String(request.query) }).includes('the-secret'))
    assert.deepEqual(shown.map(({ path }) => path), ['/token'])
  })

  it('is bound to the issuer where it was first used (MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding)', async t => {
    const identity = { client_id: 'by-hand', client_secret: 'the-secret' }
    const { peer, storage } = await connect(t, identity)
    const evil = await startHonestPeer(t)
    const { message } = await assertUntrusted(clientOf(evil.url, { identity, storage }).connect(), 'credentials-belong-to-issuer')
    assert.equal(message, `the client_id belongs to ${peer.url}, but the MCP server now names ${evil.url}`)
    assert.deepEqual([evil.to('POST /token').length, evil.to('GET /authorize').length], [0, 0])
  })

  it('stays bound when its own MCP server names another authorization server (MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding)', async t => {
    const identity = { client_id: 'by-hand', client_secret: 'the-secret' }
    const { peer, storage } = await connect(t, identity)
    const evil = await startPeer(t)
    addAuthorizationServer(evil)
    addMcpServer(peer, evil.url, { accepts: () => false })
    await changeTokens(storage, peer.url, { refresh_token: undefined })
    await assertUntrusted(clientOf(peer.url, { identity, storage }).connect(), 'credentials-belong-to-issuer')
    assert.equal(evil.to('POST /token').length, 0)
  })

  it('is used at two MCP servers of one authorization server', async t => {
    const identity = { client_id: 'by-hand' }
    const { peer, storage } = await connect(t, identity)
    const other = await startPeer(t)
    addMcpServer(other, peer.url)
    await clientOf(other.url, { identity, storage }).connect()
    assert.equal(peer.to('GET /authorize').length, 2)
  })

  it('neither registers again nor asks the user again if the server does not know it (RFC 6749 section 5.2)', async t => {
    const peer = await startHonestPeer(t)
    peer.on('POST /token', json({ error: 'invalid_client' }, 401))
    const storage = new MemoryStorage()
    for (const attempt of [1, 2]) {
      const client = clientOf(peer.url, { identity: { client_id: 'by-hand' }, storage })
      await assertRefusal(client.connect(), 'tokens-are-granted', 'invalid_client')
      assert.equal(peer.to('GET /authorize').length, attempt)
    }
    assert.equal(peer.to('POST /register').length, 0)
  })

  it('replaces a dynamic registration at its issuer', async t => {
    const { peer, storage } = await connect(t, {})
    await clientOf(peer.url, { identity: { client_id: 'by-hand' }, storage }).authorizer.authorize()
    assert.equal((await storage.read()).registrations[peer.url]?.client_id, 'by-hand')
    assert.equal(clientIdAt(peer), 'by-hand')
  })
})

describe('ClientRegistrar: a metadata document', () => {
  it('is public without a key (draft-ietf-oauth-client-id-metadata-document section 4.1)', async t => {
    const { peer } = await connect(t, { client_metadata_url }, withDocuments)
    const [request] = peer.to('POST /token')
    assert.equal(formOf(request!)['client_id'], client_metadata_url)
    assert.equal(request!.headers.authorization, undefined)
  })

  it('authenticates with its key if it has one (draft-ietf-oauth-client-id-metadata-document section 6.2)', async t => {
    const { peer } = await connect(t, { client_metadata_url, privateKey }, withDocuments)
    const { client_id, client_assertion_type, client_assertion } = formOf(peer.to('POST /token')[0]!)
    const { iss, sub, aud } = JSON.parse(Buffer.from((client_assertion as string).split('.')[1]!, 'base64url').toString()) as Members
    assert.deepEqual({ client_id, client_assertion_type, iss, sub, aud }, {
      client_id: client_metadata_url, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      iss: client_metadata_url, sub: client_metadata_url, aud: peer.url,
    })
  })

  it('means the same client at every authorization server, so nothing is remembered', async t => {
    const { storage } = await connect(t, { client_metadata_url }, withDocuments)
    assert.deepEqual((await storage.read()).registrations, {})
    const other = await startHonestPeer(t, { metadata: withDocuments })
    await clientOf(other.url, { identity: { client_metadata_url }, storage }).connect()
    assert.equal(clientIdAt(other), client_metadata_url)
  })

  it('does not change an earlier registration', async t => {
    const { peer, storage } = await connect(t, {}, withDocuments)
    const before = (await storage.read()).registrations
    await clientOf(peer.url, { identity: { client_metadata_url }, storage }).authorizer.authorize()
    assert.equal(clientIdAt(peer), client_metadata_url)
    assert.deepEqual((await storage.read()).registrations, before)
  })

  it('refreshes its tokens as itself', async t => {
    const { peer, storage } = await connect(t, { client_metadata_url, privateKey }, withDocuments)
    await clientOf(peer.url, { identity: { client_metadata_url, privateKey }, storage }).authorizer.renew()
    const { grant_type, client_id, client_assertion } = formOf(peer.to('POST /token')[1]!)
    assert.deepEqual([grant_type, client_id, typeof client_assertion], ['refresh_token', client_metadata_url, 'string'])
  })

  it('says that the key is missing if the tokens are refreshed without it', async t => {
    const { peer, storage } = await connect(t, { client_metadata_url, privateKey }, withDocuments)
    await assert.rejects(clientOf(peer.url, { storage }).authorizer.renew(), {
      exitCode: 2, message: `the client ${client_metadata_url} authenticates with a private key, which is missing`, remedy: 'Pass it with --private-key.',
    })
  })
})

describe('ClientRegistrar: dynamic registration', () => {
  it('is repeated when the MCP server names another authorization server (MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding)', async t => {
    const { peer, storage, client_id } = await connect(t, {})
    const next = await startPeer(t)
    addAuthorizationServer(next)
    let issued: string | undefined
    addMcpServer(peer, next.url, { accepts: token => token === issued })
    await changeTokens(storage, peer.url, { refresh_token: undefined })
    next.on('POST /token', () => json({ access_token: issued = 'of-the-next', token_type: 'Bearer' }))
    await clientOf(peer.url, { storage }).connect()
    assert.equal(next.to('POST /register').length, 1)
    assert.notEqual(clientIdAt(next), client_id)
    assert.deepEqual(Object.keys((await storage.read()).registrations).sort(), [peer.url, next.url].sort())
    assert.equal((await storage.read()).servers[`${peer.url}/mcp`]?.issuer, next.url)
  })

  it('shows a new authorization server nothing of the old one (MCP 2026-07-28 basic/authorization/client-registration, Authorization Server Binding)', async t => {
    const peer = await startHonestPeer(t, { metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } })
    const storage = new MemoryStorage()
    await clientOf(peer.url, { storage }).connect()
    const next = await startHonestPeer(t)
    addMcpServer(peer, next.url, { accepts: token => !peer.secrets.includes(token) })
    await clientOf(peer.url, { storage }).connect()
    const sent = JSON.stringify(next.received.map(request => ({ ...request, query: String(request.query) })))
    for (const secret of peer.secrets) assert.equal(sent.includes(secret), false)
    assert.equal(jsonOf(next.to('POST /register')[0]!)['client_id'], undefined)
  })

  it('is kept for its issuer, and reused when the MCP server names that issuer again', async t => {
    const { peer, storage } = await connect(t, {})
    await clientOf(peer.url, { storage }).authorizer.authorize()
    assert.equal(peer.to('POST /register').length, 1)
  })
})
