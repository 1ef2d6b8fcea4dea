/** What there is to watch: a client that goes through everything, and one that fails. */
import assert from 'node:assert/strict'
import { createRequest } from './chromium.mjs'
import { assertToolsWork, Browser, defer, MemoryProvider, redirect_uri } from './harness.mjs'

/** The client of the official SDK: refused, registered, authorized, connected, three tools called. */
export async function runSdkClient(t, server, client_name = 'SDK client') {
  const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await import('@modelcontextprotocol/client')
  const authProvider = new MemoryProvider({ client_name })
  const open = () => new StreamableHTTPClientTransport(new URL(server.mcpUrl), { authProvider })
  const client = () => new Client({ name: 'interop', version: '1' })
  const transport = open()
  await assert.rejects(client().connect(transport), UnauthorizedError)
  await transport.finishAuth(await new Browser().visit(authProvider.visits.at(-1)))
  const connected = client()
  defer(t, () => connected.close())
  await connected.connect(open())
  await assertToolsWork(connected)
}

/** An authorization request with `localhost` in place of `127.0.0.1`: where its error leads. */
export async function fail(server) {
  const request = await createRequest(server, { redirect_uri })
  const { url } = request.again({ redirect_uri: redirect_uri.replace('127.0.0.1', 'localhost') })
  const { error_uri } = await (await fetch(url)).json()
  return error_uri
}
