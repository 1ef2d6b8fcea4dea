/** private_key_jwt: the client authenticates with an assertion that it signs (RFC 7523 section 2.2). */
import type { KeyObject } from 'node:crypto'
import { ClientError, exitCodes } from '../../base/client/errors.ts'
import { randomToken } from '../../base/protocol/crypto.ts'
import type { AuthenticationMethod } from '../../core/client/seams/client-authentication.ts'
import { signJws } from './signing.ts'

/** Without a key, stored tokens of such a client cannot be refreshed, and the error says so. */
export function privateKeyJwt(key: KeyObject | undefined, now: () => number): AuthenticationMethod {
  return ({ client_id }, issuer) => {
    if (!key) {
      throw new ClientError(`the client ${client_id} authenticates with a private key, which is missing`, exitCodes.usage, {
        remedy: 'Pass it with --private-key.',
      })
    }
    return {
      parameters: {
        client_id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: clientAssertion(client_id, issuer, key, now()),
      },
    }
  }
}

/** A client assertion (RFC 7523 section 3). Its only audience is the issuer, so no other server can use it. */
export function clientAssertion(client_id: string, issuer: string, key: KeyObject, now: number): string {
  const iat = Math.floor(now)
  return signJws({ typ: 'JWT' }, { iss: client_id, sub: client_id, aud: issuer, jti: randomToken(), iat, exp: iat + 60 }, key)
}
