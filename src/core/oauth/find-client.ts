/** Who a client_id means: a client that registered here, or the one that a metadata document describes. */
import type { Context } from '../context/context.ts'
import type { Client } from '../../base/store/records.ts'
import { findDocumentedClient, isClientIdUrl } from '../../extensions/client-id-metadata-document.ts'

export async function findClient(client_id: string, context: Context): Promise<Client | undefined> {
  return isClientIdUrl(client_id) ? findDocumentedClient(client_id, context) : context.store.findClient(client_id)
}
