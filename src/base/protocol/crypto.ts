/** Randomness, hashes, and the comparison of secrets. Random values come from nowhere else. */
import { createHash, createHmac, randomFillSync, timingSafeEqual, type BinaryLike, type KeyObject } from 'node:crypto'

/** Drawing many random bytes at once is much cheaper. Each is used once. */
const pool = Buffer.alloc(4096)
let used = pool.length

/** Random bytes as base64url. 32 bytes are 256 bits, more than the 128 bits that RFC 6749 section 10.10 requires. */
export function randomToken(bytes = 32): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const end = used + bytes
  const token = pool.toString('base64url', used, end)
  pool.fill(0, used, end)
  used = end
  return token
}

/** SHA-256 of `text` as base64url. The store keeps it instead of a code, token or secret. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** HMAC-SHA256 of `text` under `key` as base64url (RFC 2104). */
export function hmacSha256(key: BinaryLike | KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

/** Whether two strings are equal. The time it takes depends only on their lengths, so it reveals nothing else. */
export function constantTimeEqual(left: string, right: string): boolean {
  const a = Buffer.from(left)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** A short hash to show instead of a secret. It identifies the secret in two places without revealing it. */
export function fingerprint(secret: string): string {
  return `sha256:${sha256(secret).slice(0, 10)}`
}

/**
 * Decodes canonical base64url, or returns undefined. `Buffer.from` alone ignores spaces, padding and invalid characters, so
 * many different texts would decode to the same bytes.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
