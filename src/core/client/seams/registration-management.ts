/** Management of a dynamic registration. `client/extensions` implements this by RFC 7592; the core does without. */
import type { Trace } from '../../../base/client/trace.ts'
import type { Registration } from './storage.ts'

/** Asks the authorization server for a registration as it is now; undefined if the server has forgotten it. */
export type ConfirmRegistration = (stored: Registration, issuer: string, trace: Trace) => Promise<Registration | undefined>
