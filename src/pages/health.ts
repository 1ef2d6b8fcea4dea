/** `/health`: liveness and current usage, for monitoring. */
import type { Context } from '../core/context/context.ts'
import { json, type Reply, type Request } from '../base/http/message.ts'

export async function health(_request: Request, { store, config }: Context): Promise<Reply> {
  return json(200, { status: 'ok', version: config.serverVersion, store: await store.counts() })
}
