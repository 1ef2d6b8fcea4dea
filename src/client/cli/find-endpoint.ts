/** Where the MCP server is, when the user names no more than the machine or nothing at all. */
import { Budget } from '../../core/client/wire/budget.ts'
import { looseJson, send } from '../../core/client/wire/http.ts'
import type { ClientStorage } from '../../core/client/storage.ts'
import { Trace } from '../../core/client/wire/trace.ts'

/** In milliseconds: how long a server on this machine has to say that it is one. */
const greetingTime = 3_000

/**
 * The MCP endpoint: the URL as it is, or `/mcp` below it where it has no path and nothing there takes a POST. Tokens
 * are not sent with this question.
 */
export async function findEndpoint(url: string, storage: ClientStorage, trace: Trace): Promise<string> {
  if (new URL(url).pathname !== '/') return url
  if ((await storage.read()).servers[`${url}/mcp`]) return `${url}/mcp`
  const { status } = await send({
    method: 'POST', url, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
  }, trace)
  return status === 404 || status === 405 ? `${url}/mcp` : url
}

/** Whether an MCP server that keeps to RFC 9728 answers there: a program of another kind may answer 200 to every path. */
export async function answersMcp(url: string): Promise<boolean> {
  try {
    const trace = new Trace({}, new Budget({ milliseconds: greetingTime, bytes: 64 * 1024 }))
    const response = await send({ method: 'GET', url: `${url}/.well-known/oauth-protected-resource` }, trace)
    return response.status === 200 && typeof looseJson(response)['resource'] === 'string'
  } catch {
    return false
  }
}
