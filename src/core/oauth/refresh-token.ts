/**
 * Refresh tokens (OAuth 2.1 section 4.3): a secret handle of the grant and a generation number, under a MAC of the server.
 * The server keeps no record of rotated tokens, but recognizes the reuse of every one of them, however old.
 */
import type { Config } from '../../base/config/config.ts'
import { constantTimeEqual, hmacSha256 } from '../../base/protocol/crypto.ts'

interface RefreshTokenParts {
  /** 128 random bits. The store has only their SHA-256, so a leak of the store reveals no token. */
  readonly handle: string
  /** 0 for the first token of the grant, incremented by each rotation. */
  readonly generation: number
}

/** refresh-token = handle "." generation "." mac */
export function formatRefreshToken({ handle, generation }: RefreshTokenParts, { jwtKeys }: Config): string {
  const payload = `${handle}.${generation}`
  return `${payload}.${macOf(payload, jwtKeys[0])}`
}

/** The parts of a refresh token, or undefined if this server did not issue it. */
export function parseRefreshToken(token: string, { jwtKeys }: Config): RefreshTokenParts | undefined {
  const [, payload, handle, generation, mac] = /^(([\w-]{22})\.(\d{1,9}))\.([\w-]{43})$/.exec(token) ?? []
  if (payload === undefined || !jwtKeys.some(key => constantTimeEqual(macOf(payload, key), mac!))) return undefined
  return { handle: handle!, generation: Number(generation) }
}

function macOf(payload: string, key: Config['jwtKeys'][0]): string {
  return hmacSha256(key, `refresh token ${payload}`)
}
