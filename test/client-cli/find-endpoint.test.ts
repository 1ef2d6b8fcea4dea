import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answersMcp } from '../../src/client/cli/find-endpoint.ts'
import { html, json, startPeer, type Answer } from '../peer.ts'

describe('answersMcp()', () => {
  const answers: readonly (readonly [string, Answer, boolean])[] = [
    ['protected resource metadata', json({ resource: 'http://localhost:8000/mcp' }), true],
    ['a page', html(), false],
    ['JSON of something else', json({ status: 'ok' }), false],
    ['a resource that is no text', json({ resource: 7 }), false],
    ['metadata with another status', json({ resource: 'http://localhost:8000/mcp' }, 404), false],
  ]
  for (const [what, answer, expected] of answers) {
    it(`takes a server that answers the well-known URI with ${what} ${expected ? 'for an MCP server' : 'for none'}`, async t => {
      const peer = await startPeer(t)
      peer.on('GET /.well-known/oauth-protected-resource', answer)
      assert.equal(await answersMcp(peer.url), expected)
    })
  }

  it('takes nobody for none', async t => {
    const peer = await startPeer(t)
    await peer.close()
    assert.equal(await answersMcp(peer.url), false)
  })
})
