/** `subscriptions/listen` (MCP 2026-07-28 basic/patterns/subscriptions). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply } from '../base/http/message.ts'
import type { RequestId } from '../base/protocol/json-rpc.ts'
import { isJsonObject, type JsonObject } from '../base/protocol/json.ts'
import { metaKeys } from '../base/protocol/mcp.ts'
import type { Context } from '../core/context/context.ts'
import type { AccessToken } from '../core/context/tokens.ts'
import { serverInfo } from '../core/mcp/methods.ts'
import { event, eventStreamHeaders } from '../core/mcp/reply.ts'
import { paramsAreValid } from '../core/rules/mcp.ts'

const keepAliveInterval = 15_000

/**
 * Opens the stream. The lists of this server never change while it runs, so it acknowledges no subscription. The stream
 * stays silent until the client closes it, the server stops, or the token expires or is revoked.
 */
export function listen(id: RequestId, params: JsonObject, token: AccessToken, signal: AbortSignal, context: Context): Reply {
  context.check(paramsAreValid, isJsonObject(params['notifications']), 'notifications must be an object')
  return { status: 200, headers: eventStreamHeaders, body: stream(id, token, signal, context) }
}

async function* stream(id: RequestId, token: AccessToken, signal: AbortSignal, context: Context): AsyncGenerator<string> {
  const _meta = { [metaKeys.subscriptionId]: id }
  yield event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta, notifications: {} } })
  // The stream must not outlive the token that opened it.
  while (!signal.aborted && token.exp > context.now() && !await context.store.isRevoked(token)) {
    await sleep(keepAliveInterval, undefined, { signal }).catch(() => {})
    if (!signal.aborted) yield ': keep-alive\n\n'
  }
  const last = { ..._meta, [metaKeys.serverInfo]: serverInfo(context.config) }
  yield event({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: last } })
}
