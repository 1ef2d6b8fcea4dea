/**
 * Progress (MCP 2026-07-28 basic/patterns/progress): a client that sends a progressToken is notified of the progress of its
 * request. The first notification turns the reply into an event stream. Without one, the reply is the plain response.
 */
import type { JsonRpcMessage, JsonRpcRequest, JsonRpcResponse } from '../../base/protocol/json-rpc.ts'
import { isJsonObject } from '../../base/protocol/json.ts'
import type { Progress } from '../context/context.ts'

/** For a request without a progressToken, or a client that accepts no stream. */
export const ignoreProgress: Progress = () => {}

/**
 * Runs `answer` and returns its response or, if a notification precedes it, a stream of both. `answer` starts at once, not
 * when the stream is read, so a response or an error that comes first can still set the HTTP status.
 */
export async function withProgress(
  message: JsonRpcRequest, answer: (progress: Progress) => Promise<JsonRpcResponse>,
): Promise<JsonRpcResponse | AsyncIterable<JsonRpcMessage>> {
  const progressToken = tokenOf(message)
  if (progressToken === undefined) return answer(ignoreProgress)
  const queue: JsonRpcMessage[] = []
  let wake: (value?: unknown) => void = () => {}
  let latest = -Infinity
  const response = answer((progress, total, text) => {
    if (!(progress > latest)) return
    latest = progress
    const params = {
      progressToken,
      progress,
      ...(total === undefined ? {} : { total }),
      ...(text === undefined ? {} : { message: text }),
    }
    queue.push({ jsonrpc: '2.0', method: 'notifications/progress', params })
    wake()
  })
  const nextNotification = (): Promise<unknown> => new Promise(resolve => { wake = resolve })
  await Promise.race([response, queue.length > 0 ? undefined : nextNotification()])
  return queue.length === 0 ? response : messages(queue, response, nextNotification)
}

/** Yields the queued notifications as they come, then the response. */
async function* messages(
  queue: JsonRpcMessage[], response: Promise<JsonRpcResponse>, nextNotification: () => Promise<unknown>,
): AsyncGenerator<JsonRpcMessage> {
  let settled: JsonRpcResponse | undefined
  while (!settled) {
    while (queue.length > 0) yield queue.shift()!
    await Promise.race([response.then(value => { settled = value }), nextNotification()])
  }
  yield* queue
  yield settled
}

function tokenOf({ params }: JsonRpcRequest): string | number | undefined {
  const meta = params?.['_meta']
  const token = isJsonObject(meta) ? meta['progressToken'] : undefined
  return typeof token === 'string' || Number.isSafeInteger(token) ? token as string | number : undefined
}
