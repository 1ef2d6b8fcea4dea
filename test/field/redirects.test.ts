/** Redirects: frameworks add a slash to a path, and servers move their metadata. Only those that stay on their origin are followed. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from '../harness.ts'
import {
  addOpenServer, assertFails, assertUntrusted, clientOf, legacyMethods, modernAnswer, record, redirectTo, sessionId, startHonestPeer,
  startPeer, validTokens, json, type AuthorizationServerPeer, type Peer, type Received,
} from '../peer.ts'

const resourceMetadata = 'GET /.well-known/oauth-protected-resource/mcp'
const serverMetadata = 'GET /.well-known/oauth-authorization-server'

/** A peer that answers `target` at `/moved`, and redirects to it. */
async function move(
  t: TestContext, target: string, status: number, location: (peer: Peer) => string = () => '/moved',
): Promise<Peer & AuthorizationServerPeer> {
  const peer = await startHonestPeer(t)
  const [method, path] = target.split(' ') as [string, string]
  peer.on(`${method} /moved`, peer.route(target)!)
  peer.on(`${method} ${path}`, redirectTo(location(peer), status))
  return peer
}

describe('A GET of metadata follows a redirect on its origin (RFC 9110 section 15.4)', () => {
  for (const target of [resourceMetadata, serverMetadata]) {
    for (const status of [301, 302, 303, 307, 308]) {
      it(`${target}, ${status}`, async t => {
        const peer = await move(t, target, status)
        await clientOf(peer.url).authorizer.authorize()
        assert.equal(peer.to('GET /moved').length, 1)
      })
    }
  }

  const locations: Record<string, (peer: Peer) => string> = {
    'an absolute URL': ({ url }) => `${url}/moved`,
    'a URL without its scheme': ({ url }) => url.replace('http:', '') + '/moved',
    'a path that is relative to the path of the request': () => '../moved',
    'a fragment': () => '/moved#part',
    'a query': () => '/moved?version=2',
    'its scheme in capitals': ({ url }) => url.replace('http:', 'HTTP:') + '/moved',
  }
  for (const [what, location] of Object.entries(locations)) {
    it(`to a Location with ${what}`, async t => {
      const peer = await move(t, serverMetadata, 302, location)
      await clientOf(peer.url).authorizer.authorize()
      assert.equal(peer.to('GET /moved').length, 1)
    })
  }

  it('from one URL to the next, five times', async t => {
    const peer = await move(t, serverMetadata, 302, () => '/1')
    for (const i of [1, 2, 3, 4]) peer.on(`GET /${i}`, redirectTo(i === 4 ? '/moved' : `/${i + 1}`, 302))
    assert.ok(await clientOf(peer.url).authorizer.authorize())
  })

  it('and says so', async t => {
    const peer = await move(t, resourceMetadata, 302)
    const { trace, notes } = record()
    await clientOf(peer.url, { trace }).authorizer.authorize()
    assert.ok(notes.includes(`${peer.url}/.well-known/oauth-protected-resource/mcp redirects to ${peer.url}/moved (302)`), notes.join('\n'))
  })
})

describe('A request to the MCP endpoint follows a redirect on its origin, as from /mcp to /mcp/', () => {
  async function startSlashPeer(t: TestContext, status: number): Promise<Peer & AuthorizationServerPeer> {
    const peer = await startHonestPeer(t)
    for (const method of ['GET', 'POST', 'DELETE']) {
      const route = peer.route(`${method} /mcp`)
      if (route) peer.on(`${method} /mcp/`, route)
      peer.on(`${method} /mcp`, redirectTo('/mcp/', status))
    }
    return peer
  }

  for (const status of [307, 308]) {
    it(`after ${status}: the whole flow`, async t => {
      const peer = await startSlashPeer(t, status)
      const client = clientOf(peer.url)
      await client.connect()
      assert.deepEqual((await client.listTools()).map(({ name }) => name), ['echo'])
      assert.deepEqual((await client.callTool('echo', { a: 1 }))['content'], [{ type: 'text', text: '{"a":1}' }])
    })

    it(`after ${status}, with the body and the token`, async t => {
      const peer = await startSlashPeer(t, status)
      const client = clientOf(peer.url)
      await client.connect()
      await client.listTools()
      const [first, second] = [peer.to('POST /mcp').at(-1)!, peer.to('POST /mcp/').at(-1)!]
      assert.equal(second.body, first.body)
      assert.match(second.headers.authorization ?? '', /^Bearer /)
    })
  }

  it('with a proof of its own for a token that is bound to a key (RFC 9449 section 4.2)', async t => {
    const peer = await startSlashPeer(t, 307)
    peer.on('POST /token', json(validTokens({ token_type: 'DPoP' })))
    const guard = (received: Received) => received.headers.authorization?.startsWith('DPoP ')
      ? modernAnswer(received) : { status: 401, headers: { 'www-authenticate': `DPoP resource_metadata="${peer.url}/.well-known/oauth-protected-resource/mcp"` } }
    peer.on('POST /mcp/', guard)
    const client = clientOf(peer.url, { dpop: true })
    await client.connect()
    const [first, second] = [peer.to('POST /mcp').at(-1)!, peer.to('POST /mcp/').at(-1)!]
    assert.deepEqual([first, second].map(htuOf), [`${peer.url}/mcp`, `${peer.url}/mcp/`])
  })

  it('to end a session', async t => {
    const peer = await startPeer(t)
    addOpenServer(peer, legacyMethods())
    peer.on('DELETE /mcp', redirectTo('/mcp/', 307))
    const client = clientOf(peer.url)
    await client.connect()
    await client.close()
    assert.equal(peer.to('DELETE /mcp/')[0]?.headers['mcp-session-id'], sessionId)
  })
})

describe('A registration or a token request follows a redirect on its origin after 307 and 308', () => {
  for (const target of ['POST /register', 'POST /token']) {
    for (const status of [307, 308]) {
      it(`${target}, ${status}`, async t => {
        const peer = await move(t, target, status, () => '/moved')
        assert.ok((await clientOf(peer.url).authorizer.authorize()).access_token)
        assert.equal(peer.to('POST /moved')[0]?.body, peer.to(target)[0]?.body)
      })
    }
  }
})

describe('A redirect that is not followed is named, with its Location and what to do', () => {
  const locations: Record<string, [(peer: Peer) => string, RegExp]> = {
    'another host': [() => 'https://mcp.example.com/mcp', /answered 307 with the Location https:\/\/mcp\.example\.com\/mcp, which is on another origin/],
    'another port': [() => 'http://127.0.0.1:1/mcp', /which is on another origin/],
    'another scheme': [({ url }) => url.replace('http:', 'https:') + '/mcp/', /which is on another origin/],
    'localhost for 127.0.0.1': [({ url }) => url.replace('127.0.0.1', 'localhost') + '/mcp/', /which is on another origin/],
    'another host, without its scheme': [() => '//evil.example/mcp', /which is on another origin/],
    'another host, with backslashes': [() => '\\\\evil.example\\mcp', /which is on another origin/],
    'a user name': [({ url }) => url.replace('//', '//user@') + '/moved', /which has a user name/],
    'a script': [() => 'javascript:alert(1)', /which is on another origin/],
    'no URL': [() => 'http://[', /the Location http:\/\/\[, which is not a URL/],
    'itself': [() => '/mcp', /answered 307, which is one redirect too many/],
  }
  for (const [what, [location, problem]] of Object.entries(locations)) {
    it(`to ${what}`, async t => {
      const peer = await startPeer(t)
      peer.on('POST /mcp', redirectTo(location(peer), 307))
      const { message, remedy } = await assertUntrusted(clientOf(peer.url).connect(), 'redirect-stays-on-origin')
      assert.match(message, problem)
      assert.match(remedy!, /--server-url/)
      assert.deepEqual([...new Set(peer.targets())], ['POST /mcp'])
    })
  }

  for (const status of [301, 302, 303]) {
    it(`${status} after a POST`, async t => {
      const peer = await startPeer(t)
      peer.on('POST /mcp', redirectTo('/mcp/', status))
      const { message } = await assertUntrusted(clientOf(peer.url).connect(), 'redirect-stays-on-origin')
      assert.match(message, new RegExp(`answered ${status} with the Location /mcp/, which would turn the POST into a GET`))
    })
  }

  it('307 without a Location', async t => {
    const peer = await startPeer(t)
    peer.on('POST /mcp', { status: 307 })
    const { message } = await assertUntrusted(clientOf(peer.url).connect(), 'redirect-stays-on-origin')
    assert.match(message, /answered 307 without a Location/)
  })

  it('with two Locations', async t => {
    const peer = await startPeer(t)
    peer.on('POST /mcp', { status: 307, headers: { location: ['https://evil.example/', '/mcp/'] } })
    const { message } = await assertUntrusted(clientOf(peer.url).connect(), 'redirect-stays-on-origin')
    assert.match(message, /https:\/\/evil\.example\/, \/mcp\//)
  })

  for (const [target, rule] of [['POST /token', 'tokens-are-granted'], ['POST /register', 'registration-is-accepted']] as const) {
    it(`of ${target} to another origin`, async t => {
      const [peer, thief] = [await startHonestPeer(t), await startPeer(t)]
      peer.on(target, redirectTo(`${thief.url}/moved`, 307))
      const { message } = await assertFails(clientOf(peer.url).authorizer.authorize(), { rule, exitCode: 4 })
      assert.match(message, /307 with the Location http:\S+\/moved, which is on another origin/)
      assert.deepEqual(thief.received, [])
    })
  }
})

function htuOf({ headers }: Received): string {
  const [, payload = ''] = String(headers['dpop']).split('.')
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { htu: string }).htu
}
