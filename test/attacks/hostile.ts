/** Peers that speak no proper HTTP: sockets that a test answers by hand, or not at all. */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestContext } from '../harness.ts'

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
