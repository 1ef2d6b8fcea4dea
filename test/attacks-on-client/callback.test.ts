/** Whoever else is on the machine, against the listener for the authorization response. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PendingAuthorization } from '../../src/core/client/authorization-request.ts'
import { CallbackListener } from '../../src/client/user-agent/callback-listener.ts'
import type { TestContext } from '../harness.ts'
import { attack } from '../attacks/attack.ts'

const right = '?code=the-code&state=the-state&iss=https%3A%2F%2Fauth.example.com'

async function waitAt(t: TestContext, host = '127.0.0.1'): Promise<{ listener: CallbackListener; response: Promise<URLSearchParams>; port: number }> {
  const listener = await CallbackListener.open(host, 0)
  t.after(() => listener.close())
  const pending: PendingAuthorization = {
    url: 'https://auth.example.com/authorize', redirect_uri: listener.redirect_uri, state: 'the-state', code_verifier: 'v',
    issuer: 'https://auth.example.com', issuerIsPromised: true,
  }
  return { listener, response: listener.receive(pending), port: Number(new URL(listener.redirect_uri).port) }
}

/** A connection that sends `text` and then nothing. */
function hang(t: TestContext, port: number, text = ''): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(text)
  t.after(async () => { socket.destroy() })
  return socket
}

/** Asserts that the right callback still gets through. */
async function assertRightArrives(listener: CallbackListener, response: Promise<URLSearchParams>): Promise<void> {
  assert.equal((await fetch(`${listener.redirect_uri}${right}`)).status, 200)
  assert.equal((await response).get('code'), 'the-code')
}

/** Asserts that the right callback gets through 300 connections that send `text`, and while some of them are still open. */
async function assertRightArrivesBeside(t: TestContext, text: string): Promise<void> {
  const { listener, response, port } = await waitAt(t)
  const sockets = Array.from({ length: 300 }, () => hang(t, port, text))
  await Promise.all(sockets.map(socket => socket.connecting ? once(socket, 'connect') : undefined))
  await assertRightArrives(listener, response)
  assert.ok(sockets.some(socket => !socket.destroyed), 'it need not wait for their end')
}

describe('The client: its callback listener', { concurrency: 4 }, () => {
  attack('opens 300 connections to the callback listener and says nothing', 'src/client/user-agent/callback-listener.ts: this.connections.size > maxConnections', async t => {
    await assertRightArrivesBeside(t, '')
  })

  attack('sends 300 requests to the callback listener whose head never ends', 'src/client/user-agent/callback-listener.ts: this.connections.size > maxConnections', async t => {
    await assertRightArrivesBeside(t, 'GET /callback?code=x HTTP/1.1\r\nHost: x\r\nX-A: ')
  })

  attack('sends 300 requests to the callback listener whose body never ends', 'src/client/user-agent/callback-listener.ts: this.connections.size > maxConnections', async t => {
    await assertRightArrivesBeside(t, 'POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n')
  })

  for (const [what, text] of [
    ['something other than HTTP', '\u0016\u0003\u0001\r\n\r\n'], ['a huge head', `GET /callback HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(60_000)}\r\n\r\n`],
    ['an absolute target', 'GET http://evil.example/callback?code=x HTTP/1.1\r\nHost: evil.example\r\n\r\n'], ['no target', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a target of slashes', 'GET //callback HTTP/1.1\r\nHost: x\r\n\r\n'], ['a POST with the right parameters', `POST /callback${right} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a HEAD with the right parameters', `HEAD /callback${right} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['an upgrade', 'GET /callback HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
  ] as const) {
    attack(`sends ${what} before the right callback`, 'src/client/user-agent/callback-listener.ts: !answers(response, this.pending)', async t => {
      const { listener, response, port } = await waitAt(t)
      hang(t, port, text)
      await sleep(50)
      await assertRightArrives(listener, response)
    })
  }

  attack('guesses the state of the callback 200 times', 'src/client/user-agent/callback-listener.ts: !answers(response, this.pending)', async t => {
    const { listener, response } = await waitAt(t)
    for (let i = 0; i < 200; i++) {
      assert.equal((await fetch(`${listener.redirect_uri}?code=forged&state=the-stat${i}&iss=https%3A%2F%2Fauth.example.com`)).status, 400)
    }
    await assertRightArrives(listener, response)
  })
})

describe('The callback listener', () => {

  attack('sends a callback from another machine', 'src/client/user-agent/callback-listener.ts: server.listen(port, address', async t => {
    const { port } = await waitAt(t)
    // Any address of this machine but the one that is listened at stands for another machine.
    const others = Object.values(networkInterfaces()).flat()
      .flatMap(address => address && !address.internal && address.family === 'IPv4' ? [address.address] : [])
    for (const address of ['127.0.0.2', ...others]) {
      const reached = await new Promise(resolve => {
        const socket = connect(port, address, () => { socket.destroy(); resolve(true) }).on('error', () => resolve(false))
        setTimeout(() => { socket.destroy(); resolve(false) }, 1000).unref()
      })
      assert.equal(reached, false, address)
    }
  })

  it('does not share the port of localhost with a program on the other address family', async t => {
    const other = createServer()
    const isThere = await new Promise(resolve => other.on('error', () => resolve(false)).listen(0, '::1', () => resolve(true)))
    if (!isThere) return t.skip('no IPv6 here')
    t.after(() => new Promise<void>(resolve => { other.close(() => resolve()) }))
    const { port } = other.address() as AddressInfo
    await assert.rejects(CallbackListener.open('localhost', port), { message: /is used by another program/ })
  })

  attack('sends a second callback after the right one', 'src/client/user-agent/callback-listener.ts: server.closeAllConnections()', async t => {
    const { listener, response, port } = await waitAt(t)
    await assertRightArrives(listener, response)
    const idle = hang(t, port)
    await new Promise(resolve => idle.once('connect', resolve))
    const closed = new Promise(resolve => idle.once('close', resolve).resume())
    await listener.close()
    await closed
    await assert.rejects(fetch(listener.redirect_uri))
  })

  attack('injects script into the page that a callback gets', 'src/base/ui/html.ts: escapeHtml(String(value))', async t => {
    const { listener } = await waitAt(t)
    const answer = await fetch(`${listener.redirect_uri}?state=the-state&iss=https%3A%2F%2Fauth.example.com&error=%3Cscript%3Ealert(1)%3C%2Fscript%3E&error_description=%22%3E%3Cimg%20src%3Dx%3E`)
    assert.doesNotMatch(await answer.text(), /<script>alert|<img/)
    assert.match(answer.headers.get('content-security-policy')!, /default-src 'none'/)
  })
})
