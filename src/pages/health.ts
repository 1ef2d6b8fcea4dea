/** `/health`: what watches over the server asks here. */
import type { Context } from '../core/context/context.ts'
import { json, type Reply, type Request } from '../base/http/message.ts'

/** Whether the server runs, and how full its store is. */
export async function health(_request: Request, { store, config }: Context): Promise<Reply> {
  return json(200, { status: 'ok', version: config.serverVersion, store: await store.counts() })
}
