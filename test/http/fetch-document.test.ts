import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { DocumentError } from '../../src/base/http/document-error.ts'
import { documentFetcher, type FetchedDocument, type FetcherOptions } from '../../src/base/http/fetch-document.ts'
import { startDocumentServer, type Answer } from '../document-server.ts'
import type { TestContext } from '../harness.ts'

const sizeLimit = 1000
const impatient = { timeLimit: 300 }
const notPublic = /^it has no public address$/

function fetchLocally(url: string, options: Partial<FetcherOptions> = {}): Promise<FetchedDocument> {
  return documentFetcher({ allowLoopback: true, ...options })(url, sizeLimit)
}

/** A resolver that returns these addresses for every name, and records the names. */
function resolver(...addresses: readonly string[]) {
  const asked: string[] = []
  const resolve = async (hostname: string): Promise<readonly LookupAddress[]> => {
    asked.push(hostname)
    return addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return { asked, resolve }
}

async function assertNoDocument(fetching: Promise<FetchedDocument>, problem: RegExp, temporary: boolean): Promise<void> {
  const error = await fetching.then(() => assert.fail('there is a document'), (reason: unknown) => reason)
  assert.ok(error instanceof DocumentError, String(error))
  assert.match(error.message, problem)
  assert.equal(error.temporary, temporary)
}

describe('documentFetcher()', () => {
  it('returns the document', async t => {
    const documents = await startDocumentServer(t)
    const url = documents.put('/client.json', { a: 'ä' }, { 'cache-control': 'max-age=600' })
    assert.deepEqual(await fetchLocally(url), { contentType: 'application/json', lifetime: 600, body: '{"a":"ä"}' })
  })

  it('asks for JSON, identifies itself, and sends nothing else', async t => {
    const documents = await startDocumentServer(t)
    await fetchLocally(documents.put('/client.json', {}))
    assert.deepEqual(documents.headers, [{
      'accept': 'application/json', 'user-agent': 'mcp-authorization/0.1.0', 'host': `127.0.0.1:${documents.port}`, 'connection': 'close',
    }])
  })

  it('sends the query (RFC 3986 section 3.4)', async t => {
    const documents = await startDocumentServer(t)
    await fetchLocally(documents.put('/client.json?v=1', {}))
    assert.deepEqual(documents.requests, ['GET /client.json?v=1'])
  })

  describe('from a server that is slow', () => {
    it('waits no longer than the time limit for a response', async t => {
      const documents = await startDocumentServer(t)
      await assertNoDocument(fetchLocally(documents.put('/slow', () => {}), impatient), /^it did not answer within 0\.3 s$/, true)
    })

    it('waits no longer in total if the body arrives slowly', async t => {
      const documents = await startDocumentServer(t)
      await assertNoDocument(fetchLocally(documents.put('/drip', drip), impatient), /^it did not answer within 0\.3 s$/, true)
    })

    it('waits no longer if the headers arrive slowly', async t => {
      const url = await startSocketServer(t, socket => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const timer = setInterval(() => socket.write('X-Drip: 1\r\n'), 20)
        socket.on('close', () => clearInterval(timer))
      })
      await assertNoDocument(fetchLocally(url, impatient), /^it did not answer within 0\.3 s$/, true)
    })

    it('waits no longer if the lookup does not finish', async () => {
      const fetching = fetchLocally('http://slow.example/', { resolve: neverInTime, ...impatient })
      await assertNoDocument(fetching, /^it did not answer within 0\.3 s$/, true)
    })
  })

  describe('from a server that sends too much', () => {
    it('stops after the size limit', async t => {
      const documents = await startDocumentServer(t)
      const url = documents.put('/huge', (_incoming, outgoing) => {
        const timer = setInterval(() => outgoing.write('x'.repeat(100)), 1)
        outgoing.on('close', () => clearInterval(timer))
      })
      await assertNoDocument(fetchLocally(url), /^it is larger than 1000 bytes$/, false)
    })

    it('accepts a document of exactly the limit', async t => {
      const documents = await startDocumentServer(t)
      const { body } = await fetchLocally(documents.put('/large', (_incoming, outgoing) => outgoing.end('x'.repeat(sizeLimit))))
      assert.equal(body.length, sizeLimit)
    })

    it('stops reading endless headers', async t => {
      const url = await startSocketServer(t, socket => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const timer = setInterval(() => socket.write(`X-More: ${'x'.repeat(1000)}\r\n`), 1)
        socket.on('close', () => clearInterval(timer))
      })
      await assertNoDocument(fetchLocally(url), /^it cannot be reached \(HPE_HEADER_OVERFLOW\)$/, true)
    })
  })

  describe('from a server that sends something else', () => {
    for (const status of [301, 302, 303, 307, 308]) {
      it(`does not follow a ${status}`, async t => {
        const documents = await startDocumentServer(t)
        const there = documents.put('/there', {})
        const url = documents.put('/moved', (_incoming, outgoing) => outgoing.writeHead(status, { location: there }).end())
        await assertNoDocument(fetchLocally(url), new RegExp(`^it answered ${status} instead`), false)
        assert.deepEqual(documents.requests, ['GET /moved'])
      })
    }

    for (const status of [201, 204, 400, 404, 410, 429, 500, 503]) {
      const temporary = status === 429 || status >= 500
      it(`fails ${temporary ? 'temporarily' : 'permanently'} on ${status}`, async t => {
        const documents = await startDocumentServer(t)
        const url = documents.put('/error', (_incoming, outgoing) => outgoing.writeHead(status).end())
        await assertNoDocument(fetchLocally(url), new RegExp(`^it answered ${status} instead`), temporary)
      })
    }

    it('refuses bytes that are not UTF-8 (RFC 8259 section 8.1)', async t => {
      const documents = await startDocumentServer(t)
      const url = documents.put('/latin', (_incoming, outgoing) => outgoing.end(Buffer.from([0x22, 0xe4, 0x22])))
      await assertNoDocument(fetchLocally(url), /^it is not UTF-8$/, false)
    })

    it('refuses a body that is cut off', async t => {
      const documents = await startDocumentServer(t)
      const url = documents.put('/broken', (_incoming, outgoing) => {
        outgoing.writeHead(200, { 'content-length': 100 }).write('{', () => outgoing.destroy())
      })
      await assertNoDocument(fetchLocally(url), /^it cannot be reached \(ECONNRESET\)$/, true)
    })

    it('says that nothing listens', async () => {
      await assertNoDocument(fetchLocally('http://127.0.0.1:1/'), /^it cannot be reached \(ECONNREFUSED\)$/, true)
    })

    it('fails temporarily if the lookup fails', async () => {
      await assertNoDocument(fetchLocally('http://name.example/', { resolve: failing('EAI_AGAIN') }), /^it cannot be reached \(EAI_AGAIN\)$/, true)
    })
  })

  describe('if loopback is not allowed', () => {
    const literals = [
      'http://127.0.0.1/', 'http://127.0.0.1:8080/', 'http://127.1/', 'http://2130706433/', 'http://0x7f000001/', 'http://0177.0.0.1/',
      'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://[64:ff9b::7f00:1]/', 'http://[2002:7f00:1::]/', 'http://10.0.0.1/',
      'http://169.254.169.254/latest/meta-data/', 'http://0.0.0.0/', 'http://[::]/', 'http://[fe80::1]/', 'http://127.0.0.1./',
      'https://127.0.0.1/', 'https://[::1]/',
    ]
    for (const url of literals) {
      it(`sends no request to ${url}`, async () => {
        await assertNoDocument(fetchLocally(url, { allowLoopback: false }), notPublic, false)
      })
    }

    for (const address of ['127.0.0.1', '::1', '10.0.0.1', '169.254.169.254', '::ffff:127.0.0.1', '64:ff9b::a00:1', '0.0.0.0', 'fd00::1']) {
      it(`sends no request to a name that resolves to ${address}`, async t => {
        const documents = await startDocumentServer(t)
        const { resolve } = resolver(address)
        const fetching = fetchLocally(`http://name.example:${documents.port}/`, { allowLoopback: false, resolve })
        await assertNoDocument(fetching, notPublic, false)
        assert.deepEqual(documents.requests, [])
      })
    }

    it('sends no request to a name with one address that is not public', async t => {
      const documents = await startDocumentServer(t)
      const { resolve } = resolver('93.184.216.34', '127.0.0.1')
      const fetching = fetchLocally(`http://name.example:${documents.port}/`, { allowLoopback: false, resolve })
      await assertNoDocument(fetching, notPublic, false)
    })

    it('sends no request to localhost', async t => {
      const documents = await startDocumentServer(t)
      const fetching = fetchLocally(`http://localhost:${documents.port}/`, { allowLoopback: false })
      await assertNoDocument(fetching, notPublic, false)
      assert.deepEqual(documents.requests, [])
    })

    it('does not distinguish a name of its own network from one that does not exist', async () => {
      for (const resolve of [resolver('10.0.0.1').resolve, resolver().resolve, failing('ENOTFOUND')]) {
        await assertNoDocument(fetchLocally('http://name.example/', { allowLoopback: false, resolve }), notPublic, false)
      }
    })
  })

  it('allows loopback if it is allowed, but no other special address', async () => {
    await assertNoDocument(fetchLocally('http://name.example/', { resolve: resolver('10.0.0.1').resolve }), notPublic, false)
    await assertNoDocument(fetchLocally('http://192.168.0.1/'), notPublic, false)
  })

  it('connects to the address that it checked, so that DNS rebinding gains nothing', async t => {
    const documents = await startDocumentServer(t)
    documents.put('/client.json', {})
    const answers = ['127.0.0.1', '10.0.0.1', '169.254.169.254']
    const asked: string[] = []
    const resolve = async (hostname: string): Promise<readonly LookupAddress[]> => {
      asked.push(hostname)
      return [{ address: answers[asked.length - 1]!, family: 4 }]
    }
    await fetchLocally(`http://rebinding.example:${documents.port}/client.json`, { resolve })
    assert.deepEqual(asked, ['rebinding.example'])
    assert.deepEqual(documents.requests, ['GET /client.json'])
  })

  it('fetches a document once for concurrent requests', async t => {
    const documents = await startDocumentServer(t)
    const fetchDocument = documentFetcher({ allowLoopback: true })
    const url = documents.put('/client.json', {})
    await Promise.all(Array.from({ length: 20 }, () => fetchDocument(url, sizeLimit)))
    assert.equal(documents.requests.length, 1)
    await fetchDocument(url, sizeLimit)
    assert.equal(documents.requests.length, 2)
  })

  it('fetches at most 4 documents from one host at once, so that it cannot flood a victim', async t => {
    const documents = await startDocumentServer(t)
    const fetchDocument = documentFetcher({ allowLoopback: true, timeLimit: 300 })
    const held = Array.from({ length: 4 }, (_, i) => fetchDocument(documents.put(`/${i}`, () => {}), sizeLimit))
    await assertNoDocument(fetchDocument(documents.put('/5', {}), sizeLimit), /^too many documents/, true)
    await Promise.allSettled(held)
    await fetchDocument(`${documents.origin}/5`, sizeLimit)
  })

  it('fetches at most 64 documents at once', async () => {
    const fetchDocument = documentFetcher({ allowLoopback: false, timeLimit: 300, resolve: neverInTime })
    const held = Array.from({ length: 64 }, (_, i) => fetchDocument(`http://host-${i}.example/`, sizeLimit))
    await assertNoDocument(fetchDocument('http://one-more.example/', sizeLimit), /^too many documents/, true)
    await Promise.allSettled(held)
  })

  it('looks up at most 64 names at once, even after their requests have timed out', async () => {
    const fetchDocument = documentFetcher({ allowLoopback: false, timeLimit: 100, resolve: neverInTime })
    await Promise.allSettled(Array.from({ length: 64 }, (_, i) => fetchDocument(`http://host-${i}.example/`, sizeLimit)))
    await assertNoDocument(fetchDocument('http://one-more.example/', sizeLimit), /^too many names/, true)
  })
})

function failing(code: string): () => Promise<never> {
  return async () => { throw Object.assign(new Error('the lookup failed'), { code }) }
}

/** A lookup that ends long after its request has timed out. */
function neverInTime(): Promise<never> {
  return new Promise((_resolve, reject) => setTimeout(reject, 1000, new Error('too late')))
}

const drip: Answer = (_incoming, outgoing) => {
  const timer = setInterval(() => outgoing.write(' '), 20)
  outgoing.on('close', () => clearInterval(timer))
}

/** A server that sends only what `serve` writes. */
async function startSocketServer(t: TestContext, serve: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => {}))
    serve(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise<void>(resolve => {
    server.close(() => resolve())
    sockets.forEach(socket => socket.destroy())
  }))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
