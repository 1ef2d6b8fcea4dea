/**
 * Progress (MCP 2026-07-28 basic/patterns/progress): a client that sends a token with its request is told how far the
 * request is. The answer becomes an event stream with the first such notification, and without one stays what it was.
 */
import type { JsonRpcMessage, JsonRpcRequest, JsonRpcResponse } from '../../base/protocol/json-rpc.ts'
import { isJsonObject } from '../../base/protocol/json.ts'
import type { Progress } from '../context/context.ts'

/** Tells nobody: for a request without a token, and a client that reads no stream. */
export const silent: Progress = () => {}

/**
 * Runs `answer` and yields the notifications that it causes, then its response. It runs before anybody reads, so that
 * an answer that comes first, or an error, is known while the status of the reply is still open.
 */
export async function withProgress(
  message: JsonRpcRequest, answer: (progress: Progress) => Promise<JsonRpcResponse>,
): Promise<JsonRpcResponse | AsyncIterable<JsonRpcMessage>> {
  const progressToken = tokenOf(message)
  if (progressToken === undefined) return answer(silent)
  const waiting: JsonRpcMessage[] = []
  let heard: (value?: unknown) => void = () => {}
  let latest = -Infinity
  const answered = answer((progress, total, text) => {
    if (!(progress > latest)) return
    latest = progress
    const params = {
      progressToken,
      progress,
      ...(total === undefined ? {} : { total }),
      ...(text === undefined ? {} : { message: text }),
    }
    waiting.push({ jsonrpc: '2.0', method: 'notifications/progress', params })
    heard()
  })
  const nextNotification = (): Promise<unknown> => new Promise(resolve => { heard = resolve })
  await Promise.race([answered, waiting.length > 0 ? undefined : nextNotification()])
  return waiting.length === 0 ? answered : notifications(waiting, answered, nextNotification)
}

async function* notifications(
  waiting: JsonRpcMessage[], answered: Promise<JsonRpcResponse>, nextNotification: () => Promise<unknown>,
): AsyncGenerator<JsonRpcMessage> {
  let response: JsonRpcResponse | undefined
  while (!response) {
    yield* waiting.splice(0)
    await Promise.race([answered.then(arrived => { response = arrived }), nextNotification()])
  }
  yield* waiting.splice(0)
  yield response
}

function tokenOf({ params }: JsonRpcRequest): string | number | undefined {
  const meta = params?.['_meta']
  const token = isJsonObject(meta) ? meta['progressToken'] : undefined
  return typeof token === 'string' || Number.isSafeInteger(token) ? token as string | number : undefined
}
