/**
 * Guards outgoing requests against SSRF: a host name resolves only if all of its addresses are allowed. The connection then
 * uses the addresses checked here, so a name that resolves differently a moment later gains nothing (DNS rebinding).
 */
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { DocumentError } from './document-error.ts'

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** The same text for an unknown name as for a name of this network, so that nobody can find out which names exist here. */
export const notPublic = 'it has no public address'

/** A lookup cannot be cancelled, so one may still be running after its request has timed out. This limits them all. */
const maxLookups = 64

export function guardedLookup(isAllowed: (address: string) => boolean, resolve: Resolve = resolveBySystem): LookupFunction {
  let running = 0
  const lookUp = async (hostname: string): Promise<LookupAddress[]> => {
    if (running >= maxLookups) throw new DocumentError('too many names are being looked up: try again', { temporary: true })
    running++
    try {
      const addresses = await resolve(hostname).catch(noneIfUnknown)
      // One address that is not allowed is enough to show what the name is for.
      const allowed = addresses.length > 0 && addresses.every(({ address }) => isAllowed(address))
      if (!allowed) throw new DocumentError(notPublic)
      return [...addresses]
    } finally {
      running--
    }
  }
  return (hostname, { all }, callback) => {
    lookUp(hostname).then(
      addresses => all ? callback(null, addresses) : callback(null, addresses[0]!.address, addresses[0]!.family),
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    )
  }
}

function resolveBySystem(hostname: string): Promise<readonly LookupAddress[]> {
  return lookup(hostname, { all: true })
}

function noneIfUnknown(error: NodeJS.ErrnoException): readonly LookupAddress[] {
  if (error.code === 'ENOTFOUND') return []
  throw error
}
