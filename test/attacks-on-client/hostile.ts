/** Peers that mean harm: an authorization server with changed answers, and sockets that a test answers by hand, or not at all. */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeHome, runClient, type Ended, type Home } from '../run-client.ts'
import type { TestContext } from '../harness.ts'
import {
  addOpenServer, startHonestPeer, startPeer, type AuthorizationServerChanges, type AuthorizationServerPeer,
  type McpServerChanges, type Method, type Peer,
} from '../peer.ts'

export interface RawPeer {
  readonly url: string
  readonly sockets: readonly Socket[]
}

/** Calls `answer` with each connection and the first bytes that come over it. */
export async function startRawPeer(t: TestContext, answer: (socket: Socket, head: string) => unknown): Promise<RawPeer> {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', data => void answer(socket, data.toString()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise<void>(resolve => {
    server.close(() => resolve())
    for (const socket of sockets) socket.destroy()
  }))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }
}

/** Writes `text` again and again for as long as the other side listens. */
export async function drip(socket: Socket, text: string, milliseconds: number): Promise<void> {
  while (!socket.destroyed) {
    if (!socket.write(text)) await Promise.race([new Promise(resolve => socket.once('drain', resolve)), sleep(1000)])
    await sleep(milliseconds)
  }
}

export const jsonHead = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n'
export const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'

/** Authorizes at a peer whose answers are changed. */
export async function authorizeAt(
  t: TestContext, changes: AuthorizationServerChanges & McpServerChanges, ...args: readonly string[]
): Promise<{ peer: Peer & AuthorizationServerPeer; home: Home; ended: Ended }> {
  const peer = await startHonestPeer(t, changes)
  const home = await makeHome(t)
  const ended = await runClient(t, home, ['--server-url', `${peer.url}/mcp`, '--authorize', ...args.length > 0 ? args : ['--headless']])
  return { peer, home, ended }
}

/** Runs a command against `<url>/mcp`. */
export async function run(t: TestContext, url: string, ...args: readonly string[]): Promise<Ended> {
  return runClient(t, await makeHome(t), ['--server-url', `${url}/mcp`, ...args])
}

/** Runs a command against a peer that asks for no token. */
export async function listAt(t: TestContext, methods: Readonly<Record<string, Method>>, ...args: readonly string[]): Promise<Ended> {
  const peer = await startPeer(t)
  addOpenServer(peer, methods)
  return run(t, peer.url, ...args.length > 0 ? args : ['--list-tools'])
}
