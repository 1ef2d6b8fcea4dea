/** Who a client_id means: a client that registered here, or the one that a metadata document describes. */
import type { Client } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'

export async function findClient(client_id: string, context: Context): Promise<Client | undefined> {
  return isClientIdUrl(client_id) ? context.findDocumentedClient(client_id, context) : context.store.findClient(client_id)
}

/** Whether a client_id is the URL of a metadata document. Those that are registered here are random base64url. */
export function isClientIdUrl(client_id: string): boolean {
  return /^https?:\/\//i.test(client_id)
}
