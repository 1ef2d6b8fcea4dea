/**
 * Refresh tokens (OAuth 2.1 section 4.3). A token names its grant by a secret handle and says which generation it is, under
 * a MAC of the server. So a token that was rotated long ago is still recognized, and shows that it was stolen, although the
 * server keeps nothing about it.
 */
import { constantTimeEqual, hmacSha256 } from '../../base/protocol/crypto.ts'
import type { Config } from '../../base/config/config.ts'

interface RefreshTokenParts {
  /** 128 random bits. The store has only their SHA-256, so that it cannot make the token. */
  readonly handle: string
  /** 0 for the token of the grant, and one more with each rotation. */
  readonly generation: number
}

/** refresh-token = handle "." generation "." mac */
export function formatRefreshToken({ handle, generation }: RefreshTokenParts, { jwtKeys }: Config): string {
  const named = `${handle}.${generation}`
  return `${named}.${macOf(named, jwtKeys[0])}`
}

/** The parts of a refresh token that this server made, or undefined. */
export function parseRefreshToken(token: string, { jwtKeys }: Config): RefreshTokenParts | undefined {
  const [, named, handle, generation, mac] = /^(([\w-]{22})\.(\d{1,9}))\.([\w-]{43})$/.exec(token) ?? []
  if (named === undefined || !jwtKeys.some(key => constantTimeEqual(macOf(named, key), mac!))) return undefined
  return { handle: handle!, generation: Number(generation) }
}

function macOf(named: string, key: Config['jwtKeys'][0]): string {
  return hmacSha256(key, `refresh token ${named}`)
}
