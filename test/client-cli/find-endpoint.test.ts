import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMcpServer } from '../../src/client/cli/find-endpoint.ts'
import { html, json, startPeer, type Answer } from '../peer.ts'

describe('isMcpServer()', () => {
  const answers: readonly (readonly [string, Answer, boolean])[] = [
    ['protected resource metadata', json({ resource: 'http://localhost:8000/mcp' }), true],
    ['a page', html(), false],
    ['other JSON', json({ status: 'ok' }), false],
    ['a resource that is not a string', json({ resource: 7 }), false],
    ['metadata with another status', json({ resource: 'http://localhost:8000/mcp' }, 404), false],
  ]
  for (const [what, answer, expected] of answers) {
    it(`returns ${expected} if the well-known URI answers with ${what}`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /.well-known/oauth-protected-resource', answer)
      assert.equal(await isMcpServer(peer.url), expected)
    })
  }

  it('returns false if nothing listens', async t => {
    const peer = await startPeer(t)
    await peer.close()
    assert.equal(await isMcpServer(peer.url), false)
  })
})
