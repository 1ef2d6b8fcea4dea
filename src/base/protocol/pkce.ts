/** Proof Key for Code Exchange, S256 (RFC 7636). */
import { constantTimeEqual, randomToken, sha256 } from './crypto.ts'

/** A new code_verifier: 32 random bytes, which are 43 characters (RFC 7636 section 4.1). */
export function createCodeVerifier(): string {
  return randomToken(32)
}

/** code_challenge = BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))     RFC 7636 section 4.2 */
export function codeChallengeS256(code_verifier: string): string {
  return sha256(code_verifier)
}

/** RFC 7636 section 4.6. */
export function verifyCodeVerifier(code_verifier: string, code_challenge: string): boolean {
  return constantTimeEqual(codeChallengeS256(code_verifier), code_challenge)
}

/** code-verifier = 43*128unreserved; unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"     RFC 7636 section 4.1 */
export function isCodeVerifier(text: string): boolean {
  return /^[A-Za-z0-9\-._~]{43,128}$/.test(text)
}

/** An S256 challenge is 32 bytes in base64url without padding: 43 characters. */
export function isCodeChallengeS256(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}
