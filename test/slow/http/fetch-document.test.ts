import assert from 'node:assert/strict'
import { it } from 'node:test'
import { documentFetcher } from '../../../src/base/http/fetch-document.ts'
import { startDocumentServer } from '../../document-server.ts'

it('A document is waited for 5 seconds, even if its body drips', { timeout: 60_000 }, async t => {
  const documents = await startDocumentServer(t)
  const url = documents.put('/drip', (_incoming, outgoing) => {
    const timer = setInterval(() => outgoing.write(' '), 20)
    outgoing.on('close', () => clearInterval(timer))
  })
  await assert.rejects(documentFetcher({ allowLoopback: true })(url, 1000), { message: 'it did not answer within 5 s', temporary: true })
})
