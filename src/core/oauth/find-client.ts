/** Finds the client that a client_id identifies: a registered one, or one that a metadata document describes. */
import type { Client } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'

export async function findClient(client_id: string, context: Context): Promise<Client | undefined> {
  return isClientIdUrl(client_id) ? context.findDocumentedClient(client_id, context) : context.store.findClient(client_id)
}

/** Whether a client_id is the URL of a metadata document. This server itself issues client_ids in base64url. */
export function isClientIdUrl(client_id: string): boolean {
  return /^https?:\/\//i.test(client_id)
}
