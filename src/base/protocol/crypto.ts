/** The only source of randomness, and the two comparisons that a secret may take part in. */
import { createHash, createHmac, randomFillSync, timingSafeEqual, type BinaryLike, type KeyObject } from 'node:crypto'

/** Random bytes are drawn many at a time, which is much cheaper, and each is used once. */
const pool = Buffer.alloc(4096)
let drawn = pool.length

/** `bytes` random bytes as base64url; 32 bytes are 256 bits, more than RFC 6749 section 10.10 asks (128). */
export function randomToken(bytes = 32): string {
  if (drawn + bytes > pool.length) {
    randomFillSync(pool)
    drawn = 0
  }
  const token = pool.toString('base64url', drawn, drawn + bytes)
  pool.fill(0, drawn, drawn += bytes)
  return token
}

/** SHA-256 of `text` as base64url: what is stored in place of a code, token or secret. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** HMAC-SHA256 of `text` under `key` as base64url (RFC 2104). */
export function hmacSha256(key: BinaryLike | KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

/** Whether two strings are equal, in a time that depends on their lengths alone. */
export function constantTimeEqual(left: string, right: string): boolean {
  const a = Buffer.from(left)
  const b = Buffer.from(right)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** A name for a secret that may be shown: two appearances can be matched, the secret cannot be found from it. */
export function fingerprint(secret: string): string {
  return `sha256:${sha256(secret).slice(0, 10)}`
}

/**
 * Decodes base64url strictly. `Buffer.from` skips blanks, padding and foreign characters, so that many texts give
 * the same bytes; here one text does, and undefined stands for every other.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
