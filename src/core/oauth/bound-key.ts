/** The key that a code or a refresh token is bound to (RFC 9449 section 5 and section 10). */
import type { Client } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import type { Proof } from '../context/tokens.ts'
import { dpopKeyIsTheSame } from '../rules/token.ts'
import { isPublicClient } from './client-authentication.ts'

/** Checks that a bound code or refresh token is used with its key. */
export function checkBoundKey(bound: string | undefined, proof: Proof | undefined, context: Context): void {
  const jkt = proof?.jkt
  context.check(dpopKeyIsTheSame, bound === undefined || bound === jkt, jkt, bound)
}

/** The key to bind refresh tokens to. Only public clients need one: the others authenticate. */
export function refreshTokenKey(proof: Proof | undefined, client: Client): string | undefined {
  return isPublicClient(client) ? proof?.jkt : undefined
}
