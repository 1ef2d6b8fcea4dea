/**
 * Password hashes: scrypt (RFC 7914) in a PHC string, which carries its parameters:
 *
 *     $scrypt$ln=15,r=8,p=3$<salt>$<hash>      both in base64 without padding; N is 2 to the power of ln
 *
 * Hashing is asynchronous, because one hash takes about 200 milliseconds.
 */
import { scrypt } from 'node:crypto'
import { constantTimeEqual, randomToken } from '../protocol/crypto.ts'

export interface PasswordHash extends Cost {
  readonly salt: Buffer
  /** In base64 without padding. */
  readonly hash: string
}

interface Cost {
  readonly ln: number
  readonly r: number
  readonly p: number
}

const cost: Cost = { ln: 15, r: 8, p: 3 }
const saltLength = 16
const hashLength = 32

/** With less work, guessing the passwords of a stolen file is too fast. With more memory, one sign-in attempt costs too much. */
const leastWork = 2 ** 17
const mostMemory = 2 ** 27

export async function hashPassword(password: string, parameters = cost): Promise<string> {
  const salt = Buffer.from(randomToken(saltLength), 'base64url')
  const { ln, r, p } = parameters
  return `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${await hashOf(password, { ...parameters, salt })}`
}

export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  return constantTimeEqual(await hashOf(password, expected), expected.hash)
}

/** A hash that matches no password. Verified for unknown users, so that they take as long as known ones. */
export function decoyFor({ ln, r, p }: Cost = cost): PasswordHash {
  return { ln, r, p, salt: Buffer.from(randomToken(saltLength), 'base64url'), hash: randomToken(hashLength) }
}

const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43})$/

/** Parses a hash that `hashPassword` made, or says why it cannot be used. */
export function parsePasswordHash(text: string): PasswordHash | { readonly problem: string } {
  const [, ln, r, p, salt, hash] = form.exec(text) ?? []
  if (hash === undefined) return { problem: 'is not a scrypt hash' }
  const parsed = { ln: Number(ln), r: Number(r), p: Number(p), salt: Buffer.from(salt!, 'base64'), hash }
  if (2 ** parsed.ln * parsed.r * parsed.p < leastWork) return { problem: 'is too weak' }
  if (128 * 2 ** parsed.ln * parsed.r > mostMemory || parsed.p > 16) return { problem: 'takes too much memory or time to verify' }
  return parsed
}

/** scrypt (RFC 7914 section 6) of the normalized password (RFC 8265 section 4.2.2). */
async function hashOf(password: string, { ln, r, p, salt }: Omit<PasswordHash, 'hash'>): Promise<string> {
  return base64(await scryptKey(password.normalize('NFC'), salt, { N: 2 ** ln, r, p }, hashLength))
}

export function scryptKey(
  password: string, salt: string | Buffer, { N, r, p }: { N: number; r: number; p: number }, length: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N, r, p, maxmem: 256 * r * (N + p) }, (error, key) => error ? reject(error) : resolve(key))
  })
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
