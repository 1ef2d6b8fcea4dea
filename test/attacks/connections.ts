/** Connections that a test holds, plain and over TLS. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as requestHttps } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Members, TestContext } from '../harness.ts'
import { cert, key } from './tls-fixture.ts'

/** Writes the files and returns the environment that names them. */
export async function tlsFiles(
  t: TestContext, files: Record<string, string> = { TLS_CERT_FILE: cert, TLS_KEY_FILE: key },
): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-authorization-'))
  t.after(() => rm(folder, { recursive: true }))
  const env: Record<string, string> = {}
  for (const [name, text] of Object.entries(files)) {
    env[name] = join(folder, name)
    await writeFile(env[name], text)
  }
  return env
}

export async function openConnection(port: number, text = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

/** GET over TLS, with the certificate of the tests as the only one that is trusted. */
export function getTls(port: number, path: string): Promise<{ status: number; headers: Members }> {
  return new Promise((resolve, reject) => {
    requestHttps({ host: '127.0.0.1', servername: 'localhost', port, path, ca: cert, agent: false, headers: { host: `localhost:${port}` } }, response => {
      response.resume().on('end', () => resolve({ status: response.statusCode!, headers: response.headers }))
    }).on('error', reject).end()
  })
}
