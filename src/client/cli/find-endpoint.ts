/** Finds the MCP server if the user gives only a host, or nothing at all. */
import { Budget } from '../../base/client/budget.ts'
import { looseJson, send } from '../../base/client/http.ts'
import type { ClientStorage } from '../../core/client/seams/storage.ts'
import { Trace } from '../../base/client/trace.ts'

/** How long a server on this machine has to answer, in milliseconds. */
const probeTimeout = 3_000

/** Returns `url`, or `/mcp` below it if `url` has no path and does not accept a POST. The probe carries no token. */
export async function findEndpoint(url: string, storage: ClientStorage, trace: Trace): Promise<string> {
  if (new URL(url).pathname !== '/') return url
  if ((await storage.read()).servers[`${url}/mcp`]) return `${url}/mcp`
  const { status } = await send({
    method: 'POST', url, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
  }, trace)
  return status === 404 || status === 405 ? `${url}/mcp` : url
}

/** Whether the server at `url` serves protected resource metadata (RFC 9728). Status 200 alone can be any web server. */
export async function isMcpServer(url: string): Promise<boolean> {
  try {
    const trace = new Trace({}, new Budget({ milliseconds: probeTimeout, bytes: 64 * 1024 }))
    const response = await send({ method: 'GET', url: `${url}/.well-known/oauth-protected-resource` }, trace)
    return response.status === 200 && typeof looseJson(response)['resource'] === 'string'
  } catch {
    return false
  }
}
