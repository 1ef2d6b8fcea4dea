/** The keys that sign and verify tokens. */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { ConfigError } from './environment.ts'

/** The first key signs. The others are former keys, which still verify. */
export type JwtKeys = readonly [KeyObject, ...KeyObject[]]

/** With DEBUG, a missing secret is generated, so tokens do not survive a restart. */
export function readJwtKeys(secret: string | undefined, formerSecrets: readonly string[], debug: boolean): JwtKeys {
  if (!secret && !debug) {
    throw new ConfigError('JWT_SECRET_KEY', 'is missing: set it to at least 32 random bytes, for example '
      + 'JWT_SECRET_KEY=$(openssl rand -hex 32). With DEBUG=true, the server generates one at every start')
  }
  const current = secret ? readKey('JWT_SECRET_KEY', secret) : createSecretKey(randomBytes(32))
  return [current, ...formerSecrets.map(former => readKey('JWT_PREVIOUS_SECRET_KEYS', former))]
}

function readKey(variable: string, secret: string): KeyObject {
  // RFC 7518 section 3.2: the key must be at least as long as the hash, 256 bits.
  if (Buffer.byteLength(secret) < 32) throw new ConfigError(variable, 'is shorter than 32 bytes, the minimum for HS256')
  if (new Set(secret).size < 8) {
    throw new ConfigError(variable, 'is too repetitive: generate it randomly, for example with openssl rand -hex 32')
  }
  return createSecretKey(Buffer.from(secret))
}
