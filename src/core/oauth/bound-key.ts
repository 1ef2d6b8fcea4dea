/** The key to which a code or a refresh token is bound (RFC 9449 section 5 and section 10). */
import type { Client } from '../../base/store/records.ts'
import type { Context } from '../context/context.ts'
import type { Proof } from '../context/tokens.ts'
import { dpopKeyIsTheSame } from '../rules/token.ts'
import { isPublicClient } from './client-authentication.ts'

/** Checks that a code or a refresh token that is bound to a key is used with that key. */
export function checkBoundKey(bound: string | undefined, proof: Proof | undefined, context: Context): void {
  const jkt = proof?.jkt
  context.check(dpopKeyIsTheSame, bound === undefined || bound === jkt, jkt, bound)
}

/** The key to bind refresh tokens to: that of a public client, since every other client authenticates. */
export function refreshTokenKey(proof: Proof | undefined, client: Client): string | undefined {
  return isPublicClient(client) ? proof?.jkt : undefined
}
